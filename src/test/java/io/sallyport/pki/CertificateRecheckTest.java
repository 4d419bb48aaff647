package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.JobLease;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CertificateRecheck.Stored;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Order;
import io.sallyport.pki.PkiHealth.Level;
import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is stored is changed in every way that a check must find. */
@QuarkusTest
class CertificateRecheckTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("CertificateRecheck");
  private static final String PROFILE = "certificate-recheck";
  private static final String COLUMNS = """
      select id, authority, serial, subject_kind, subject_id, key_digest, tbs, certificate, thumbprint,
        not_before, not_after from credential join certificate_body on credential = id""";

  @Inject
  CertificateRecheck recheck;

  @Inject
  CertificateRounds rounds;

  @Inject
  RecheckedHealth health;

  @Inject
  Issuance issuance;

  @Inject
  CertificateProfiles profiles;

  @Inject
  DataSource database;

  private boolean registered;
  private int units;

  @BeforeEach
  void register() {
    if (!registered) {
      registered = true;
      wire.register(MAKER);
      wire.document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
    }
  }

  private Credential issued() {
    UUID device = UUID.fromString(wire.register(MAKER, "R-" + units++, PROFILE));
    return issuance.issue(
        new Order(
            CertificateSubject.device(device),
            profiles.find(CertificateProfiles.DEVICE).orElseThrow(),
            Der.of(TestPki.key().getPublic().getEncoded()),
            Digest.of(device.toString().getBytes(StandardCharsets.UTF_8)),
            false,
            "serialNumber=" + device + ",CN=" + device,
            List.of()),
        Guard.NONE,
        Actor.SERVER);
  }

  private Stored stored(Credential credential) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(COLUMNS + " where serial = ?")) {
      query.setString(1, credential.serial().toString(16));
      try (ResultSet row = query.executeQuery()) {
        assertTrue(row.next());
        return new Stored(
            row.getObject(1, UUID.class),
            row.getString(2),
            row.getString(3),
            new CertificateSubject(
                CertificateSubject.Kind.valueOf(row.getString(4)), row.getString(5)),
            Digest.ofOctets(row.getBytes(6)),
            row.getBytes(7),
            row.getBytes(8),
            row.getBytes(9),
            row.getObject(10, OffsetDateTime.class).toInstant(),
            row.getObject(11, OffsetDateTime.class).toInstant());
      }
    }
  }

  @Test
  void whatWasIssuedIsInOrder() throws SQLException {
    assertEquals(Optional.empty(), recheck.fault(stored(issued())));
  }

  @Test
  void everyColumnThatWasChangedIsFound() throws SQLException {
    Stored one = stored(issued());
    Stored other = stored(issued());
    assertFault("cannot be read", with(one, one.tbsCertificate(), new byte[] {0x30, 0x03}, true));
    assertFault("thumbprint", with(one, one.tbsCertificate(), other.certificate(), false));
    assertFault(
        "recorded before the signature",
        with(one, other.tbsCertificate(), one.certificate(), true));
    assertFault("serial number", with(one, other.tbsCertificate(), other.certificate(), true));
    assertFault(
        "public key",
        new Stored(
            one.id(),
            one.authority(),
            one.serial(),
            one.subject(),
            other.key(),
            one.tbsCertificate(),
            one.certificate(),
            one.thumbprint(),
            one.notBefore(),
            one.notAfter()));
    assertFault(
        "validity",
        new Stored(
            one.id(),
            one.authority(),
            one.serial(),
            one.subject(),
            one.key(),
            one.tbsCertificate(),
            one.certificate(),
            one.thumbprint(),
            one.notBefore(),
            one.notAfter().plusSeconds(86_400)));
    assertFault(
        "usage",
        new Stored(
            one.id(),
            one.authority(),
            one.serial(),
            new CertificateSubject(
                CertificateSubject.Kind.ATTESTATION_KEY, one.subject().id()),
            one.key(),
            one.tbsCertificate(),
            one.certificate(),
            one.thumbprint(),
            one.notBefore(),
            one.notAfter()));
  }

  @Test
  void aSignatureThatIsNotTheIssuersIsFound() throws SQLException {
    Stored one = stored(issued());
    byte[] forged = one.certificate().clone();
    // The last octet belongs to s of the signature.
    forged[forged.length - 1] ^= 1;
    assertFault("signature", with(one, one.tbsCertificate(), forged, true));
  }

  private static Stored with(
      Stored one, byte @Nullable [] tbs, byte[] certificate, boolean thumbprint) {
    return new Stored(
        one.id(),
        one.authority(),
        one.serial(),
        one.subject(),
        one.key(),
        tbs,
        certificate,
        thumbprint ? Digest.of(certificate).octets() : one.thumbprint(),
        one.notBefore(),
        one.notAfter());
  }

  private void assertFault(String part, Stored changed) {
    String fault = recheck.fault(changed).orElse("nothing");
    assertTrue(fault.contains(part), fault);
  }

  @Test
  void aRoundOpensAFindingAndALaterOneClosesIt() throws SQLException {
    Credential credential = issued();
    Stored whole = stored(credential);
    execute(
        "update credential set not_after = not_after + interval '1 day' where id = '%s'",
        whole.id());
    try {
      // Another round may be under way in this server: whoever is first.
      Patience.untilTrue("an open finding", () -> round(whole.id(), "closed_at is null"));
      assertEquals(Level.FAULT, health.look().getFirst().level());
    } finally {
      execute(
          "update credential set not_after = not_after - interval '1 day' where id = '%s'",
          whole.id());
    }
    Patience.untilTrue("a closed finding", () -> round(whole.id(), "closed_at is not null"));
    assertEquals(Optional.empty(), recheck.fault(stored(credential)));
    for (String kind : List.of("certificate.finding", "certificate.finding-closed")) {
      Patience.untilTrue(kind, () -> told(whole.subject().id(), kind));
    }
  }

  /** Facts are numbered a moment after their commit. */
  private boolean told(String subject, String kind) {
    JsonNode facts = wire.admin("GET", "/api/v1/audit/facts?limit=1000&subject=" + subject, null);
    return facts
        .get("items")
        .valueStream()
        .anyMatch(fact -> fact.get("kind").asText().equals(kind));
  }

  private boolean round(UUID credential, String condition) {
    try (JobLease lease = new JobLease(database, "certificate-recheck-test", "test")) {
      assertTrue(lease.take());
      rounds.begin(lease);
      do {
        rounds.step(lease);
      } while (!exists("certificate_check where ended_at is not null"));
      return exists("certificate_finding where credential = '" + credential + "' and " + condition);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean exists(String what) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement("select 1 from " + what);
        ResultSet row = query.executeQuery()) {
      return row.next();
    }
  }

  private void execute(String statement, UUID id) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement update = connection.prepareStatement(statement.formatted(id))) {
      assertEquals(1, update.executeUpdate());
    }
  }
}
