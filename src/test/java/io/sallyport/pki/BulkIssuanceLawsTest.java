package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.pki.BulkIssuance.BlockGuard;
import io.sallyport.pki.BulkIssuance.Outcome;
import io.sallyport.pki.BulkIssuance.Piece;
import io.sallyport.pki.Issuance.Order;
import io.sallyport.pki.IssuanceBlocks.Asked;
import io.sallyport.pki.IssuanceBlocks.Preparation;
import io.sallyport.pki.Prepared.Signed;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The laws of issuance, attacked from between the steps of a block. */
@QuarkusTest
class BulkIssuanceLawsTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BulkLaws");
  private static final String PROFILE = "bulk-laws";
  private static final UUID SCOPE = UUID.fromString("6f0f7c5e-19cd-4e1c-9f0a-2b9d1f4a7c11");

  private static final BlockGuard NONE = new BlockGuard() {
    @Override
    public Map<Integer, Refusal> prepare(UUID block, Map<Integer, Piece> asked) {
      return Map.of();
    }

    @Override
    public void issued(UUID block, Map<Integer, Credential> issued) {}
  };

  @Inject
  BulkIssuance bulk;

  @Inject
  IssuanceBlocks blocks;

  @Inject
  Drafts drafts;

  @Inject
  CertificateProfiles profiles;

  @Inject
  Devices devices;

  @Inject
  Keys keys;

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

  private UUID device() {
    return UUID.fromString(wire.register(MAKER, "B-" + units++, PROFILE));
  }

  private Piece piece(UUID device) {
    return piece(device, Der.of(TestPki.key().getPublic().getEncoded()));
  }

  private Piece piece(UUID device, Der key) {
    return new Piece(
        new Order(
            CertificateSubject.device(device),
            profiles.find(CertificateProfiles.DEVICE).orElseThrow(),
            key,
            Digest.of(device.toString().getBytes(StandardCharsets.UTF_8)),
            false,
            "serialNumber=" + device + ",CN=" + device,
            List.of()),
        List.of(new KeyClaim(devices.get(device).hardware().id(), key.digest(), "ldevid")));
  }

  private Preparation prepare(List<Piece> pieces) {
    Map<Integer, Asked> asked = new TreeMap<>();
    for (Piece piece : pieces) {
      asked.put(asked.size(), new Asked(drafts.of(piece.order()), piece));
    }
    return blocks.prepare(SCOPE, asked, NONE);
  }

  private Map<Integer, Signed> signed(Preparation block) {
    Map<Integer, Signed> signed = new TreeMap<>();
    block.prepared().forEach((index, prepared) -> signed.put(index, prepared.sign(keys)));
    return signed;
  }

  private Map<Integer, Outcome> finish(Preparation block, Map<Integer, Signed> signed) {
    return blocks.finish(block.id(), signed, NONE, Actor.SERVER);
  }

  private List<Piece> pieces(int count) {
    return IntStream.range(0, count).mapToObj(i -> piece(device())).toList();
  }

  private static Problem refused(Outcome outcome) {
    return assertInstanceOf(Outcome.Refused.class, outcome).refusal().problem();
  }

  private static Credential issued(Outcome outcome) {
    return assertInstanceOf(Outcome.Issued.class, outcome).credential();
  }

  @Test
  void everythingIsRecordedBeforeAnythingIsSignedAndIssuedAsRecorded() throws Exception {
    Preparation block = prepare(pieces(3));
    BigInteger serial = serial(block, 0);

    assertEquals(3, recorded(block.id()));
    Map<Integer, Outcome> outcomes = finish(block, signed(block));

    assertEquals(0, recorded(block.id()));
    for (int i = 0; i < 3; i++) {
      Credential credential = issued(Objects.requireNonNull(outcomes.get(i)));
      assertArrayEquals(
          Objects.requireNonNull(block.prepared().get(i)).tbsCertificate(),
          CertificateParts.tbs(credential.certificate()).getEncoded("DER"));
      assertEquals(1, count("state = 'ISSUED' and thumbprint is not null", credential.serial()));
    }
    assertEquals(serial, issued(Objects.requireNonNull(outcomes.get(0))).serial());
    assertThrows(
        IllegalStateException.class,
        () -> Objects.requireNonNull(block.prepared().get(0)).sign(keys),
        "at most once (law 1)");
  }

  @Test
  void whatACrashLeftIsClosedAndPublishedRevokedAndNotFinishedAnyMore() throws Exception {
    Preparation block = prepare(pieces(2));
    Map<Integer, Signed> late = signed(block);

    blocks.close(block.id());

    StatusClient status = new StatusClient(wire);
    for (int i = 0; i < 2; i++) {
      assertInstanceOf(RevokedStatus.class, status.device(serial(block, i)).getCertStatus());
    }
    status.crlWith("devices", serial(block, 0));
    Map<Integer, Outcome> outcomes = finish(block, late);
    assertEquals(PkiProblem.IN_PROGRESS, refused(Objects.requireNonNull(outcomes.get(0))));
    assertEquals(PkiProblem.IN_PROGRESS, refused(Objects.requireNonNull(outcomes.get(1))));
    assertEquals(1, count("state = 'REVOKED' and thumbprint is null", serial(block, 0)));
    assertEquals(1, count("state = 'REVOKED' and thumbprint is null", serial(block, 1)));
    blocks.close(block.id());
    assertEquals(1, count("true", serial(block, 0)), "closed once");
  }

  @Test
  void aFailureBetweenTheCommitsClosesTheSerialsAndTheRetryGetsNewOnes() throws Exception {
    List<Piece> pieces = pieces(2);
    String victim = pieces.getFirst().order().subject().id();
    breakFor(victim);
    try {
      assertThrows(RuntimeException.class, () -> bulk.issue(SCOPE, pieces, NONE, Actor.SERVER));
    } finally {
      repair();
    }

    assertEquals(1, ofDevice("state = 'REVOKED' and thumbprint is null", victim));
    assertEquals(0, ofDevice("state = 'ISSUED'", victim));
    bulk.issue(SCOPE, pieces, NONE, Actor.SERVER).forEach(BulkIssuanceLawsTest::issued);
    assertEquals(1, ofDevice("state = 'ISSUED'", victim));
  }

  @Test
  void aDeviceThatIsRevokedMeanwhileGetsNothingAndTheOthersDo() throws Exception {
    List<Piece> pieces = pieces(2);
    Preparation block = prepare(pieces);
    devices.suspend(
        UUID.fromString(pieces.getFirst().order().subject().id()), "stolen", Actor.SERVER);

    Map<Integer, Outcome> outcomes = finish(block, signed(block));

    assertEquals(PkiProblem.REVOKED_MEANWHILE, refused(Objects.requireNonNull(outcomes.get(0))));
    issued(Objects.requireNonNull(outcomes.get(1)));
    assertEquals(1, count("state = 'REVOKED' and thumbprint is not null", serial(block, 0)));
    assertInstanceOf(
        RevokedStatus.class, new StatusClient(wire).device(serial(block, 0)).getCertStatus());
  }

  @Test
  void oneKeyOnTwoUnitsIsCertifiedOnceAndTheOthersGetTheirs() {
    Der key = Der.of(TestPki.key().getPublic().getEncoded());
    List<Piece> pieces = List.of(piece(device(), key), piece(device()), piece(device(), key));

    List<Outcome> outcomes = bulk.issue(SCOPE, pieces, NONE, Actor.SERVER);

    issued(outcomes.get(1));
    long refused = outcomes.stream().filter(Outcome.Refused.class::isInstance).count();
    assertEquals(1, refused);
    assertEquals(DeviceProblem.DUPLICATE_KEY, refused(outcomes.get(2)));
    assertEquals(
        DeviceProblem.DUPLICATE_KEY,
        refused(
            bulk.issue(SCOPE, List.of(piece(device(), key)), NONE, Actor.SERVER).getFirst()));
  }

  @Test
  void blocksInParallelForTheSameDevicesDoNotWaitForEachOtherForEver() throws Exception {
    List<UUID> all = IntStream.range(0, 20).mapToObj(i -> device()).toList();
    Set<BigInteger> serials = new HashSet<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Outcome>>> asked = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        List<UUID> order = i % 2 == 0 ? all : all.reversed();
        asked.add(threads.submit(
            () -> bulk.issue(SCOPE, order.stream().map(this::piece).toList(), NONE, Actor.SERVER)));
      }
      for (Future<List<Outcome>> one : asked) {
        one.get().forEach(outcome -> serials.add(issued(outcome).serial()));
      }
    }
    assertEquals(80, serials.size());
  }

  @Test
  void aBlockIsUnderWayUntilItsLastCommit() {
    Preparation block = prepare(pieces(1));
    UUID other = UUID.randomUUID();

    assertEquals(Set.of(block.id()), bulk.underWay(List.of(block.id(), other)));
    assertTrue(bulk.isUnderWay(SCOPE));
    assertFalse(bulk.isUnderWay(other));
    finish(block, signed(block));
    assertEquals(Set.of(), bulk.underWay(List.of(block.id())));
    assertNotEquals(block.id(), other);
  }

  private static BigInteger serial(Preparation block, int index) {
    return Objects.requireNonNull(block.prepared().get(index)).draft().serial();
  }

  private int recorded(UUID block) throws SQLException {
    return number(
        "select coalesce(sum(cardinality(tbs)), 0) from issuance_block where id::text = ?",
        block.toString());
  }

  private int count(String where, BigInteger serial) throws SQLException {
    return number(
        "select count(*) from credential where " + where + " and serial = ?", serial.toString(16));
  }

  private int ofDevice(String where, String device) throws SQLException {
    return number("select count(*) from credential where " + where + " and subject_id = ?", device);
  }

  private int number(String sql, String parameter) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, parameter);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private void breakFor(String device) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("""
          create function break_block() returns trigger language plpgsql as $$
          begin raise exception 'broken by a test'; end $$""");
      statement.execute("""
          create constraint trigger break_block after insert on credential deferrable initially deferred
          for each row when (new.subject_id = '%s' and new.state = 'ISSUED')
          execute function break_block()""".formatted(device));
    }
  }

  private void repair() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("drop function break_block() cascade");
    }
  }
}
