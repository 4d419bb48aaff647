package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerdict.Fault;
import io.sallyport.cli.LogVerdict.Finding;
import io.sallyport.cli.LogVerifier.Checkpoint;
import io.sallyport.cli.ShownFact;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.testing.Database;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServedLog;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Law 8 over the wire: what becomes a fact and what does not, its number, and what a check of the log finds. */
@QuarkusTest
class AuditWireTest extends ServerTest {
  private static final int CHANGES = 200;
  private static final int AT_ONCE = 16;

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  private long sealed;

  @Inject
  LogSigner signer;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "audit");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void everyChangeIsAFactWithItsActor() {
    Unit camera = plant.registered("L-1");
    plant
        .person("POST", "/api/v1/enrollment-tokens", Map.of("device", camera.id()))
        .expect(201);
    camera.enroll();
    camera.attest(Plant.GOOD).expect(200);
    camera.token().expect(200);
    for (String act : List.of("quarantine", "release", "suspend", "release", "decommission")) {
      camera.become(act).expect(200);
    }

    plant.fact(camera.id(), "certificate.revoked");
    List<String> kinds = plant.facts(camera.id()).stream()
        .map(fact -> fact.get("kind").asText() + " by "
            + fact.get("actor").asText().replace(camera.id(), "itself"))
        .toList();

    List<String> wanted = List.of(
        "device.registered by operator:admin",
        "token.created by operator:admin",
        "certificate.issued by device:itself",
        "device.activated by device:itself",
        "certificate.first-used by server:server",
        "device.appraised by device:itself",
        "device.quarantined by operator:admin",
        "device.released by operator:admin",
        "device.suspended by operator:admin",
        "device.decommissioned by operator:admin",
        "certificate.revoked by operator:admin");
    wanted.forEach(fact -> assertTrue(kinds.contains(fact), fact + " is not among " + kinds));
    assertTrue(kinds.indexOf("device.registered by operator:admin")
        < kinds.indexOf("certificate.issued by device:itself"));
    assertEquals(
        "a test",
        plant.fact(camera.id(), "device.quarantined").at("/detail/reason").asText());
  }

  @Test
  void everyDocumentAndRegistrationIsAFact() {
    assertNotNull(plant.fact(plant.manufacturer().name(), "manufacturer.added"));
    assertEquals(
        64, plant.fact("audit", "profile.applied").at("/detail/hash").asText().length());
    assertEquals(
        64, plant.fact("audit", "policy.applied").at("/detail/hash").asText().length());
    plant.policy("PT9M");
    Patience.untilTrue(
        "the policy's replacement",
        () -> plant
                .fact("audit", "policy.applied")
                .at("/detail/replaced")
                .asText()
                .length()
            == 64);
    plant.policy("PT10M");
    String serial = plant.enforcementPoint().certificate().getSerialNumber().toString(16);
    String point = plant
        .person("GET", "/api/v1/certificates/internal/" + serial, null)
        .expect(200)
        .json()
        .get("subject")
        .asText();
    assertEquals(
        "audit-gate",
        plant.fact(point, "enforcement-point.added").at("/detail/name").asText());
    assertEquals(
        serial, plant.fact(point, "certificate.issued").at("/detail/serial").asText());
  }

  @Test
  void everyRefusalToAnAuthenticatedPartyIsAFact() {
    Unit camera = plant.enrolled("L-2");
    camera.evidence("nonsense").expect(400);
    plant.fact(camera.id(), "attestation.refused", "invalid-evidence");

    camera.token(Plant.VIDEO).expect(403);
    assertFalse(
        plant.fact(camera.id(), "grant.refused").at("/detail/reasons").asText().isEmpty());

    camera.become("suspend").expect(200);
    camera.challenge().expect(403);
    assertEquals(
        "attest",
        plant
            .fact(camera.id(), "device.refused", "state-forbids")
            .at("/detail/operation")
            .asText());
    camera.renew().expect(403);
    plant.fact(camera.id(), "enrollment.refused", "state-forbids");

    long before = position();
    camera.become("suspend").expect(409);
    JsonNode request = Patience.until(
        "request.refused",
        () -> after(before).stream()
            .filter(fact -> fact.get("kind").asText().equals("request.refused"))
            .findFirst());
    assertEquals("operator:admin", request.get("actor").asText());
    assertEquals("wrong-state", request.at("/detail/problem").asText());
    assertTrue(request.at("/detail/path").asText().contains(camera.id()), request.toString());
  }

  @Test
  void aRefusalToNobodyIsCountedAndNoFact() throws Exception {
    Unit camera = plant.enrolled("L-3");
    // What is under way for earlier requests gets its number first.
    long before = settled();
    double counted = refusals("unauthenticated");
    double wrongTokens = refusals("wrong-token");

    plant
        .post(null, "/attest/v1/challenges", "application/json", BodyPublishers.noBody())
        .expect(401);
    plant
        .post(
            camera.idevid(),
            "/oauth2/token",
            "application/x-www-form-urlencoded",
            BodyPublishers.noBody())
        .expect(401);
    plant.evaluate(camera.identity(), "device", camera.id(), Plant.VIDEO).expect(401);
    assertEquals(
        401,
        wire.est(
                "simpleenroll",
                null,
                "x".repeat(43),
                TestPki.request(TestPki.key(), "CN=L-3", null))
            .statusCode());
    assertEquals(
        401,
        wire.send(
                null,
                HttpRequest.newBuilder(URI.create(wire.people() + "/api/v1/devices"))
                    .build())
            .statusCode());
    assertEquals(
        401,
        wire.send(
                null,
                HttpRequest.newBuilder(URI.create(wire.people() + "/api/v1/devices"))
                    .header("Authorization", "Bearer " + "x".repeat(43))
                    .build())
            .statusCode());

    assertEquals(counted + 5, refusals("unauthenticated"));
    assertEquals(wrongTokens + 1, refusals("wrong-token"));
    settled();
    List<String> kinds = after(before).stream()
        .map(fact -> fact.get("kind").asText())
        .filter(kind -> !kind.equals("decisions.logged"))
        .toList();
    assertEquals(
        List.of("profile.applied"),
        kinds.stream().distinct().toList(),
        "refusals to nobody became facts");
  }

  @Test
  void parallelChangesAreNumberedWithoutGapsAndTheLogVerifies() throws Exception {
    List<Future<String>> registrations = new ArrayList<>();
    Set<String> devices = new HashSet<>();
    try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int i = 0; i < CHANGES; i++) {
        String serialNumber = "P-" + i;
        registrations.add(clients.submit(() -> plant
            .person(
                "POST",
                "/api/v1/devices",
                Map.of(
                    "manufacturer", plant.manufacturer().name(),
                    "model", "C1",
                    "serial_number", serialNumber,
                    "profile", "audit",
                    "owner", "operations",
                    "site", "plant-1"))
            .expect(201)
            .json()
            .get("id")
            .asText()));
      }
      // A reader that follows meanwhile never sees a gap either.
      while (registrations.stream().anyMatch(one -> !one.isDone())) {
        assertConsecutive(ServedLog.read(wire).entries());
      }
      for (Future<String> registration : registrations) {
        devices.add(registration.get());
      }
    }
    assertEquals(CHANGES, devices.size());

    long position = settled();
    Patience.untilTrue(
        "a checkpoint over everything",
        () -> wire.admin("GET", "/api/v1/audit/checkpoints/latest", null)
                .get("size")
                .asLong()
            >= position);
    ServedLog log = ServedLog.read(wire);
    assertConsecutive(log.entries());
    List<String> registered = log.entries().stream()
        .filter(
            entry -> entry.kind().equals("device.registered") && devices.contains(entry.subject()))
        .map(ShownFact::subject)
        .toList();
    assertEquals(CHANGES, registered.size());
    assertEquals(devices, Set.copyOf(registered));
    LogVerdict verdict = log.verify();
    assertNull(verdict.finding());
    assertEquals(log.entries().size(), verdict.facts());
    assertTrue(verdict.covered() >= position);
  }

  private static void assertConsecutive(List<ShownFact> entries) {
    for (int i = 0; i < entries.size(); i++) {
      assertEquals(i + 1, entries.get(i).position());
    }
  }

  /** What somebody with the database does to the facts {@code :p} and {@code :q}, the next one. */
  static Stream<Arguments> tamperings() {
    return Stream.of(
        Arguments.of(
            "the actor altered",
            "update fact set actor = 'operator:nobody' where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the subject altered",
            "update fact set subject = subject || '0' where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the kind altered",
            "update fact set kind = 'device.released' where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the time altered",
            "update fact set at = at - interval '1 microsecond' where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the detail altered",
            "update fact set detail = '{\"to\":\"active\"}' where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the detail spaced differently",
            "update fact set detail = ' ' || detail where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the leaf altered",
            "update fact set leaf = leaf || '\\x20'::bytea where position = :p",
            Fault.ALTERED),
        Arguments.of(
            "the hash altered",
            "update log_leaf set hash = sha256(hash) where position = :p",
            Fault.ALTERED),
        Arguments.of("a fact removed", "delete from fact where position = :p", Fault.MISSING),
        Arguments.of(
            "two facts swapped",
            "update fact set position = 9000000000000 where position = :p;"
                + " update fact set position = :p where position = :q;"
                + " update fact set position = :q where position = 9000000000000",
            Fault.REORDERED));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tamperings")
  void whoeverTouchesTheDatabaseIsFoundWithThePosition(String what, String sql, Fault fault)
      throws SQLException {
    long position = sealed() / 2;

    Finding finding =
        tampered(position, sql, () -> ServedLog.read(wire).verify().finding());

    assertNotNull(finding, "not found");
    assertEquals(position, finding.position(), finding.sentence());
    assertEquals(fault, finding.fault(), finding.sentence());
    assertNull(ServedLog.read(wire).verify().finding(), "the log was not restored");
  }

  @Test
  void aFactReplacedWithAllItsHashesIsFoundByTheNextCheckpoint() throws SQLException {
    long position = sealed() / 2;
    ShownFact entry = ServedLog.read(wire).entries().get((int) position - 1);
    MerkleLeaf forged = MerkleLeaf.of(
        entry.id(),
        entry.at(),
        entry.kind(),
        "operator:nobody",
        entry.subjectType(),
        entry.subject(),
        entry.detail());
    String sql = "update fact set actor = 'operator:nobody', leaf = '\\x"
        + HexFormat.of().formatHex(forged.octets()) + "' where position = :p;"
        + " update log_leaf set hash = '\\x" + forged.hash().hex() + "' where position = :p";

    Finding finding =
        tampered(position, sql, () -> ServedLog.read(wire).verify().finding());

    assertNotNull(finding, "not found");
    assertEquals(Fault.ROOT_MISMATCH, finding.fault());
    assertTrue(finding.position() <= position, finding.sentence());
    Matcher range =
        Pattern.compile("one of the facts (\\d+) to (\\d+)").matcher(finding.sentence());
    assertTrue(range.find(), finding.sentence());
    assertTrue(
        Long.parseLong(range.group(1)) <= position && position <= Long.parseLong(range.group(2)));
  }

  @Test
  void theDatabaseItselfRefusesASlip() throws SQLException {
    sealed();
    for (String slip : List.of(
        "update fact set actor = 'x' where position = 1",
        "delete from fact where position = 1",
        "truncate fact cascade",
        "delete from log_leaf where position = 1",
        "delete from checkpoint")) {
      try (Connection database = Database.connect();
          Statement statement = database.createStatement()) {
        SQLException refused = assertThrows(SQLException.class, () -> statement.execute(slip));
        assertTrue(
            String.valueOf(refused.getMessage()).contains("never changed"), refused.getMessage());
        database.rollback();
      }
    }
  }

  /** On a copy: whoever has the log's key rewrites history from the middle on and signs it anew. */
  @Test
  void historyThatWasRewrittenAndSignedAnewIsFoundByAnEarlierCheckpoint() {
    sealed();
    ServedLog log = ServedLog.read(wire);
    String kept = log.checkpoints().getLast().note();
    ServedLog rewritten = rewritten(log, log.checkpoints().getLast().size() / 2);

    assertNull(rewritten.verify().finding(), "without an earlier checkpoint it cannot be known");
    assertTrue(
        rewritten.verify().notExcluded().stream()
            .anyMatch(sentence -> sentence.contains("rewritten")),
        "the verdict does not say what it cannot exclude");
    Finding finding = rewritten.verify(kept).finding();
    assertNotNull(finding, "not found");
    assertEquals(Fault.REWRITTEN, finding.fault());
    assertNull(log.verify(kept).finding());
  }

  /** On a copy. */
  @Test
  void aLogThatWasCutShortIsFoundByAnEarlierCheckpoint() {
    sealed();
    ServedLog log = ServedLog.read(wire);
    long size = log.checkpoints().getFirst().size();
    ServedLog cut = new ServedLog(
        log.key(),
        log.entries().subList(0, (int) size),
        List.of(log.checkpoints().getFirst()));
    assertNotEquals(size, log.checkpoints().getLast().size());

    Finding finding = cut.verify(log.checkpoints().getLast().note()).finding();

    assertNotNull(finding, "not found");
    assertEquals(Fault.MISSING, finding.fault());
    assertEquals(size + 1, finding.position());
  }

  private ServedLog rewritten(ServedLog log, long position) {
    List<ShownFact> entries = new ArrayList<>();
    List<Checkpoint> checkpoints = new ArrayList<>();
    MerkleFrontier tree = MerkleFrontier.EMPTY;
    for (ShownFact entry : log.entries()) {
      ShownFact now = entry.position() == position ? forged(entry) : entry;
      entries.add(now);
      tree = tree.append(now.hash());
      long size = tree.size();
      if (log.checkpoints().stream().anyMatch(checkpoint -> checkpoint.size() == size)) {
        String text = new MerkleCheckpoint(signer.key().name(), size, tree.root()).text();
        checkpoints.add(new Checkpoint(
            size,
            tree.root(),
            signer
                .key()
                .note(text, signer.sign(text.getBytes(StandardCharsets.UTF_8)))
                .toString()));
      }
    }
    return new ServedLog(log.key(), entries, checkpoints);
  }

  private static ShownFact forged(ShownFact entry) {
    MerkleLeaf leaf = MerkleLeaf.of(
        entry.id(),
        entry.at(),
        entry.kind(),
        "operator:nobody",
        entry.subjectType(),
        entry.subject(),
        entry.detail());
    return new ShownFact(
        entry.position(),
        entry.id(),
        entry.at(),
        entry.kind(),
        "operator:nobody",
        entry.subjectType(),
        entry.subject(),
        entry.detail(),
        leaf,
        leaf.hash());
  }

  /** Does {@code sql} to the database, looks, and puts back what was there. */
  private static <T> T tampered(long position, String sql, Supplier<T> look) throws SQLException {
    try (Connection database = Database.connect();
        Statement statement = database.createStatement()) {
      String both = "(" + position + ", " + (position + 1) + ")";
      statement.execute(
          "create temp table kept_fact as select * from fact where position in " + both);
      statement.execute(
          "create temp table kept_leaf as select * from log_leaf where position in " + both);
      statement.execute("set session_replication_role = replica");
      database.commit();
      try {
        statement.execute(
            sql.replace(":p", Long.toString(position)).replace(":q", Long.toString(position + 1)));
        database.commit();
        return look.get();
      } finally {
        statement.execute(
            "delete from fact where position in " + both + " or id in (select id from kept_fact)");
        statement.execute("insert into fact select * from kept_fact");
        statement.execute("delete from log_leaf where position in " + both);
        statement.execute("insert into log_leaf select * from kept_leaf");
        database.commit();
      }
    }
  }

  /** Makes a change and waits until it is numbered, and all before it with it. */
  private long settled() {
    String name = "audit-settled-" + System.nanoTime();
    wire.document("/api/v1/profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        """.formatted(name));
    return plant.fact(name, "profile.applied").get("position").asLong();
  }

  /** Seals at least two checkpoints, once for all tests, and answers the size of the last of the two. */
  private long sealed() {
    if (sealed == 0) {
      settledAndSealed();
      sealed = settledAndSealed();
    }
    return sealed;
  }

  private long settledAndSealed() {
    long position = settled();
    return Patience.until("a checkpoint over " + position, () -> {
      JsonNode latest =
          plant.person("GET", "/api/v1/audit/checkpoints/latest", null).json();
      long size = latest.path("size").asLong();
      return size >= position ? Optional.of(size) : Optional.empty();
    });
  }

  private long position() {
    return wire.admin("GET", "/api/v1/status", null).get("position").asLong();
  }

  private List<JsonNode> after(long position) {
    List<JsonNode> facts = new ArrayList<>();
    wire.admin("GET", "/api/v1/audit/facts?limit=1000&after=" + position, null)
        .get("items")
        .forEach(facts::add);
    return facts;
  }

  /** {@code sallyport_refusals_total} of the management port. */
  private static double refusals(String problem) throws Exception {
    String port = ConfigProvider.getConfig().getValue("quarkus.management.test-port", String.class);
    try (HttpClient client = HttpClient.newHttpClient()) {
      String metrics = client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
      Matcher line = Pattern.compile(
              "(?m)^sallyport_refusals_total\\{problem=\"" + problem + "\"\\} ([0-9.]+)$")
          .matcher(metrics);
      return line.find() ? Double.parseDouble(line.group(1)) : 0;
    }
  }
}
