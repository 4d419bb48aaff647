package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Authorities.Authority;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The certification authorities of this server. */
@Path(Api.V1 + "/authorities")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class AuthoritiesResource {
  private final Authorities authorities;

  AuthoritiesResource(Authorities authorities) {
    this.authorities = authorities;
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listAuthorities", summary = "List the certification authorities")
  public Items<AuthorityView> list() {
    return new Items<>(authorities.list().stream().map(AuthorityView::of).toList(), null);
  }

  /** An authority, as people see it. */
  @Schema(name = "Authority")
  record AuthorityView(
      String name,

      @Schema(description = "The authority that certified it; its own name for a root.")
      String issuer,

      @Schema(description = "The distinguished name (RFC 4514).")
      String subject,

      @Schema(description = "SHA-256 over the DER certificate, in hex.")
      String thumbprint,

      Instant notBefore,
      Instant notAfter,
      String certificate) {
    static AuthorityView of(Authority authority) {
      X509Certificate certificate = read(authority);
      return new AuthorityView(
          authority.name(),
          authority.issuer(),
          certificate.getSubjectX500Principal().getName(),
          authority.certificate().digest().hex(),
          certificate.getNotBefore().toInstant(),
          certificate.getNotAfter().toInstant(),
          authority.certificate().pem("CERTIFICATE"));
    }

    private static X509Certificate read(Authority authority) {
      try {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(authority.certificate().octets()));
      } catch (CertificateException e) {
        throw new IllegalStateException(
            "the certificate of authority " + authority.name() + " is damaged", e);
      }
    }
  }
}
