package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Der;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.TestVouchers;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators do about manufacturers, first contacts, owners, vouchers, authorities and stations, by the command line. */
@QuarkusTest
class AdministrationTest extends ServerTest {
  private static final AtomicInteger NEXT = new AtomicInteger();

  @TempDir
  private Path folder;

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private Path data;

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private String maker;

  @BeforeEach
  void nameTheServer() throws IOException {
    plant = Plant.open(wire, "administration-" + NEXT.incrementAndGet());
    maker = plant.manufacturer().name();
    data = Files.createDirectories(folder.resolve("data"));
    Files.writeString(
        data.resolve("server.json"),
        "{\"people\":\"" + wire.people() + "\",\"devices\":\"" + wire.devices() + "\"}");
    Files.writeString(data.resolve("root.pem"), Pem.of(wire.root()));
    Files.writeString(data.resolve("admin.token"), PostgresResource.ADMIN_TOKEN + "\n");
  }

  @Test
  void anAnchorIsAddedNarrowedAndShut() throws Exception {
    Manufacturer other = TestPki.manufacturer(maker + " other");
    Path file = Files.writeString(folder.resolve("anchor.pem"), other.pem());
    done("manufacturer", "anchor", "add", maker, file.toString(), "--model", "C1");
    List<String> digests = anchors();
    assertEquals(2, digests.size());
    String added = Der.of(other.authority().certificate().getEncoded()).digest().hex();
    assertTrue(digests.contains(added));

    done(
        "manufacturer",
        "anchor",
        "change",
        maker,
        added,
        "--serial-numbers",
        "AN-#",
        "--lists-required");

    JsonNode changed = json("manufacturer", "anchor", "list", maker);
    JsonNode anchor = changed
        .get("items")
        .valueStream()
        .filter(one -> one.get("digest").asText().equals(added))
        .findFirst()
        .orElseThrow();
    assertEquals("[]", anchor.get("models").toString());
    assertEquals("[\"AN-#\"]", anchor.get("serial_numbers").toString());
    assertTrue(anchor.get("lists_required").asBoolean());
    done("manufacturer", "anchor", "remove", maker, added);
    Unit unit = plant.enrolled("AN-1");
    String own = anchors().getFirst();
    assertTrue(done("manufacturer", "anchor", "distrust", maker, own, "--reason", "stolen")
        .contains("It admitted 1 devices, of which 1"));
    assertEquals(
        unit.id(),
        json("manufacturer", "anchor", "admissions", maker, own)
            .at("/items/0/device")
            .asText());
    assertEquals(403, unit.enrollAgain().status());
  }

  @Test
  void decisionsAreListedAndReplayed() throws Exception {
    Unit unit = plant.attested("DECIDED-1");
    Plant.Flow other = new Plant.Flow("other.plant.example", "tcp", 1);
    for (int i = 0; i < 99; i++) {
      assertFalse(unit.may(other));
    }
    String id = unit.decision(other).at("/context/id").asText();
    Patience.untilTrue("it is logged", () -> run("decisions", "get", id).code() == 0);

    JsonNode listed =
        json("decisions", "list", "--device", unit.id(), "--since", "PT1H", "--outcome", "deny");
    assertEquals(id, listed.at("/items/0/id").asText());
    Path file = Files.writeString(
        folder.resolve("replayed.yaml"), """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          selector: {profile: %s}
          allow: [{peer: other.plant.example, protocol: tcp, ports: [1]}]
          grant: {ttl: PT10M}
        """.formatted(plant.name(), plant.name()));
    String told = done("policy", "replay", "-f", file.toString(), "--days", "1", "--limit", "100");
    assertTrue(told.contains("  -0 +100  tcp to other.plant.example 1\n"), told);
    assertTrue(told.contains("DECIDED-1  " + unit.id()), told);
  }

  private List<String> anchors() throws IOException {
    List<String> digests = new ArrayList<>();
    json("manufacturer", "anchor", "list", maker)
        .get("items")
        .forEach(one -> digests.add(one.get("digest").asText()));
    return digests;
  }

  @Test
  void addressesOfListsAreSetAndShown() throws IOException {
    String own = anchors().getFirst();

    assertEquals(
        1, run("manufacturer", "anchor", "sources", maker, own, "http://elsewhere.example/l").code);
    done("manufacturer", "anchor", "sources", maker, own, "http://127.0.0.1:1/list.crl");

    JsonNode failed = Patience.until(
        "a failure",
        () -> Optional.of(read(own)).filter(one -> one.at("/items/0/failure").isTextual()));
    assertEquals("http://127.0.0.1:1/list.crl", failed.at("/items/0/url").asText());
    done("manufacturer", "anchor", "sources", maker, own, "--none");
    assertEquals(0, read(own).get("items").size());
  }

