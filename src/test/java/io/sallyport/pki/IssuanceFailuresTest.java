package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Order;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.sql.DataSource;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Issuance whose database fails at each step: a trigger on the row of one device raises an error or ends the connection,
 * at the statement or at the commit.
 */
@QuarkusTest
class IssuanceFailuresTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("IssuanceFailures");
  private static final String PROFILE = "issuance-failures";
  private static final int NEIGHBORS = 4;

  /** Where the database fails. */
  enum Step {
    BEFORE_RECORD("before insert on issuance_prepared", "", false, false),
    BEFORE_THE_COMMIT_OF_THE_RECORD(
        "after insert on issuance_prepared", "deferrable initially deferred", false, false),
    CUT_BEFORE_RECORD("before insert on issuance_prepared", "", true, false),
    CUT_BEFORE_THE_COMMIT_OF_THE_RECORD(
        "after insert on issuance_prepared", "deferrable initially deferred", true, false),
    AFTER_SIGNATURE("before insert on credential", "", false, true),
    BEFORE_THE_LAST_COMMIT(
        "after insert on credential", "deferrable initially deferred", false, true),
    CUT_AFTER_SIGNATURE("before insert on credential", "", true, true),
    CUT_BEFORE_THE_LAST_COMMIT(
        "after insert on credential", "deferrable initially deferred", true, true);

    private final String event;
    private final String deferred;
    private final boolean cut;
    /** Whether a serial is there by then. */
    private final boolean recorded;

    Step(String event, String deferred, boolean cut, boolean recorded) {
      this.event = event;
      this.deferred = deferred;
      this.cut = cut;
      this.recorded = recorded;
    }
  }

  @Inject
  Issuance issuance;

  @Inject
  IssuanceStore store;

  @Inject
  Drafts drafts;

  @Inject
  SigningGates gates;

  @Inject
  Keys keys;

  @Inject
  UnfinishedSerials unfinished;

  @Inject
  Devices devices;

  @Inject
  CertificateProfiles profiles;

  @Inject
  DataSource database;

  @Inject
  Clock clock;

  private boolean registered;

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

  @ParameterizedTest
  @EnumSource
  void aFailureLosesNothingAndLeavesAnExplainedTrace(Step step) throws Exception {
    UUID device = device("F-" + step.ordinal());
    Order order = order(device);
    Guard claim = request -> devices.claimKey(
        devices.get(device).hardware().id(), order.subjectPublicKeyInfo().digest(), "ldevid");
    List<UUID> others = new ArrayList<>();
    for (int i = 0; i < NEIGHBORS; i++) {
      others.add(device("F-" + step.ordinal() + "-" + i));
    }

    List<Future<Credential>> neighbors = new ArrayList<>();
    breakFor(device, step);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Credential> broken = threads.submit(() -> issuance.issue(order, claim, Actor.SERVER));
      if (!step.cut) {
        others.forEach(other -> neighbors.add(
            threads.submit(() -> issuance.issue(order(other), Guard.NONE, Actor.SERVER))));
      }
      assertThrows(Exception.class, broken::get);
      for (Future<Credential> neighbor : neighbors) {
        Credential credential = neighbor.get();
        assertArrayEquals(
            credential.certificate().octets(),
            octets("certificate", credential.subject().id()));
      }
    } finally {
      repair();
    }

    assertEquals(step.recorded ? 1 : 0, count("issuance_prepared where subject_id = ?", device));
    assertEquals(0, count("credential where subject_id = ?", device));
    if (step.recorded) {
      Refusal refusal =
          assertThrows(Refusal.class, () -> issuance.issue(order, claim, Actor.SERVER));
      assertEquals(PkiProblem.IN_PROGRESS, refusal.problem());
      BigInteger lost = unfinished(device);
      unfinished.closeFromBefore(clock.instant());
      assertEquals(
          1, count("every_fact where kind = 'certificate.closed' and subject = ?", device));
      StatusClient status = new StatusClient(wire);
      assertInstanceOf(RevokedStatus.class, status.device(lost).getCertStatus());
      if (step == Step.AFTER_SIGNATURE) {
        status.crlWith("devices", lost);
      }
      assertNotEquals(lost, issuance.issue(order, claim, Actor.SERVER).serial());
    } else {
      assertEquals(0, claims(order));
      issuance.issue(order, claim, Actor.SERVER);
    }
    assertEquals(1, count("credential where thumbprint is not null and subject_id = ?", device));
    assertEquals(1, claims(order));
    assertEquals(1, count("every_fact where kind = 'certificate.issued' and subject = ?", device));
  }

  /** What a key's holder gives back instead of a signature. */
  enum Signer {
    FAILS {
      @Override
      byte[] sign(byte[] right) {
        throw new IllegalStateException("broken by a test");
      }
    },
    SIGNS_WRONGLY {
      @Override
      byte[] sign(byte[] right) {
        right[right.length - 1] ^= 1;
        return right;
      }
    },
    SIGNS_NOTHING {
      @Override
      byte[] sign(byte[] right) {
        return new byte[0];
      }
    };

    abstract byte[] sign(byte[] right);
  }

  @ParameterizedTest
  @EnumSource
  void aSignatureThatFailsIsNeverHandedOutAndItsSerialIsClosed(Signer signer) throws Exception {
    UUID device = device("S-" + signer.ordinal());
    Order order = order(device);
    Issuance broken = new RecordedIssuance(
        store, drafts, gates, new BrokenKeys(keys, signer), new SimpleMeterRegistry());

    assertThrows(IllegalStateException.class, () -> broken.issue(order, Guard.NONE, Actor.SERVER));
    assertEquals(0, count("credential where subject_id = ?", device));
    BigInteger lost = unfinished(device);
    unfinished.closeFromBefore(clock.instant());
    assertEquals(1, count("every_fact where kind = 'certificate.closed' and subject = ?", device));
    assertInstanceOf(RevokedStatus.class, new StatusClient(wire).device(lost).getCertStatus());

    assertNotEquals(lost, issuance.issue(order, Guard.NONE, Actor.SERVER).serial());
    assertEquals(1, count("credential where thumbprint is not null and subject_id = ?", device));
    assertEquals(1, count("every_fact where kind = 'certificate.issued' and subject = ?", device));
  }

  /** The server's keys, of which signatures go wrong. */
  private record BrokenKeys(Keys keys, Signer signer) implements Keys {
    @Override
    public byte[] sign(UUID id, byte[] data) {
      return signer.sign(keys.sign(id, data));
    }

    @Override
    public KeyHandle generate(KeyAlgorithm algorithm, String purpose) {
      return keys.generate(algorithm, purpose);
    }

    @Override
    public KeyHandle get(UUID id) {
      return keys.get(id);
    }

    @Override
    public List<KeyHandle> of(String purpose) {
      return keys.of(purpose);
    }

    @Override
    public TlsIdentity tlsIdentity(UUID key, List<X509Certificate> chain) {
      return keys.tlsIdentity(key, chain);
    }

    @Override
    public X509ExtendedKeyManager keyManager(Supplier<TlsIdentity> identity) {
      return keys.keyManager(identity);
    }

    @Override
    public byte[] seal(byte[] secret, String context) {
      return keys.seal(secret, context);
    }

    @Override
    public byte[] unseal(byte[] sealed, String context) {
      return keys.unseal(sealed, context);
    }
  }

  private UUID device(String serialNumber) {
    return UUID.fromString(wire.register(MAKER, serialNumber, PROFILE));
  }

  private Order order(UUID device) {
    return new Order(
        CertificateSubject.device(device),
        profiles.find(CertificateProfiles.DEVICE).orElseThrow(),
        Der.of(TestPki.key().getPublic().getEncoded()),
        Digest.of(device.toString().getBytes(StandardCharsets.UTF_8)),
        false,
        "serialNumber=" + device + ",CN=" + device,
        List.of());
  }

  private void breakFor(UUID device, Step step) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("""
          create function break_issuance() returns trigger language plpgsql as $$
          begin %s; return new; end $$""".formatted(
              step.cut
                  ? "perform pg_terminate_backend(pg_backend_pid())"
                  : "raise exception 'broken by a test'"));
      statement.execute(
          "create %s trigger break_issuance %s %s for each row when (new.subject_id = '%s')"
                  .formatted(
                      step.deferred.isEmpty() ? "" : "constraint",
                      step.event,
                      step.deferred,
                      device)
              + " execute function break_issuance()");
    }
  }

  private void repair() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("drop function break_issuance() cascade");
    }
  }

  private int count(String rows, UUID subject) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement("""
            with every_fact as (select kind, subject from fact union all select kind, subject from fact_waiting)
            select count(*) from """ + " " + rows)) {
      query.setString(1, subject.toString());
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private int claims(Order order) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query =
            connection.prepareStatement("select count(*) from key_digest where digest = ?")) {
      query.setBytes(1, order.subjectPublicKeyInfo().digest().octets());
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private BigInteger unfinished(UUID device) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(
            "select serial from issuance_prepared where subject_id = ?")) {
      query.setString(1, device.toString());
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return new BigInteger(row.getString(1), 16);
      }
    }
  }

  private byte[] octets(String column, String subject) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement("select " + column
            + " from credential join certificate_body on credential = id where subject_id = ?")) {
      query.setString(1, subject);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getBytes(1);
      }
    }
  }
}
