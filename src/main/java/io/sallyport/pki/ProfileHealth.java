package io.sallyport.pki;

import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.kernel.Page;
import io.sallyport.pki.CertificateProfiles.Origin;
import io.sallyport.pki.CertificateProfiles.ProfileDocument;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.jspecify.annotations.Nullable;

/** Whether certificate profiles promise more than they keep. */
@Singleton
final class ProfileHealth implements HealthCheck {
  /** Beyond it a certificate without a pointer to its status cannot be taken back in time. */
  private static final Duration LONGEST_WITHOUT_STATUS = Duration.ofDays(7);
  /** A key that leaked unnoticed serves its thief no longer. */
  private static final Duration LONGEST = Duration.ofDays(825);
  /** What browsers take from a server. */
  private static final Duration LONGEST_FOR_SERVERS = Duration.ofDays(398);
  /** NIST SP 800-131A: 112 bits of strength, as RSA-2048 has, are for use until the end of 2030. */
  private static final Instant END_OF_112_BITS = Instant.parse("2031-01-01T00:00:00Z");

  private final CertificateProfiles profiles;
  private final DeviceProfiles deviceProfiles;
  private final Authorities authorities;
  private final Clock clock;

  ProfileHealth(
      CertificateProfiles profiles,
      DeviceProfiles deviceProfiles,
      Authorities authorities,
      Clock clock) {
    this.profiles = profiles;
    this.deviceProfiles = deviceProfiles;
    this.authorities = authorities;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "certificate-profile";
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    for (ProfileDocument document : profiles.list()) {
      List<Finding> weak = weaknesses(document.profile());
      findings.addAll(weak);
      if (weak.isEmpty() && document.origin() == Origin.APPLIED) {
        findings.add(Finding.good(name(), document.profile().name(), "Nothing weak in it."));
      }
    }
    String cursor = null;
    do {
      Page<DeviceProfile> page = deviceProfiles.list(cursor, Page.MOST);
      page.items()
          .forEach(
              profile -> profile.certificateProfiles().stream()
                  .filter(name -> profiles.forDevices(name).isEmpty())
                  .forEach(
                      missing -> findings.add(
                          new Finding(
                              name(),
                              Level.WARNING,
                              missing,
                              "Device profile \"" + profile.name()
                                  + "\" allows it, and it is not there.",
                              "Apply it, or take it out of the device profile; devices that ask for it are refused."))));
      cursor = page.next();
    } while (cursor != null);
    if (findings.isEmpty()) {
      findings.add(Finding.good(name(), "all", "Only the ready ones are in use."));
    }
    return findings;
  }

  private List<Finding> weaknesses(CertificateProfile profile) {
    List<Finding> findings = new ArrayList<>();
    if (authorities.find(profile.authority()).isEmpty()) {
      findings.add(new Finding(
          name(),
          Level.FAULT,
          profile.name(),
          "Its issuer \"" + profile.authority() + "\" is not there.",
          "Nothing can be issued by it. Name another issuer."));
    }
    if (!profile.revocationPointers() && profile.validity().compareTo(LONGEST_WITHOUT_STATUS) > 0) {
      findings.add(new Finding(
          name(),
          Level.WARNING,
          profile.name(),
          "Its certificates last for " + days(profile) + " and do not say where their status is.",
          "Leave revocationPointers on, or make them as short as " + LONGEST_WITHOUT_STATUS.toDays()
              + " days."));
    }
    if (profile.validity().compareTo(LONGEST) > 0) {
      findings.add(new Finding(
          name(),
          Level.WARNING,
          profile.name(),
          "Its certificates last for " + days(profile) + ".",
          "Let devices renew at least every " + LONGEST.toDays() + " days."));
    } else if (profile.extendedKeyUsages().contains(KeyPurposeId.id_kp_serverAuth.getId())
        && profile.validity().compareTo(LONGEST_FOR_SERVERS) > 0) {
      findings.add(new Finding(
          name(),
          Level.ADVICE,
          profile.name(),
          "Its server certificates last for " + days(profile) + ".",
          "Browsers refuse servers whose certificate lasts longer than "
              + LONGEST_FOR_SERVERS.toDays() + " days."));
    }
    Finding short112 = ofRsa2048(profile);
    if (short112 != null) {
      findings.add(short112);
    }
    return findings;
  }

  private @Nullable Finding ofRsa2048(CertificateProfile profile) {
    boolean certified = profile.keys().isEmpty() || profile.keys().contains(KeyKind.RSA_2048);
    return certified && clock.instant().plus(profile.validity()).isAfter(END_OF_112_BITS)
        ? new Finding(
            name(),
            Level.ADVICE,
            profile.name(),
            "It certifies RSA keys of 2,048 bits beyond 2030 (NIST SP 800-131A).",
            "Name the keys: rsa-3072 or an elliptic curve.")
        : null;
  }

  private static String days(CertificateProfile profile) {
    return profile.validity().toDays() + " days";
  }
}
