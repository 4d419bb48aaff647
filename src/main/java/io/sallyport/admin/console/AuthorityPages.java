package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.CertificateStatus;
import io.sallyport.pki.CertificateStatus.Crl;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The certification authorities of this server. */
@Path("/console/authorities")
@RunOnVirtualThread
class AuthorityPages {
  private final Authorities authorities;
  private final CertificateStatus status;
  private final Clock clock;

  AuthorityPages(Authorities authorities, CertificateStatus status, Clock clock) {
    this.authorities = authorities;
    this.status = status;
    this.clock = clock;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance authorities(List<View> authorities);
  }

  /** An authority. */
  record View(
      String name,
      Certificates.View certificate,
      List<String> chain,
      boolean keyHere,
      Tag validity,
      @Nullable Crl crl,
      @Nullable Tag crlState) {}

  @GET
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance list() {
    Instant now = clock.instant();
    return Templates.authorities(
        authorities.list().stream().map(authority -> view(authority, now)).toList());
  }

  @GET
  @Path("{name}/certificate.pem")
  @Requires(Right.READ)
  public Response certificate(@PathParam("name") String name) {
    return file(name + ".pem", authorities.get(name).certificate().pem("CERTIFICATE"));
  }

  @GET
  @Path("{name}/chain.pem")
  @Requires(Right.READ)
  public Response chain(@PathParam("name") String name) {
    return file(
        name + "-chain.pem",
        authorities.chain(authorities.get(name).name()).stream()
            .map(certificate -> certificate.pem("CERTIFICATE"))
            .collect(Collectors.joining()));
  }

  @GET
  @Path("{name}/list.crl")
  @Requires(Right.READ)
  public Response crl(@PathParam("name") String name) {
    Crl crl = status
        .crl(authorities.get(name).name(), 0)
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "This authority has not published a revocation list yet."));
    return Response.ok(crl.der().octets(), "application/pkix-crl")
        .header("Content-Disposition", "attachment; filename=\"" + name + ".crl\"")
        .build();
  }

  private View view(Authority authority, Instant now) {
    X509Certificate certificate = Certificates.read(authority.certificate());
    Crl crl = status.crl(authority.name(), 0).orElse(null);
    return new View(
        authority.name(),
        Certificates.View.of(authority.certificate()),
        authorities.chain(authority.name()).stream()
            .map(Certificates::read)
            .map(link -> link.getSubjectX500Principal().getName())
            .toList(),
        authority.key() != null,
        now.isAfter(certificate.getNotAfter().toInstant())
            ? new Tag("expired", "bad")
            : new Tag("valid", "good"),
        crl,
        crl == null
            ? null
            : now.isAfter(crl.nextUpdate())
                ? new Tag("overdue", "bad")
                : new Tag("current", "good"));
  }

  private static Response file(String name, String pem) {
    return Response.ok(pem, "application/x-pem-file")
        .header("Content-Disposition", "attachment; filename=\"" + name + "\"")
        .build();
  }
}
