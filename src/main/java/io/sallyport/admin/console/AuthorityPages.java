package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Authorities.Distrust;
import io.sallyport.pki.Authorities.Requested;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateProfiles.Origin;
import io.sallyport.pki.CertificateProfiles.ProfileDocument;
import io.sallyport.pki.CertificateStatus;
import io.sallyport.pki.CertificateStatus.Crl;
import io.sallyport.pki.CertificateStatus.Lists;
import io.sallyport.pki.KeyKind;
import io.sallyport.pki.PkiHealth;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
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
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The certification authorities of this server. */
@Path("/console/authorities")
@RunOnVirtualThread
class AuthorityPages {
  private final Authorities authorities;
  private final CertificateStatus status;
  private final CertificateProfiles profiles;
  private final PkiHealth health;
  private final Caller caller;
  private final Clock clock;

  AuthorityPages(
      Authorities authorities,
      CertificateStatus status,
      CertificateProfiles profiles,
      PkiHealth health,
      Caller caller,
      Clock clock) {
    this.authorities = authorities;
    this.status = status;
    this.profiles = profiles;
    this.health = health;
    this.caller = caller;
    this.clock = clock;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance authorities(
        List<View> authorities,
        List<Requested> waiting,
        Tag awaits,
        List<ProfileView> profiles,
        @Nullable HealthView health);
  }

  /** An authority. */
  record View(
      String name,
      Certificates.View certificate,
      List<String> chain,
      boolean keyHere,
      Tag validity,
      @Nullable String since,
      @Nullable Lists lists,
      @Nullable Tag listState) {}

  /** A certificate profile for devices. */
  record ProfileView(String name, String issuer, String validity, String keys, Tag origin) {
    static ProfileView of(ProfileDocument document) {
      CertificateProfile profile = document.profile();
      return new ProfileView(
          profile.name(),
          profile.authority(),
          profile.validity().toDays() > 0
              ? profile.validity().toDays() + " days"
              : profile.validity().toString(),
          profile.keys().isEmpty()
              ? "every acceptable kind"
              : profile.keys().stream()
                  .sorted()
                  .map(KeyKind::word)
                  .collect(Collectors.joining(", ")),
          document.origin() == Origin.READY
              ? new Tag("ready", "calm")
              : new Tag("applied", "blue"));
    }
  }

  /**
   * What {@link PkiHealth} found.
   *
   * @param findings those that are not good, the worst first
   */
  record HealthView(Tag worst, List<FindingView> findings, long good, int all) {
    static HealthView of(List<Finding> found) {
      List<Finding> bad = found.stream()
          .filter(finding -> finding.level() != Level.GOOD)
          .sorted(Comparator.comparing(Finding::level).reversed())
          .toList();
      return new HealthView(
          tag(bad.isEmpty() ? Level.GOOD : bad.getFirst().level()),
          bad.stream()
              .map(finding -> new FindingView(
                  finding.check(),
                  finding.subject(),
                  tag(finding.level()),
                  finding.finding(),
                  finding.advice()))
              .toList(),
          (long) found.size() - bad.size(),
          found.size());
    }

    private static Tag tag(Level level) {
      return new Tag(
          level.name().toLowerCase(Locale.ROOT),
          switch (level) {
            case GOOD -> "good";
            case ADVICE -> "blue";
            case WARNING -> "warn";
            case FAULT -> "bad";
          });
    }
  }

  /** One finding. */
  record FindingView(
      String check,
      String subject,
      Tag level,
      String finding,
      @Nullable String advice) {}

  @GET
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance list() {
    Instant now = clock.instant();
    Map<String, Lists> lists = status.lists();
    return Templates.authorities(
        authorities.list().stream()
            .map(authority -> view(authority, lists.get(authority.name()), now))
            .toList(),
        authorities.requested(),
        new Tag("waiting", "blue"),
        profiles.list().stream().map(ProfileView::of).toList(),
        // It counts over every site.
        caller.sites().isEmpty() ? HealthView.of(health.check()) : null);
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

  private View view(Authority authority, @Nullable Lists lists, Instant now) {
    X509Certificate certificate = Certificates.read(authority.certificate());
    return new View(
        authority.name(),
        Certificates.View.of(authority.certificate()),
        authorities.chain(authority.name()).stream()
            .map(Certificates::read)
            .map(link -> link.getSubjectX500Principal().getName())
            .toList(),
        authority.key() != null,
        validity(authority, certificate, now),
        since(authority),
        lists == null || lists.published() == 0 ? null : lists,
        lists == null || lists.firstEnd() == null ? null : state(lists, now));
  }

  private static Tag state(Lists lists, Instant now) {
    if (lists.published() < lists.shards()) {
      return new Tag(lists.shards() - lists.published() + " missing", "bad");
    }
    return now.isAfter(lists.firstEnd()) ? new Tag("overdue", "bad") : new Tag("current", "good");
  }

  private static Tag validity(Authority authority, X509Certificate certificate, Instant now) {
    if (authority.distrust() != null) {
      return new Tag("revoked", "bad");
    }
    if (now.isAfter(certificate.getNotAfter().toInstant())) {
      return new Tag("expired", "bad");
    }
    Instant from = authority.successorFrom();
    return from != null && !now.isBefore(from)
        ? new Tag("succeeded", "calm")
        : new Tag("valid", "good");
  }

  /** What became of it, in a sentence. */
  private static @Nullable String since(Authority authority) {
    Distrust distrust = authority.distrust();
    if (distrust != null) {
      return "Revoked at " + distrust.at()
          + (distrust.with().equals(authority.name()) ? "" : " with " + distrust.with())
          + ": nothing that it certified counts any more.";
    }
    return authority.successor() == null
        ? null
        : "From " + authority.successorFrom() + " on " + authority.successor()
            + " certifies in its place.";
  }

  private static Response file(String name, String pem) {
    return Response.ok(pem, "application/x-pem-file")
        .header("Content-Disposition", "attachment; filename=\"" + name + "\"")
        .build();
  }
}
