package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.CheckpointDeliveries.Delivery;
import io.sallyport.keys.KeyInventory;
import io.sallyport.keys.MasterKeys;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import io.sallyport.testing.ServerTest;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Each check is made to find its fault, by another clock or by what it looks at. */
@QuarkusTest
class PkiHealthTest extends ServerTest {
  @Inject
  Authorities authorities;

  @Inject
  CertificateProfiles profiles;

  @Inject
  CrlStore crls;

  @Inject
  StatusSettings settings;

  @Inject
  EndingCertificates endings;

  @Inject
  Credentials credentials;

  @Inject
  DataSource database;

  @Inject
  Clock clock;

  @Test
  void anAuthorityThatEndsSoonerThanItsCertificatesCutsThemShort() {
    assertEquals(Level.GOOD, level(authority(0), "devices"));
    assertEquals(Level.ADVICE, level(authority(3650 * 4 / 5), "devices"));
    assertEquals(Level.WARNING, level(authority(3650 - 10), "devices"));
    assertEquals(Level.FAULT, level(authority(3650 + 10), "devices"));
    assertEquals(Level.FAULT, level(authority(20 * 365 + 10), "root"));
  }

  private List<Finding> authority(int days) {
    return new AuthorityHealth(authorities, crls, profiles, in(Duration.ofDays(days))).look();
  }

  @Inject
  KeyInventory keys;

  @Inject
  MasterKeys masterKeys;

  @Inject
  AuditLog log;

  @Test
  void keysInSoftwareAndAnOldMasterKeyCouldBeBetter() {
    List<Finding> now = new KeyHealth(authorities, keys, masterKeys, clock).look();
    Finding software = now.stream()
        .filter(finding -> finding.subject().equals("devices"))
        .findFirst()
        .orElseThrow();
    assertEquals(Level.ADVICE, software.level());
    assertTrue(software.finding().contains("sealed under the master key"), software.finding());
    String master = masterKeys.standing().keys().stream()
        .filter(MasterKeys.MasterKeyState::current)
        .findFirst()
        .orElseThrow()
        .id();
    assertEquals(Level.GOOD, level(now, "master key " + master));
    assertEquals(
        Level.ADVICE,
        level(
            new KeyHealth(authorities, keys, masterKeys, in(Duration.ofDays(400))).look(),
            "master key " + master));
  }

  @Test
  void whatPlacesOutsideComplainOfIsAFault() {
    Instant now = clock.instant();
    List<Finding> findings = new LogHealth(
            log,
            () -> List.of(
                new Delivery("file", "/kept/good", 7, now, null, null),
                new Delivery("file", "/kept/altered", 7, now, null, "It was altered."),
                new Delivery("store", "s3://slow", 7, now, now.minus(Duration.ofDays(1)), null),
                new Delivery("witness", "w+1+k", 7, now, now, null)),
            clock)
        .look();
    assertEquals(Level.GOOD, level(findings, "/kept/good"));
    assertEquals(Level.FAULT, level(findings, "/kept/altered"));
    assertEquals(Level.FAULT, level(findings, "s3://slow"));
    assertEquals(Level.GOOD, level(findings, "w+1+k"));
    assertEquals(Level.ADVICE, level(new LogHealth(log, List::of, clock).look(), "checkpoints"));
  }

  @Test
  void listsThatRanOutAreAFault() {
    assertEquals(Level.GOOD, StatusHealth.level(Duration.ofMinutes(44), Duration.ofHours(1)));
    assertEquals(Level.WARNING, StatusHealth.level(Duration.ofMinutes(46), Duration.ofHours(1)));
    assertEquals(Level.GOOD, level(status(Duration.ZERO), "devices"));
    assertEquals(Level.FAULT, level(status(settings.crlValidity().plusMinutes(1)), "devices"));
  }

  private List<Finding> status(Duration later) {
    return new StatusHealth(crls, settings, database, in(later)).look();
  }

  @Test
  void anAddressThatNobodyElseReachesIsAWarning() {
    assertEquals(Level.WARNING, level(status(Duration.ZERO), "address"));
  }

  @Test
  void aClockThatWasSetBackIsAFault() {
    assertEquals(Level.GOOD, new ClockHealth(database, clock).look().getFirst().level());
    assertEquals(
        Level.FAULT,
        new ClockHealth(database, in(Duration.ofHours(-1))).look().getFirst().level());
    assertEquals(
        Level.FAULT,
        new ClockHealth(database, in(Duration.ofHours(1))).look().getFirst().level());
    assertEquals(
        Level.WARNING,
        new ClockHealth(database, in(Duration.ofSeconds(10))).look().getFirst().level());
  }

  @Test
  void devicesThatDoNotRenewAreCounted() {
    wire.admin("GET", "/api/v1/authorities", null);
    List<Finding> later =
        new IssuedHealth(endings, credentials, database, in(Duration.ofDays(29))).look();

    assertTrue(
        later.stream()
            .anyMatch(
                finding -> finding.subject().equals("server") && finding.level() == Level.WARNING),
        later.toString());
  }

  @Test
  void weakAndMissingProfilesAreNamed() {
    wire.document("/api/v1/certificate-profiles/health-weak", """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: health-weak}
        spec:
          validity: P900D
          revocationPointers: false
          keys: [ec-p256]
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
        """);
    wire.document("/api/v1/profiles/health", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: health}
        spec: {certificateProfiles: [health-missing]}
        """);

    JsonNode health = wire.admin("GET", "/api/v1/pki/health", null);

    List<String> weak = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (JsonNode finding : health.get("findings")) {
      if (finding.get("subject").asText().equals("health-weak")) {
        weak.add(finding.get("level").asText());
      }
      if (finding.get("subject").asText().equals("health-missing")) {
        missing.add(finding.get("advice").asText());
      }
    }
    assertEquals(List.of("warning", "warning"), weak);
    assertEquals(1, missing.size());
  }

  @Test
  void aCheckThatCannotBeMadeIsAFaultAndHidesNoOther() {
    HealthCheck broken = new HealthCheck() {
      @Override
      public String name() {
        return "broken";
      }

      @Override
      public List<Finding> look() {
        throw new IllegalStateException("the test says so");
      }
    };

    List<Finding> findings =
        new HealthChecks(List.of(new ClockHealth(database, clock), broken)).check();

    assertEquals(
        List.of(Level.FAULT, Level.GOOD), findings.stream().map(Finding::level).toList());
    assertNull(findings.getLast().advice());
  }

  private Clock in(Duration later) {
    return Clock.offset(clock, later);
  }

  /** The worst about a subject. */
  private static Level level(List<Finding> findings, String subject) {
    return findings.stream()
        .filter(finding -> finding.subject().equals(subject))
        .map(Finding::level)
        .max(Level::compareTo)
        .orElseThrow();
  }
}
