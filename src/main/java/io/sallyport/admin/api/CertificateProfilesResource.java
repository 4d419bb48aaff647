package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Documents;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfile.Usage;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateProfiles.ProfileDocument;
import io.sallyport.pki.KeyKind;
import io.sallyport.pki.PkiProblem;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Certificate profiles for devices: the ready ones and those that were applied. */
@Path(Api.V1 + "/certificate-profiles")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificate-profiles")
class CertificateProfilesResource {
  private final CertificateProfiles profiles;
  private final Documents documents;
  private final Caller caller;

  CertificateProfilesResource(CertificateProfiles profiles, Documents documents, Caller caller) {
    this.profiles = profiles;
    this.documents = documents;
    this.caller = caller;
  }

  @PUT
  @Path("{name}")
  @Consumes(Api.YAML)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "applyCertificateProfile",
      summary = "Create or replace a certificate profile by its document")
  public CertificateProfileView apply(@PathParam("name") String name, @Nullable String yaml) {
    String document = Fields.body(yaml);
    return CertificateProfileView.of(new ProfileDocument(
        documents.applyCertificateProfile(name, document, caller.actor()),
        CertificateProfiles.Origin.APPLIED,
        document));
  }

  @DELETE
  @Path("{name}")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "removeCertificateProfile",
      summary = "Forget an applied certificate profile; a ready one of that name counts again")
  public void remove(@PathParam("name") String name) {
    profiles.remove(name, caller.actor());
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listCertificateProfiles",
      summary = "List certificate profiles, ready ones too")
  public Items<CertificateProfileView> list() {
    return new Items<>(profiles.list().stream().map(CertificateProfileView::of).toList(), null);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getCertificateProfile", summary = "One certificate profile")
  public CertificateProfileView get(@PathParam("name") String name) {
    return profiles.list().stream()
        .filter(document -> document.profile().name().equals(name))
        .findFirst()
        .map(CertificateProfileView::of)
        .orElseThrow(() -> new Refusal(
            PkiProblem.UNKNOWN_CERTIFICATE_PROFILE,
            "No certificate profile is named " + Fields.shown(name) + "."));
  }

  /** A certificate profile, as people see it. */
  @Schema(name = "CertificateProfile")
  record CertificateProfileView(
      String name,
      String issuer,
      @Schema(description = "An ISO 8601 duration.") String validity,
      @Schema(description = "An ISO 8601 duration.") String backdating,

      @Schema(description = "Kinds of key that are certified; empty for all that are acceptable.")
      List<String> keys,

      List<String> keyUsages,
      @Schema(description = "Dotted object identifiers.") List<String> extendedKeyUsages,

      @Schema(description = "Certificate policies, as dotted object identifiers.")
      List<String> policies,

      @Schema(enumeration = {"ready", "applied"}) String origin,
      @Schema(description = "The document in YAML.") String document) {
    static CertificateProfileView of(ProfileDocument document) {
      CertificateProfile profile = document.profile();
      return new CertificateProfileView(
          profile.name(),
          profile.authority(),
          profile.validity().toString(),
          profile.backdating().toString(),
          Stream.of(KeyKind.values())
              .filter(profile.keys()::contains)
              .map(KeyKind::word)
              .toList(),
          Stream.of(Usage.values())
              .filter(profile.keyUsages()::contains)
              .map(Usage::word)
              .toList(),
          profile.extendedKeyUsages(),
          profile.policies(),
          document.origin().name().toLowerCase(Locale.ROOT),
          document.yaml());
    }
  }
}
