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

  private final Authorities authorities;
  private final CertificateProfiles profiles;
  private final Clock clock;

  AuthorityHealth(Authorities authorities, CertificateProfiles profiles, Clock clock) {
    this.authorities = authorities;
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
      findings.add(end(authority));
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
    if (left.compareTo(longest) < 0) {
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
