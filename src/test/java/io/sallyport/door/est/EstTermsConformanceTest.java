package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Database;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a certificate profile says about credentials, renewal after expiry and predecessors, each under a label of its own. */
@QuarkusTest
class EstTermsConformanceTest extends EstServerTest {
  private static final String LATE = "est-terms-late";

  private boolean labelled;

  @BeforeEach
  void labels() {
    if (labelled) {
      return;
    }
    labelled = true;
    label("est-terms-both", "authentication: both");
    label("est-terms-token", "authentication: token");
    label("est-terms-certificate", "authentication: certificate");
    label(LATE, "renewal: {grace: PT1H}");
    label("est-terms-revoke", "renewal: {predecessor: revoke}");
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec:
          certificateProfiles:
            [device, est-terms-both, est-terms-token, est-terms-certificate, est-terms-late, est-terms-revoke]
        """.formatted(PROFILE));
  }

  @ParameterizedTest
  @CsvSource({
    "device,                false, true,  200",
    "device,                true,  false, 200",
    "device,                true,  true,  200",
    "est-terms-both,        true,  true,  200",
    "est-terms-both,        true,  false, 401",
    "est-terms-both,        false, true,  401",
    "est-terms-token,       false, true,  200",
    "est-terms-token,       true,  true,  200",
    "est-terms-token,       true,  false, 401",
    "est-terms-certificate, true,  false, 200",
    "est-terms-certificate, false, true,  401"
  })
  void aProfileSaysWhichCredentialsItWants(
      String label, boolean certificate, boolean token, int status) {
    Unit unit = unit();

    HttpResponse<byte[]> answer = wire.est(
        label + "/simpleenroll",
        certificate ? unit.idevid() : null,
        token ? token(unit) : null,
        TestPki.request(TestPki.key(), "", null));

    if (status == 200) {
      issued(answer);
    } else {
      assertRefused(status, answer);
      awaitRefusal(unit.id(), "enrollment.refused", "credentials-missing");
    }
    assertEquals(status == 200 ? 1 : 0, certificates(unit));
  }

  @Test
  void aTokenThatWasNotEnoughIsNotSpent() {
    Unit unit = unit();
    String token = token(unit);
    KeyPair keys = TestPki.key();
    byte[] request = TestPki.request(keys, "", null);
    assertRefused(401, wire.est("est-terms-both/simpleenroll", null, token, request));

    issued(wire.est("est-terms-both/simpleenroll", unit.idevid(), token, request));
  }

  @Test
  void aTokenOfAnotherDeviceBesideACertificateIsForbidden() {
    Unit unit = unit();

    assertRefused(
        403,
        wire.est(
            "est-terms-both/simpleenroll",
            unit.idevid(),
            token(unit()),
            TestPki.request(TestPki.key(), "", null)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"est-terms-both", "est-terms-token", "est-terms-certificate"})
  void aCertificateOfAnotherLabelIsNoneOfTheseCredentials(String label) {
    Unit unit = unit();
    Identity current = enrolled(unit, "device");

    assertRefused(403, renewal(label, current));
    awaitRefusal(unit.id(), "enrollment.refused", "certificate-profile-not-allowed");
    assertEquals(1, certificates(unit));
  }

  @Test
  void oneDeviceHasALiveCertificatePerLabel() {
    Unit unit = unit();
    Identity first = enrolled(unit, "device");
    Identity second = enrolled(unit, LATE);

    issued(renew(first, TestPki.key()));
    issued(renewal(LATE, second));

    assertEquals(4, certificates(unit));
  }

  @Test
  void withoutALabelWhatIsRenewedIsTheSame() {
    Unit unit = unit();
    Identity second = enrolled(unit, LATE);

    X509Certificate successor = issued(renew(second, TestPki.key()));

    assertEquals(LATE, profile(unit, successor));
  }

  @Test
  void withoutGraceAnExpiredCertificateRenewsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    expire(current.certificate(), Duration.ofSeconds(1));

    assertRefused(403, renew(current, TestPki.key()));
    assertEquals(1, certificates(unit));
  }

  @Test
  void withinTheGraceWindowAnExpiredCertificateRenewsItself() {
    Unit unit = unit();
    Identity current = enrolled(unit, LATE);
    expire(current.certificate(), Duration.ofMinutes(30));

    X509Certificate successor = issued(renewal(LATE, current));

    assertNotEquals(current.certificate().getSerialNumber(), successor.getSerialNumber());
    // It renews and does nothing else.
    assertEquals(
        403, send(current, "POST", "/attest/v1/challenges", new byte[0]).statusCode());
  }

  @Test
  void afterTheGraceWindowAnExpiredCertificateRenewsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit, LATE);
    expire(current.certificate(), Duration.ofMinutes(61));

    assertRefused(403, renewal(LATE, current));
    awaitRefusal(unit.id(), "enrollment.refused", "no-current-certificate");
  }

  @Test
  void theGraceWindowIsOfTheCertificateAndNotOfTheLabelAskedFor() {
    Unit unit = unit();
    Identity current = enrolled(unit, "device");
    expire(current.certificate(), Duration.ofMinutes(30));

    assertRefused(403, renewal(LATE, current));
  }

  @Test
  void aRevokedCertificateHasNoGraceWindow() {
    Unit unit = unit();
    Identity current = enrolled(unit, LATE);
    revoke(current.certificate());
    expire(current.certificate(), Duration.ofMinutes(30));

    assertRefused(403, renewal(LATE, current));
  }

  @Test
  void anAdministratorLetsAnExpiredCertificateRenewItself() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    expire(current.certificate(), Duration.ofDays(2));
    assertRefused(403, renew(current, TestPki.key()));

    JsonNode waiver = wire.admin(
        "POST",
        "/api/v1/devices/" + unit.id() + "/allow-renewal",
        Map.of("reason", "was in a store room", "lifetime", "PT1H"));
    assertEquals(unit.id(), waiver.get("device").asText());

    KeyPair keys = TestPki.key();
    X509Certificate successor = issued(renew(current, keys));
    // The successor's first use ends the predecessor, allowed or not.
    issued(renew(new Identity(keys, List.of(successor)), TestPki.key()));
    assertRefused(403, renew(current, TestPki.key()));
  }

  @Test
  void aWaiverRevivesNoRevokedCertificate() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    revoke(current.certificate());
    wire.admin(
        "POST", "/api/v1/devices/" + unit.id() + "/allow-renewal", Map.of("reason", "a test"));

    assertRefused(403, renew(current, TestPki.key()));
  }

  @Test
  void aPredecessorIsSupersededOrRevokedAsItsProfileSays() {
    for (String label : List.of("device", "est-terms-revoke")) {
      Unit unit = unit();
      Identity current = enrolled(unit, label);
      KeyPair keys = TestPki.key();
      X509Certificate successor = issued(renewal(label, current, keys));
      assertEquals("-", revocation(unit, current.certificate()), label);

      issued(renewal(label, new Identity(keys, List.of(successor))));

      assertEquals(
          label.equals("device") ? "-" : "superseded",
          revocation(unit, current.certificate()),
          label);
      assertEquals("-", revocation(unit, successor), label);
      assertRefused(403, renewal(label, current));
    }
  }

  private void label(String name, String terms) {
    wire.document("/api/v1/certificate-profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          validity: P90D
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {%s}
        """.formatted(name, terms));
  }

  private Identity enrolled(Unit unit, String label) {
    KeyPair keys = TestPki.key();
    return new Identity(
        keys,
        List.of(issued(wire.est(
            label + "/simpleenroll", unit.idevid(), null, TestPki.request(keys, "", null)))));
  }

  private HttpResponse<byte[]> renewal(String label, Identity current) {
    return renewal(label, current, TestPki.key());
  }

  private HttpResponse<byte[]> renewal(String label, Identity current, KeyPair keys) {
    return wire.est(label + "/simplereenroll", current, null, renewal(keys, current.certificate()));
  }

  /** Behind the server's back: a certificate lives five minutes at least. */
  private static void expire(X509Certificate certificate, Duration ago) {
    try (Connection connection = Database.connect();
        PreparedStatement end = connection.prepareStatement(
            "update credential set not_after = now() - interval '1 second' * ? where serial = ?")) {
      end.setLong(1, ago.toSeconds());
      end.setString(2, certificate.getSerialNumber().toString(16));
      assertEquals(1, end.executeUpdate());
      connection.commit();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private String profile(Unit unit, X509Certificate certificate) {
    return shown(unit, certificate).get("profile").asText();
  }

  /** The reason, or a hyphen while it is not revoked. */
  private String revocation(Unit unit, X509Certificate certificate) {
    @Nullable JsonNode reason = shown(unit, certificate).get("revocation_reason");
    return reason == null || reason.isNull() ? "-" : reason.asText();
  }

  private JsonNode shown(Unit unit, X509Certificate certificate) {
    String serial = certificate.getSerialNumber().toString(16);
    for (JsonNode one :
        wire.admin("GET", "/api/v1/devices/" + unit.id(), null).get("certificates")) {
      if (one.get("serial").asText().equals(serial)) {
        return one;
      }
    }
    throw new AssertionError("the inventory has no certificate " + serial);
  }
}
