package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Documents;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Device profiles. */
@Path(Api.V1 + "/profiles")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "profiles")
class ProfilesResource {
  private final DeviceProfiles profiles;
  private final Documents documents;
  private final Caller caller;

  ProfilesResource(DeviceProfiles profiles, Documents documents, Caller caller) {
    this.profiles = profiles;
    this.documents = documents;
    this.caller = caller;
  }

  @PUT
  @Path("{name}")
  @Consumes(Api.YAML)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "applyProfile",
      summary = "Create or replace a device profile by its document")
  public ProfileView apply(@PathParam("name") String name, @Nullable String yaml) {
    return ProfileView.of(documents.applyProfile(name, Fields.body(yaml), caller.actor()));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listProfiles", summary = "List device profiles")
  public Items<ProfileView> list(@BeanParam Paging paging) {
    return paging.of("profiles", profiles::list, ProfileView::of);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getProfile", summary = "One device profile")
  public ProfileView get(@PathParam("name") String name) {
    return profiles
        .find(name)
        .map(ProfileView::of)
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_PROFILE,
            "No device profile is named " + Fields.shown(name) + "."));
  }

  /** A device profile, as people see it. */
  @Schema(name = "DeviceProfile")
  record ProfileView(
      String name,
      List<String> certificateProfiles,

      @Schema(
          nullable = true,
          description =
              "The only policies that permit, or null for all that select the device; those that forbid apply to every device.")
      @Nullable
      List<String> policies,

      AttestationView attestation) {
    static ProfileView of(DeviceProfile profile) {
      Map<String, List<FirmwareView>> firmware = profile.firmware().entrySet().stream()
          .collect(Collectors.toMap(
              Map.Entry::getKey,
              entry -> entry.getValue().stream()
                  .map(reference -> new FirmwareView(reference.version(), reference.digest()))
                  .toList()));
      return new ProfileView(
          profile.name(),
          profile.certificateProfiles(),
          profile.policies(),
          new AttestationView(
              profile.appraisalValidity().toString(),
              profile.secureBoot(),
              firmware,
              pcrs(profile)));
    }
  }

  private static Map<String, Map<String, List<String>>> pcrs(DeviceProfile profile) {
    Map<String, Map<String, List<String>>> banks = new TreeMap<>();
    profile
        .pcrs()
        .banks()
        .forEach((bank, pcrs) -> pcrs.forEach((pcr, values) ->
            banks.computeIfAbsent(bank, any -> new LinkedHashMap<>()).put(pcr.toString(), values)));
    return banks;
  }

  /** What is expected of an attestation. */
  @Schema(name = "AttestationProfile")
  record AttestationView(
      @Schema(description = "An ISO 8601 duration.") String validity,
      boolean secureBoot,

      @Schema(description = "Reference values by firmware name.")
      Map<String, List<FirmwareView>> firmware,

      @Schema(
          description =
              "Reference values for a TPM: the values that each PCR may have, by bank and number.")
      Map<String, Map<String, List<String>>> pcrs) {}

  /** A firmware that is accepted. */
  @Schema(name = "FirmwareReference")
  record FirmwareView(String version, String digest) {}
}
