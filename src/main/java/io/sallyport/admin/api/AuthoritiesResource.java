package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.NameSubtree;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Authorities.Distrust;
import io.sallyport.pki.Authorities.Ended;
import io.sallyport.pki.Authorities.ImportedList;
import io.sallyport.pki.Authorities.Made;
import io.sallyport.pki.Authorities.Plan;
import io.sallyport.pki.Authorities.Report;
import io.sallyport.pki.RevocationReason;
import io.sallyport.pki.TrustBundles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** The certification authorities of this server. */
@Path(Api.V1 + "/authorities")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class AuthoritiesResource {
  private final Authorities authorities;
  private final TrustBundles bundles;
  private final Caller caller;
  private final Once once;

  AuthoritiesResource(Authorities authorities, TrustBundles bundles, Caller caller, Once once) {
    this.authorities = authorities;
    this.bundles = bundles;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listAuthorities", summary = "List the certification authorities")
  public Items<AuthorityView> list() {
    return new Items<>(
        Stream.concat(
                authorities.list().stream().map(AuthorityView::of),
                authorities.requested().stream().map(AuthorityView::of))
            .toList(),
        null);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getAuthority", summary = "One certification authority")
  public AuthorityView get(@PathParam("name") String name) {
    return authorities.requested().stream()
        .filter(waiting -> waiting.name().equals(name))
        .findFirst()
        .map(AuthorityView::of)
        .orElseGet(() -> AuthorityView.of(authorities.get(name)));
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "createAuthority",
      summary = "Make an authority with a key of its own",
      description =
          "Without an issuer it is a root. When the issuer's key is kept elsewhere, the answer carries the"
              + " request (PKCS #10) for its certificate. The same again is the same authority.")
  @ResponseStatus(201)
  @APIResponseSchema(
      value = AuthorityView.class,
      responseCode = "201",
      responseDescription = "Created")
  public AuthorityView create(@Nullable NewAuthority body) {
    NewAuthority given = Fields.body(body);
    String name = Fields.text("name", given.name());
    if (given.certificate() != null) {
      Der certificate = certificate(given.certificate());
      return once.apart(
          201, () -> AuthorityView.of(authorities.addRoot(name, certificate, caller.actor())));
    }
    String issuer = given.issuer() == null ? name : Fields.text("issuer", given.issuer());
    boolean root = issuer.equals(name);
    Plan plan = new Plan(
        name,
        issuer,
        Fields.text("subject", given.subject()),
        algorithm(given.key()),
        given.validity() == null
            ? null
            : Fields.duration("validity", given.validity(), Duration.ZERO),
        terms(given, root));
    return once.apart(201, () -> view(authorities.create(plan, caller.actor())));
  }

  @POST
  @Path("{name}/certificate")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "certifyAuthority",
      summary = "Hand in the certificate that an authority waits for")
  public AuthorityView certify(@PathParam("name") String name, @Nullable Certified body) {
    Der certificate = certificate(Fields.body(body).certificate());
    return once.apart(
        200, () -> AuthorityView.of(authorities.certify(name, certificate, caller.actor())));
  }

  @POST
  @Path("{name}/list")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "takeAuthorityList",
      summary = "Hand in the next revocation list of a root whose key is kept elsewhere")
  public ImportedList takeList(@PathParam("name") String name, @Nullable SignedList body) {
    Der list =
        Pem.one("list", "X509 CRL", Fields.required("list", Fields.body(body).list()));
    return once.apart(200, () -> authorities.takeList(name, list, caller.actor()));
  }

  @POST
  @Path("{name}/revoke")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "revokeAuthority",
      summary = "End an authority for good, with all that stands on it",
      description =
          "It signs nothing more but status. Nothing that it, or an authority below it, certified counts any"
              + " more, at any door, from this commit on. Idempotent: the first time and reason stay. How much has to"
              + " be certified anew is counted by GET report.")
  public EndedView revoke(@PathParam("name") String name, @Nullable RevokeAuthority body) {
    RevocationReason reason = Reasons.ofAuthority("reason", Fields.body(body).reason());
    return once.apart(200, () -> EndedView.of(authorities.revoke(name, reason, caller.actor())));
  }

  @POST
  @Path("{name}/successor")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "succeedAuthority",
      summary = "Have another authority certify in the place of this one from a moment on",
      description =
          "Both stand in the trust bundle from now on; the old one goes on telling the status of what it"
              + " certified. Roots certify each other.")
  public AuthorityView succeed(@PathParam("name") String name, @Nullable Successor body) {
    Successor given = Fields.body(body);
    String successor = Fields.text("successor", given.successor());
    return once.apart(
        200,
        () -> AuthorityView.of(authorities.succeed(name, successor, given.from(), caller.actor())));
  }

  @GET
  @Path("{name}/report")
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "getAuthorityReport",
      summary = "What stands on an authority: live certificates and whose they are, counted")
  public ReportView report(@PathParam("name") String name) {
    return ReportView.of(authorities.report(name), bundles.holders(name));
  }

  private static Der certificate(@Nullable String text) {
    return Pem.one("certificate", "CERTIFICATE", Fields.required("certificate", text));
  }

  private static AuthorityView view(Made made) {
    return switch (made) {
      case Made.Certified certified -> AuthorityView.of(certified.authority());
      case Made.Waiting waiting -> AuthorityView.of(waiting.requested());
    };
  }

  /** An issuing authority has none below it unless it is asked for; a root has any number. */
  private static CaTerms terms(NewAuthority given, boolean root) {
    Integer pathLength =
        given.pathLength() == null && !root ? Integer.valueOf(0) : given.pathLength();
    try {
      return new CaTerms(
          pathLength,
          subtrees("permitted", given.permitted()),
          subtrees("excluded", given.excluded()),
          texts("policies", given.policies()));
    } catch (IllegalArgumentException wrong) {
      throw new Refusal(CommonProblem.MALFORMED, String.valueOf(wrong.getMessage()));
    }
  }

  private static List<NameSubtree> subtrees(String field, @Nullable List<@Nullable String> given) {
    return texts(field, given).stream().map(NameSubtree::parse).toList();
  }

  private static List<String> texts(String field, @Nullable List<@Nullable String> given) {
    return given == null
        ? List.of()
        : given.stream().map(text -> Fields.text(field, text)).toList();
  }

  private static KeyAlgorithm algorithm(@Nullable String word) {
    if (word == null) {
      return KeyAlgorithm.EC_P256;
    }
    return Arrays.stream(KeyAlgorithm.values())
        .filter(algorithm -> word(algorithm).equals(word))
        .findFirst()
        .orElseThrow(() -> Fields.malformed(
            "key",
            "is none of "
                + Arrays.stream(KeyAlgorithm.values())
                    .map(AuthoritiesResource::word)
                    .collect(Collectors.joining(", "))));
  }

  private static String word(KeyAlgorithm algorithm) {
    return algorithm.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** An authority to be made. */
  @Schema(
      name = "NewAuthority",
      requiredProperties = {"name"})
  record NewAuthority(
      @Schema(
          description =
              "Lower-case letters, digits and hyphens. It becomes part of addresses in certificates and is never used again.")
      @Nullable
      String name,

      @Schema(description = "Who certifies it; without one it is a root.") @Nullable
      String issuer,

      @Schema(
          description =
              "The distinguished name, always but for a root that is kept elsewhere; its attributes in the order of the certificate: O=Plant,CN=Plant Devices 1.")
      @Nullable
      String subject,

      @Schema(
          enumeration = {
            "ec-p256",
            "ec-p384",
            "rsa-3072",
            "rsa-4096",
            "ed25519",
            "ml-dsa-44",
            "ml-dsa-65",
            "ml-dsa-87"
          },
          defaultValue = "ec-p256")
      @Nullable
      String key,

      @Schema(
          description =
              "ISO 8601, without months and years: P3650D. Without it 20 years for a root, 5 for others, and no longer than the issuer.")
      @Nullable
      String validity,

      @Schema(
          minimum = "0",
          maximum = "16",
          description =
              "How many authorities may follow it; without it none follows an issuing authority, any number a root.")
      @Nullable
      Integer pathLength,

      @Schema(
          description =
              "The only names of their kind that it may certify: dns:plant.example, uri:.plant.example, dn:O=Plant, ip:10.0.0.0/8.")
      @Nullable
      List<@Nullable String> permitted,

      @Schema(description = "Names that it may not certify, written the same way.") @Nullable
      List<@Nullable String> excluded,

      @Schema(description = "Certificate policies, as dotted object identifiers.") @Nullable
      List<@Nullable String> policies,

      @Schema(
          description =
              "In PEM, of a root whose key is kept elsewhere; then nothing but the name is needed.")
      @Nullable
      String certificate) {}

  /** Who follows. */
  @Schema(
      name = "AuthoritySuccessor",
      requiredProperties = {"successor"})
  record Successor(
      @Schema(description = "The name of a certified authority.") @Nullable
      String successor,

      @Schema(description = "From when on it certifies; without it from now on.") @Nullable
      Instant from) {}

  /** Why an authority ends. */
  @Schema(
      name = "RevokeAuthority",
      requiredProperties = {"reason"})
  record RevokeAuthority(
      @Schema(
          enumeration = {
            "unspecified",
            "ca-compromise",
            "affiliation-changed",
            "superseded",
            "cessation-of-operation"
          })
      @Nullable
      String reason) {}

  /** An authority that was revoked, as people see it. */
  @Schema(name = "RevokedAuthority")
  record EndedView(
      String name,

      @Schema(enumeration = {"active", "revoked"}) String status,

      @Schema(nullable = true) @Nullable Instant revokedAt,
      @Schema(nullable = true) @Nullable String revocationReason,

      @Schema(description = "Itself and all below it, which ended with it.")
      List<String> authorities,

      @Schema(nullable = true, description = "What has to be done elsewhere, or null.") @Nullable
      String toDo) {
    static EndedView of(Ended ended) {
      Distrust distrust = ended.authority().distrust();
      return new EndedView(
          ended.authority().name(),
          distrust == null ? "active" : "revoked",
          distrust == null ? null : distrust.at(),
          distrust == null ? null : Reasons.word(distrust.reason()),
          ended.authorities(),
          ended.toDo());
    }
  }

  /** What stands on an authority, as people see it. */
  @Schema(name = "AuthorityReport")
  record ReportView(
      String name,

      @Schema(enumeration = {"active", "revoked"}) String status,

      @Schema(nullable = true) @Nullable Instant revokedAt,
      @Schema(nullable = true) @Nullable String revocationReason,

      @Schema(description = "Itself and all below it.") List<String> authorities,

      @Schema(
          description = "Live certificates, were it not for the revocation, by kind of subject.")
      Map<String, Long> certificates,

      @Schema(description = "How many of a kind have at least one, for instance devices.")
      Map<String, Long> subjects,

      @Schema(
          description =
              "Devices that fetched its certificate with the last trust bundle that they fetched.")
      long trustedBy,

      @Schema(nullable = true, description = "What has to be done elsewhere, or null.") @Nullable
      String toDo) {
    static ReportView of(Report report, long trustedBy) {
      Distrust distrust = report.authority().distrust();
      return new ReportView(
          report.authority().name(),
          distrust == null ? "active" : "revoked",
          distrust == null ? null : distrust.at(),
          distrust == null ? null : Reasons.word(distrust.reason()),
          report.authorities(),
          report.certificates(),
          report.subjects(),
          trustedBy,
          report.toDo());
    }
  }

  /** What was signed elsewhere. */
  @Schema(
      name = "AuthorityCertificate",
      requiredProperties = {"certificate"})
  record Certified(
      @Schema(description = "In PEM.") @Nullable String certificate) {}

  /** A revocation list that was signed elsewhere. */
  @Schema(
      name = "AuthorityList",
      requiredProperties = {"list"})
  record SignedList(
      @Schema(description = "A whole list in PEM, under the label X509 CRL.") @Nullable
      String list) {}
}
