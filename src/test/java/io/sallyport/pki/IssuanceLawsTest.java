package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedCommits.Spoiled;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Order;
import io.sallyport.pki.IssuanceStore.Asked;
import io.sallyport.pki.IssuanceStore.Completion;
import io.sallyport.pki.IssuanceStore.Finished;
import io.sallyport.pki.IssuanceStore.Preparation;
import io.sallyport.pki.Prepared.Signed;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Laws 1 and 2, attacked from between the steps of an issuance. */
@QuarkusTest
class IssuanceLawsTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("IssuanceLaws");
  private static final String PROFILE = "issuance-laws";

  @Inject
  IssuanceStore store;

  @Inject
  Drafts drafts;

  @Inject
  Issuance issuance;

  @Inject
  CertificateProfiles profiles;

  @Inject
  UnfinishedSerials unfinished;

  @Inject
  Keys keys;

  @Inject
  DataSource database;

  @Inject
  Clock clock;

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

  private UUID device() {
    return UUID.fromString(wire.register(MAKER, "L-" + units++, PROFILE));
  }

  private Order order(UUID device, boolean once) {
    return new Order(
        CertificateSubject.device(device),
        profiles.find(CertificateProfiles.DEVICE).orElseThrow(),
        Der.of(TestPki.key().getPublic().getEncoded()),
        Digest.of(device.toString().getBytes(StandardCharsets.UTF_8)),
        once,
        "serialNumber=" + device + ",CN=" + device,
        List.of());
  }

  private Preparation prepare(Order order, Guard guard) {
    try {
      return store.prepare(List.of(new Asked(drafts.of(order), guard))).getFirst();
    } catch (Spoiled spoiled) {
      throw spoiled.reason();
    }
  }

  private Prepared prepared(Order order) {
    return assertInstanceOf(Prepared.class, prepare(order, Guard.NONE));
  }

  private Completion finish(Signed signed) {
    return store.finish(List.of(new Finished(signed, Actor.SERVER))).getFirst();
  }

  private static BigInteger serial(Prepared prepared) {
    return TBSCertificate.getInstance(prepared.tbsCertificate())
        .getSerialNumber()
        .getValue();
  }

  @Test
  void whatWasIssuedIsOctetForOctetWhatWasRecorded() throws Exception {
    String serialNumber = "L-wire";
    wire.register(MAKER, serialNumber, PROFILE);

    X509Certificate certificate =
        wire.enroll(MAKER.idevid(serialNumber), TestPki.key(), serialNumber).certificate();

    List<byte[]> recorded =
        column("tbs", "serial", certificate.getSerialNumber().toString(16));
    assertEquals(1, recorded.size());
    assertArrayEquals(recorded.getFirst(), certificate.getTBSCertificate());
    List<byte[]> stored =
        column("certificate", "serial", certificate.getSerialNumber().toString(16));
    assertArrayEquals(stored.getFirst(), certificate.getEncoded());
  }

  @Test
  void theSerialIsRecordedBeforeAnythingIsSigned() throws Exception {
    Order order = order(device(), false);

    Prepared prepared = prepared(order);

    assertArrayEquals(recorded(serial(prepared)).getFirst(), prepared.tbsCertificate());
    // Known to the server, but nobody can hold a certificate yet: never good.
    assertInstanceOf(
        UnknownStatus.class, new StatusClient(wire).device(serial(prepared)).getCertStatus());
    finish(prepared.sign(keys));
    assertArrayEquals(
        prepared.tbsCertificate(),
        column("tbs", "serial", serial(prepared).toString(16)).getFirst(),
        "it stands beside the certificate");
    assertEquals(List.of(), recorded(serial(prepared)), "once");
  }

  @Test
  void anUnfinishedSerialIsClosedAndPublishedRevokedAndTheRetryGetsANewOne() {
    Order order = order(device(), true);
    Prepared left = prepared(order);
    BigInteger number = serial(left);

    assertTrue(unfinished.closeFromBefore(clock.instant()) >= 1);

    StatusClient status = new StatusClient(wire);
    assertInstanceOf(RevokedStatus.class, status.device(number).getCertStatus());
    status.crlWith("devices", number);
    Credential retried = issuance.issue(order, Guard.NONE, Actor.SERVER);
    assertNotEquals(number, retried.serial());
    assertEquals(
        retried.serial(), issuance.issue(order, Guard.NONE, Actor.SERVER).serial());
  }

  @Test
  void aSerialThatWasClosedIsNotFinishedAnyMore() throws Exception {
    Prepared late = prepared(order(device(), false));
    unfinished.closeFromBefore(clock.instant());

    assertInstanceOf(Completion.Closed.class, finish(late.sign(keys)));

    assertEquals(List.of(), column("certificate", "serial", serial(late).toString(16)));
  }

  @Test
  void aPreparedSerialIsFinishedOnce() {
    Signed signed = prepared(order(device(), false)).sign(keys);

    assertInstanceOf(Completion.Issued.class, finish(signed));

    assertInstanceOf(Completion.Closed.class, finish(signed));
  }

  @Test
  void aKeyThatStandsForADeviceStandsForNothingElse() {
    UUID device = device();
    Order order = order(device, false);
    issuance.issue(order, Guard.NONE, Actor.SERVER);
    Order other = new Order(
        CertificateSubject.attestationKey(device),
        CertificateProfiles.internal(CertificateProfiles.ATTESTATION_KEY),
        order.subjectPublicKeyInfo(),
        order.authentication(),
        false,
        order.distinguishedName(),
        List.of());

    Refusal refusal =
        assertThrows(Refusal.class, () -> issuance.issue(other, Guard.NONE, Actor.SERVER));

    assertEquals(PkiProblem.WEAK_KEY, refusal.problem());
  }

  @Test
  void whatWasPreparedIsSignedOnce() {
    Prepared prepared = prepared(order(device(), false));
    prepared.sign(keys);

    assertThrows(IllegalStateException.class, () -> prepared.sign(keys));
  }

  @Test
  void ofManyConcurrentOrdersTheBadOnesFailAloneAndTheOthersKeepTheLaws() throws Exception {
    record Outcome(
        UUID device,
        boolean good,
        @Nullable Credential credential,
        @Nullable Throwable failure) {}
    List<UUID> devices = Stream.generate(this::device).limit(60).toList();
    List<Callable<Outcome>> calls = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      UUID device = devices.get(i % devices.size());
      boolean good = i % 20 != 7;
      RuntimeException fault = i % 40 == 7
          ? new Refusal(PkiProblem.AUTHENTICATION_SPENT, "Test.")
          : new IllegalStateException("a guard that fails");
      Guard guard = request -> {
        if (!good) {
          throw fault;
        }
      };
      calls.add(() -> {
        try {
          return new Outcome(
              device, good, issuance.issue(order(device, false), guard, Actor.SERVER), null);
        } catch (RuntimeException failure) {
          return new Outcome(device, good, null, failure);
        }
      });
    }

    List<Outcome> outcomes = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Outcome> outcome : threads.invokeAll(calls)) {
        outcomes.add(outcome.get());
      }
    }

    assertEquals(
        List.of(),
        outcomes.stream()
            .filter(outcome -> outcome.good != (outcome.credential != null))
            .toList());
    for (UUID device : devices) {
      assertEquals(
          outcomes.stream().filter(one -> one.good && one.device.equals(device)).count(),
          column("certificate", "subject_id", device.toString()).size());
    }
  }

  @Test
  void theSameRequestWaitsWhileItIsAnswered() {
    Order order = order(device(), false);
    Prepared prepared = prepared(order);

    Refusal refusal = assertThrows(Refusal.class, () -> prepare(order, Guard.NONE));

    assertEquals(PkiProblem.IN_PROGRESS, refusal.problem());
    Completion.Issued issued =
        assertInstanceOf(Completion.Issued.class, finish(prepared.sign(keys)));
    Preparation.Retry retry = assertInstanceOf(Preparation.Retry.class, prepare(order, Guard.NONE));
    assertEquals(issued.credential(), retry.credential());
  }

  @Test
  void aGuardThatRefusesLeavesNothing() throws Exception {
    UUID device = device();
    Order order = order(device, false);

    assertThrows(
        Refusal.class,
        () -> prepare(order, request -> {
          throw new Refusal(PkiProblem.AUTHENTICATION_SPENT, "Test.");
        }));

    assertEquals(List.of(), column("tbs_certificate", "subject_id", device.toString()));
  }

  @Test
  void whatIsNotWhatWasRecordedIsNotPutTogether() {
    Prepared prepared = prepared(order(device(), false));
    Prepared other = prepared(order(device(), false));
    byte[] signature = keys.sign(other.issuerKey().id(), other.tbsCertificate());

    assertThrows(
        IllegalStateException.class,
        () -> CertificateParts.assemble(
            prepared.tbsCertificate(),
            prepared.issuerKey().algorithm(),
            signature,
            prepared.issuerKey().subjectPublicKeyInfo()));
  }

  @Test
  void aDeviceRevokedBetweenTheStepsGetsNothingAndTheSerialIsRevoked() {
    UUID device = device();
    Prepared prepared = prepared(order(device, false));
    wire.admin("POST", "/api/v1/devices/" + device + "/decommission", Map.of("reason", "test"));

    assertInstanceOf(Completion.RevokedMeanwhile.class, finish(prepared.sign(keys)));

    StatusClient status = new StatusClient(wire);
    assertInstanceOf(RevokedStatus.class, status.device(serial(prepared)).getCertStatus());
    status.crlWith("devices", serial(prepared));
  }

  @Test
  void fiftyEqualOrdersAtOnceMakeOneRow() throws Exception {
    UUID device = device();
    Order order = order(device, false);
    Callable<BigInteger> call =
        () -> issuance.issue(order, Guard.NONE, Actor.SERVER).serial();

    List<BigInteger> serials = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<BigInteger> serial :
          threads.invokeAll(Stream.generate(() -> call).limit(50).toList())) {
        serials.add(serial.get());
      }
    }

    assertEquals(1, serials.stream().distinct().count());
    assertEquals(1, column("thumbprint", "subject_id", device.toString()).size());
  }

  @Test
  void anExpiredCertificateRenewsNothing() throws SQLException {
    String serialNumber = "L-expired";
    wire.register(MAKER, serialNumber, PROFILE);
    Identity current = wire.enroll(MAKER.idevid(serialNumber), TestPki.key(), serialNumber);
    String serial = current.certificate().getSerialNumber().toString(16);
    try (Connection connection = database.getConnection();
        PreparedStatement update = connection.prepareStatement(
            "update credential set not_after = now() - interval '1 second' where serial = ?")) {
      update.setString(1, serial);
      assertEquals(1, update.executeUpdate());
    }

    assertEquals(
        403,
        wire.est(
                "simplereenroll",
                current,
                null,
                TestPki.request(
                    TestPki.key(),
                    current.certificate().getSubjectX500Principal().getName(),
                    null))
            .statusCode());
  }

  @Test
  void noCertificateOutlivesItsIssuer() {
    StatusClient status = new StatusClient(wire);
    Prepared prepared = prepared(order(device(), false));

    assertTrue(!TBSCertificate.getInstance(prepared.tbsCertificate())
        .getEndDate()
        .getDate()
        .after(status.authority("devices").getNotAfter()));
  }

  private List<byte[]> recorded(BigInteger serial) throws SQLException {
    return octets("select tbs from issuance_prepared where serial = ?", serial.toString(16));
  }

  private List<byte[]> column(String column, String key, String value) throws SQLException {
    return octets(
        "select " + column + " from credential left join certificate_body on credential = id where "
            + key + " = ? and " + column + " is not null",
        value);
  }

  private List<byte[]> octets(String sql, String value) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, value);
      List<byte[]> values = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          values.add(row.getBytes(1));
        }
      }
      return values;
    }
  }
}