  private JsonNode read(String anchor) {
    try {
      return json("manufacturer", "anchor", "sources", maker, anchor);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void firstContactsAreExpectedHeldApprovedAndRejected() throws IOException {
    done(
        "first-contact",
        "set-policy",
        maker,
        "--listed",
        "admit",
        "--unlisted",
        "hold",
        "--model",
        "C1",
        "--profile",
        plant.name(),
        "--owner",
        "operations",
        "--site",
        "plant-1");
    assertEquals("hold", json("first-contact", "policy", maker).get("unlisted").asText());
    Path more = Files.writeString(folder.resolve("units"), "FC-2\n\nFC-3\n");
    done("first-contact", "allow", maker, "FC-1", "--file", more.toString());
    done("first-contact", "disallow", maker, "FC-3");
    assertEquals(2, json("first-contact", "allowed", maker).get("items").size());

    assertEquals(200, ask("FC-1"));
    assertEquals(202, ask("FC-3"));
    assertEquals(202, ask("FC-4"));

    assertTrue(done("first-contact", "approve", held("FC-3")).contains("is device"));
    done("first-contact", "reject", held("FC-4"), "--reason", "not ours");
    assertEquals(200, ask("FC-3"));
    assertEquals(403, ask("FC-4"));
  }

  private int ask(String serialNumber) {
    return wire.est(
            "simpleenroll",
            plant.manufacturer().idevid(serialNumber),
            null,
            TestPki.request(TestPki.key(), "", null))
        .statusCode();
  }

  private String held(String serialNumber) throws IOException {
    return json("first-contact", "list")
        .get("items")
        .valueStream()
        .filter(one -> one.get("serial_number").asText().equals(serialNumber)
            && one.get("manufacturer").asText().equals(maker))
        .findFirst()
        .orElseThrow()
        .get("id")
        .asText();
  }

  @Test
  void aDeviceChangesHandsAndItsOwnerGetsAVoucher() throws IOException {
    Unit unit = plant.registered("OW-C1");
    Path code = folder.resolve("code");
    done("ownership", "release", unit.id(), "--to", "Next", "--out", code.toString());
    done("ownership", "keep", unit.id());
    List<String> claim = List.of(
        "ownership",
        "claim",
        "--code-file",
        code.toString(),
        "--owner",
        "Next",
        "--site",
        "plant-2");
    assertEquals(1, run(claim.toArray(String[]::new)).code);
    Files.writeString(code, done("ownership", "release", unit.id()));

    done(claim.toArray(String[]::new));

    String history = done("ownership", "history", unit.id());
    assertTrue(history.contains("Next's"), history);
    assertEquals(4, json("ownership", "history", unit.id()).get("history").size());
    Path domain = Files.writeString(
        folder.resolve("domain.pem"),
        TestPki.pem(TestVouchers.authority("CN=administration").certificate()));
    Path voucher = folder.resolve("voucher.vcj");
    List<String> issue = List.of(
        "voucher",
        "issue",
        "--device",
        unit.id(),
        "--domain",
        domain.toString(),
        "--nonce",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "--out",
        voucher.toString(),
        "--owner");
    assertEquals(1, run(with(issue, "operations")).code);
    done(with(issue, "Next"));
    assertEquals(1, json("voucher", "list", "--device", unit.id()).get("items").size());
    List<String> check =
        List.of("voucher", "check", voucher.toString(), "--serial-number", "OW-C1", "--nonce");
    done(with(check, "AAAAAAAAAAAAAAAAAAAAAA=="));
    Ran refused = run(with(check, "AAAAAAAAAAAAAAAAAAAAAQ=="));
    assertEquals(1, refused.code);
    assertTrue(refused.text.contains("nonce"), refused.text);
  }

  private static String[] with(List<String> command, String last) {
    List<String> all = new ArrayList<>(command);
    all.add(last);
    return all.toArray(String[]::new);
  }

  @Test
  void registrationAuthoritiesAndStationsComeAndGo() throws IOException {
    String name = plant.name();
    Path ra = folder.resolve("ra");
    done("registration-authority", "add", name, "--dir", ra.toString(), "--manufacturer", maker);
    String certificate = Files.readString(ra.resolve("cert.pem"));
    done("registration-authority", "add", name, "--dir", ra.toString(), "--manufacturer", maker);
    assertEquals(certificate, Files.readString(ra.resolve("cert.pem")));
    assertTrue(Plant.certificate(certificate)
        .getSubjectX500Principal()
        .equals(Pem.certificates(ra.resolve("cert.pem")).getFirst().getSubjectX500Principal()));
    assertTrue(done("registration-authority", "list").contains(name));
    done("registration-authority", "remove", name);
    assertFalse(done("registration-authority", "list").contains(name + " "));

    Path station = folder.resolve("station");
    done(
        "station",
        "add",
        name,
        "--dir",
        station.toString(),
        "--site",
        "plant-1",
        "--line",
        "line-1");
    assertTrue(Files.exists(station.resolve("key.pem")));
    assertTrue(X500Name.getInstance(Pem.certificates(station.resolve("cert.pem"))
            .getFirst()
            .getSubjectX500Principal()
            .getEncoded())
        .toString()
        .contains(name));
    assertTrue(done("station", "list").contains("line-1"));
    done("station", "remove", name);
    assertEquals(1, run("station", "remove", name).code);
  }

  /** How a command ended, and what it said. */
  private record Ran(int code, String text) {}

  private Ran run(String... arguments) {
    List<String> command = new ArrayList<>(List.of("admin"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data", data.toString()));
    StringWriter out = new StringWriter();
    PrintWriter writer = new PrintWriter(out, true);
    int code = Sallyport.run(command.toArray(String[]::new), writer, writer, Map.of());
    return new Ran(code, out.toString());
  }

  private String done(String... arguments) {
    Ran ran = run(arguments);
    assertEquals(0, ran.code, ran.text);
    return ran.text;
  }

  private JsonNode json(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.add("--json");
    return Json.read(done(command.toArray(String[]::new)).getBytes(StandardCharsets.UTF_8));
  }
}
