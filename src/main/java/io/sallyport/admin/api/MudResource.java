package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.MudFiles;
import io.sallyport.admin.MudFiles.Checked;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.MudUrls;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Policies;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.mud.MudExport;
import io.sallyport.policy.mud.MudPolicy;
import io.sallyport.policy.mud.MudPolicy.Terms;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Manufacturer Usage Descriptions (RFC 8520): to a policy, and from one. Nothing is applied here. */
@Path(Api.V1 + "/mud")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class MudResource {
  private static final String MUD = "application/mud+json";
  private static final Duration USUAL_TTL = Duration.ofMinutes(10);

  private final MudFiles files;
  private final Policies policies;
  private final Devices devices;
  private final Credentials credentials;
  private final DecisionPoint decisions;
  private final Caller caller;
  private final Clock clock;
  private final Once once;

  MudResource(
      MudFiles files,
      Policies policies,
      Devices devices,
      Credentials credentials,
      DecisionPoint decisions,
      Caller caller,
      Clock clock,
      Once once) {
    this.files = files;
    this.policies = policies;
    this.devices = devices;
    this.credentials = credentials;
    this.decisions = decisions;
    this.caller = caller;
    this.clock = clock;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "importMud",
      summary = "Make a policy document of a signed MUD file",
      description =
          "Of a file with its detached CMS signature, of one behind a URL, or of the one behind the URL in a device's"
              + " certificate. The document is checked and not applied.")
  public ImportedMud read(@Nullable MudImport body) {
    MudImport wanted = Fields.body(body);
    Terms terms = new Terms(
        Fields.text("name", wanted.name()),
        Fields.text("profile", wanted.profile()),
        wanted.mapping() == null ? Map.of() : wanted.mapping(),
        Fields.duration("ttl", wanted.ttl(), USUAL_TTL));
    return once.apart(200, () -> {
      Checked checked = checked(wanted);
      String document = MudPolicy.document(checked.file(), terms);
      policies.check(document);
      return new ImportedMud(
          checked.file().url(),
          checked.signer(),
          checked.file().lastUpdate(),
          checked.file().cacheValidity(),
          checked.file().supported(),
          checked.file().systemInfo(),
          document);
    });
  }

  private Checked checked(MudImport wanted) {
    if (wanted.file() != null) {
      return files.check(
          octets("file", wanted.file()),
          octets("signature", Fields.required("signature", wanted.signature())));
    }
    if (wanted.url() != null) {
      return files.fetch(Fields.text("url", wanted.url()));
    }
    Device device = devices.get(Fields.uuid("device", wanted.device()), caller.sites());
    return files.fetch(url(device));
  }

  /** The one in the newest live certificate that has one. */
  private String url(Device device) {
    Instant now = clock.instant();
    return credentials.of(CertificateSubject.device(device.id())).stream()
        .filter(one -> one.revocation() == null && one.supersededAt() == null && one.liveAt(now))
        .map(Credential::certificate)
        .flatMap(certificate -> MudUrls.of(certificate).stream())
        .findFirst()
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "No live certificate of this device has a MUD URL."));
  }

  private static byte[] octets(String field, String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw Fields.malformed(field, "is not base64");
    }
  }

  @GET
  @Path("export")
  @Produces(MUD)
  @Requires(Right.READ)
  @Operation(
      operationId = "exportMud",
      summary = "What policy permits a device now, as a MUD file",
      description = "Not signed: that is the act of who publishes it.")
  public String export(
      @QueryParam("device") @Nullable String device,
      @Parameter(description = "Where the file will be published, an https URL.")
          @QueryParam("url")
          @Nullable
          String url) {
    Device known = devices.get(Fields.uuid("device", device), caller.sites());
    String place = Fields.text("url", url);
    if (!place.startsWith("https://") || place.length() > 253) {
      throw Fields.malformed("url", "is not an https URL of at most 253 characters");
    }
    Verdict verdict = decisions
        .explain(known.id(), null)
        .map(Explanation::verdict)
        .orElseThrow(() -> new Refusal(
            CommonProblem.UNAVAILABLE, "Nothing can be said of this device at present."));
    return MudExport.file(
        place,
        known.hardware().manufacturer() + " " + known.hardware().model(),
        clock.instant(),
        verdict.flows());
  }

  /** What to read: a file and its signature, a URL, or a device. */
  @Schema(
      name = "MudImport",
      requiredProperties = {"name", "profile"})
  record MudImport(
      @Schema(description = "The MUD file in base64.") @Nullable
      String file,

      @Schema(description = "Its detached CMS signature, DER in base64.") @Nullable
      String signature,

      @Schema(description = "Instead: where it is fetched.") @Nullable
      String url,

      @Schema(description = "Instead: a device, for the URL in its certificate.") @Nullable
      String device,

      @Schema(description = "The name of the policy.") @Nullable
      String name,

      @Schema(description = "The profile that it is about.") @Nullable
      String profile,

      @Schema(
          description =
              "DNS names or prefixes for my-controller, controller:URI, local-networks, same-manufacturer,"
                  + " manufacturer:NAME and model:URI.")
      @Nullable
      Map<String, List<String>> mapping,

      @Schema(description = "The longest that a grant lives; PT10M unless said.") @Nullable
      String ttl) {}

  /** What was made. */
  @Schema(name = "ImportedMud")
  record ImportedMud(
      String url,

      @Schema(description = "Whose certificate signed it.") String signer,

      Instant lastUpdate,

      @Schema(description = "Hours for which it need not be fetched again.")
      int cacheValidity,

      @Schema(description = "Whether the manufacturer still supports the device.")
      boolean supported,

      String systemInfo,

      @Schema(description = "The policy document, checked and not applied.")
      String document) {}
}
