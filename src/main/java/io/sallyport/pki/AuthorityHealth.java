package io.sallyport.pki;

import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.CertificateProfiles.ProfileDocument;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x509.TBSCertificate;

/** Whether the authorities last, and where the root is. */
@Singleton
final class AuthorityHealth implements HealthCheck {
  /** Of an authority's life: what is left when a successor should be planned. */
  private static final int LAST_PART = 4;

  /** For a ceremony to be arranged. */
  private static final Duration LIST_LEFT = Duration.ofDays(14);

  private final Authorities authorities;
  private final CrlStore lists;
  private final CertificateProfiles profiles;
  private final Clock clock;

  AuthorityHealth(
      Authorities authorities, CrlStore lists, CertificateProfiles profiles, Clock clock) {
    this.authorities = authorities;
    this.lists = lists;
    this.profiles = profiles;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "authority";
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    for (Authority authority : authorities.list()) {
      if (authority.distrust() != null) {
        findings.add(Finding.good(
            name(),
            authority.name(),
            "It is revoked since " + authority.distrust().at() + " and certifies nothing."));
        continue;
      }
      findings.add(end(authority));
      if (authority.isRoot() && authority.key() == null) {
        findings.add(list(authority));
      }
      if (authority.name().equals(authority.issuer())) {
        findings.add(
            authority.key() == null
                ? Finding.good(name(), authority.name(), "The root's key is kept off this server.")
                : new Finding(
                    name(),
                    Level.ADVICE,
                    authority.name(),
                    "The root's key is on this server.",
                    "Whoever takes this server can make authorities. For a plant in earnest set up"
                        + " the root elsewhere (SALLYPORT_ROOT=offline before the first start)."));
      }
    }
    return findings;
  }

  /** Of a root that is kept elsewhere somebody has to sign the list again and again. */
  private Finding list(Authority root) {
    String advice =
        "Sign the next one where the root's key is kept (admin authority offline-list DIR), then hand it"
            + " in (admin authority import-list " + root.name() + ").";
    Instant end =
        lists.latest(root.name(), 0).map(CertificateStatus.Crl::nextUpdate).orElse(null);
    if (end == null) {
      return new Finding(
          name(),
          Level.ADVICE,
          root.name(),
          "It has no revocation list here, so nobody can learn that one of its authorities was revoked.",
          advice);
    }
    Duration left = Duration.between(clock.instant(), end);
    if (left.isNegative() || left.isZero()) {
      return new Finding(
          name(), Level.FAULT, root.name(), "Its revocation list ended on " + end + ".", advice);
    }
    return left.compareTo(LIST_LEFT) < 0
        ? new Finding(
            name(), Level.WARNING, root.name(), "Its revocation list ends on " + end + ".", advice)
        : Finding.good(name(), root.name(), "Its revocation list is good until " + end + ".");
  }

  private Finding end(Authority authority) {
    TBSCertificate tbs = CertificateParts.tbs(authority.certificate());
    Instant begin = tbs.getStartDate().getDate().toInstant();
    Instant end = tbs.getEndDate().getDate().toInstant();
    Duration left = Duration.between(clock.instant(), end);
    String until = "It ends on " + end + ", in " + Math.max(0, left.toDays()) + " days.";
    if (left.isNegative() || left.isZero()) {
      return new Finding(
          name(),
          Level.FAULT,
          authority.name(),
          "It ended on " + end + ".",
          "Nothing that it issued is valid any more. Make a new authority and enroll the devices"
              + " again.");
    }
    Duration longest = profiles.list().stream()
        .map(ProfileDocument::profile)
        .filter(profile -> profile.authority().equals(authority.name()))
        .map(CertificateProfile::validity)
        .max(Duration::compareTo)
        .orElse(Duration.ZERO);
    if (left.compareTo(longest) < 0 && authority.successor() == null) {
      return new Finding(
          name(),
          Level.WARNING,
          authority.name(),
          until + " Certificates of up to " + longest.toDays()
              + " days are cut short, because none outlives its issuer.",
          "Bring its successor into use now.");
    }
    if (left.compareTo(Duration.between(begin, end).dividedBy(LAST_PART)) < 0) {
      return new Finding(
          name(),
          Level.ADVICE,
          authority.name(),
          until,
          "Plan its successor: devices need both in their trust bundle before it ends.");
    }
    return Finding.good(name(), authority.name(), until);
  }
}
