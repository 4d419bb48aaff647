package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows that did not go well: taken up again, or given up, so that a batch can be closed honestly. */
@QuarkusTest
class BatchRowsTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BatchRows");
  private static final String PROFILE = "batch-rows";
  private static final Map<String, String> REASON = Map.of("reason", "the board broke");

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

  private LineClient order(String name, int ordered) {
    return LineClient.order(wire, name, MAKER.name(), PROFILE, ordered);
  }

  private static JsonNode issue(LineClient line, String serial, KeyPair keys) {
    return LineClient.byRow(line.issue(List.of(LineClient.row(serial, keys)))).get(serial);
  }

  private static String path(LineClient line, String row, String act) {
    return "/api/v1/batches/" + line.batch() + "/rows/" + row + "/" + act;
  }

  private JsonNode act(LineClient line, String row, String act) {
    return wire.admin("POST", path(line, row, act), REASON);
  }

  private HttpResponse<byte[]> tryAct(LineClient line, String row, String act) {
    return wire.send(
        null,
        wire.person(path(line, row, act))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"reason\":\"the board broke\"}"))
            .build());
  }

  private static void assertRefused(int status, String problem, HttpResponse<byte[]> answer) {
    String text = new String(answer.body(), StandardCharsets.UTF_8);
    assertEquals(status, answer.statusCode(), text);
    assertTrue(text.contains(problem), text);
  }

  private JsonNode device(JsonNode answer) {
    return wire.admin("GET", "/api/v1/devices/" + answer.get("device").asText(), null);
  }

  /** By serial, revoked or not. */
  private Map<String, Boolean> certificates(JsonNode answer) {
    return device(answer)
        .get("certificates")
        .valueStream()
        .collect(Collectors.toMap(
            one -> one.get("serial").asText(),
            one -> one.get("status").asText().equals("revoked")));
  }

  private void assertFact(LineClient line, String kind) {
    JsonNode fact = Patience.until(
        kind,
        () -> wire.admin("GET", "/api/v1/audit/facts?subject=" + line.batch(), null)
            .get("items")
            .valueStream()
            .filter(one -> one.get("kind").asText().equals(kind))
            .findFirst());
    assertEquals("the board broke", fact.at("/detail/reason").asText());
  }

  /** Law 2: only when the first is revoked is there a second one. */
  @Test
  void aRowThatIsTakenUpAgainGetsACertificateOnAnyKeyAndTheFirstIsRevoked() {
    LineClient line = order("O-again", 10);
    KeyPair keys = TestPki.key();
    JsonNode first = issue(line, "O-1", keys);

    JsonNode reopened = act(line, "O-1", "reopen");

    assertEquals("registered", reopened.get("state").asText());
    assertEquals(0, line.shown().get("issued").asInt());
    assertEquals(1, line.shown().get("registered").asInt());
    assertEquals(Map.of(first.get("serial").asText(), true), certificates(first));

    KeyPair others = TestPki.key();
    JsonNode second = issue(line, "O-1", others);
    assertNotEquals(first.get("serial"), second.get("serial"));
    assertEquals(first.get("device"), second.get("device"));
    assertEquals(second.get("certificate"), issue(line, "O-1", others).get("certificate"));
    assertEquals("row-issued", issue(line, "O-1", keys).path("problem").asText());
    assertEquals(1, line.shown().get("issued").asInt());
    assertFact(line, "batch.row-reopened");
  }

  @Test
  void aRowWithoutACertificateIsOpenAnyway() {
    LineClient line = order("O-open", 10);
    wire.send(
        null,
        wire.person("/api/v1/batches/" + line.batch() + "/import")
            .header("Content-Type", "text/csv")
            .POST(HttpRequest.BodyPublishers.ofString("serial_number,row\nO-2,a row/of 2\n"))
            .build());

    JsonNode reopened = act(line, "a%20row%2Fof%202", "reopen");

    assertEquals("registered", reopened.get("state").asText());
    assertRefused(404, "unknown-row", tryAct(line, "O-none", "reopen"));
    assertRefused(404, "unknown-row", tryAct(line, "O-none", "give-up"));
  }

  @Test
  void aDeviceThatIsSetAsideKeepsItsRowUntilItIsGivenUp() {
    LineClient line = order("O-aside", 10);
    JsonNode issued = issue(line, "O-3", TestPki.key());
    wire.admin(
        "POST",
        "/api/v1/devices/" + issued.get("device").asText() + "/suspend",
        Map.of("reason", "lost"));

    assertRefused(403, "state-forbids", tryAct(line, "O-3", "reopen"));

    assertEquals(1, line.shown().get("issued").asInt(), "nothing was changed");
    assertEquals("given-up", act(line, "O-3", "give-up").get("state").asText());
    assertEquals("decommissioned", device(issued).get("state").asText());
  }

  @Test
  void anotherTakesThePlaceOfARowThatIsGivenUp() {
    LineClient line = order("O-short", 2);
    JsonNode broken = issue(line, "O-4", TestPki.key());
    issue(line, "O-5", TestPki.key());
    String spare = LineClient.row("O-6", TestPki.key());
    assertEquals(
        "quota",
        LineClient.byRow(line.issue(List.of(spare))).get("O-6").get("problem").asText());

    assertEquals("given-up", act(line, "O-4", "give-up").get("state").asText());
    assertEquals("given-up", act(line, "O-4", "give-up").get("state").asText());

    assertEquals("decommissioned", device(broken).get("state").asText());
    assertFalse(certificates(broken).containsValue(false));
    assertTrue(LineClient.byRow(line.issue(List.of(spare))).get("O-6").has("certificate"));
    assertEquals(
        "row-given-up", issue(line, "O-4", TestPki.key()).get("problem").asText());
    assertRefused(409, "row-given-up", tryAct(line, "O-4", "reopen"));
    JsonNode shown = line.shown();
    assertEquals(2, shown.get("registered").asInt());
    assertEquals(2, shown.get("issued").asInt());
    assertEquals(1, shown.get("given_up").asInt());
    assertFact(line, "batch.row-given-up");

    wire.admin("POST", "/api/v1/batches/" + line.batch() + "/close", null);

    List<JsonNode> manifest = LineClient.lines(wire.send(
            null, wire.person("/api/v1/batches/" + line.batch() + "/manifest").build())
        .body());
    assertEquals(1, manifest.getFirst().at("/batch/given_up").asInt());
    assertEquals(
        List.of("given-up", "issued", "issued"),
        manifest.stream().skip(1).map(row -> row.get("state").asText()).toList());
    assertRefused(409, "batch-closed", tryAct(line, "O-5", "reopen"));
    assertRefused(409, "batch-closed", tryAct(line, "O-5", "give-up"));
  }

  /** The unit itself may come back, repaired: under another row and as another device. */
  @Test
  void aUnitWhoseRowWasGivenUpComesBackUnderAnother() {
    LineClient line = order("O-back", 1);
    JsonNode broken = issue(line, "O-7", TestPki.key());
    act(line, "O-7", "give-up");

    String row = LineClient.row("O-7", TestPki.key()).replaceFirst("\\{", "{\"row\":\"again\",");
    JsonNode again = LineClient.byRow(line.issue(List.of(row))).get("again");

    assertTrue(again.has("certificate"), again.toString());
    assertNotEquals(broken.get("device"), again.get("device"));
  }

  @Test
  void whatARowWasRefusedIsToldUntilItHasItsCertificate() {
    LineClient line = order("O-refused", 10);
    KeyPair keys = TestPki.key();
    issue(line, "O-8", keys);
    assertEquals("duplicate-key", issue(line, "O-9", keys).get("problem").asText());
    line.issue(List.of("not a row"));

    JsonNode refusals = refusals(line);

    assertEquals(1, refusals.size(), refusals.toString());
    assertEquals("O-9", refusals.get(0).get("row").asText());
    assertEquals("duplicate-key", refusals.get(0).get("problem").asText());
    issue(line, "O-9", TestPki.key());
    assertEquals(0, refusals(line).size());
  }

  @Test
  void aRowWhoseDeviceWasClaimedByAnotherOwnerIsNotTheLinesAnyMore() {
    LineClient line = order("O-claimed", 10);
    wire.send(
        null,
        wire.person("/api/v1/batches/" + line.batch() + "/import")
            .header("Content-Type", "text/csv")
            .POST(HttpRequest.BodyPublishers.ofString("serial_number\nO-10\n"))
            .build());
    String device = wire.admin("GET", "/api/v1/batches/" + line.batch() + "/rows", null)
        .at("/items/0/device")
        .asText();
    String code = wire.admin("POST", "/api/v1/ownership/devices/" + device + "/release", Map.of())
        .get("code")
        .asText();
    wire.admin(
        "POST",
        "/api/v1/ownership/claims",
        Map.of("code", code, "owner", "Second Owner", "site", "plant-2"));

    JsonNode refused = issue(line, "O-10", TestPki.key());

    assertEquals("claimed-by-another", refused.path("problem").asText(), refused.toString());
  }

  private JsonNode refusals(LineClient line) {
    return wire.admin("GET", "/api/v1/batches/" + line.batch() + "/refusals", null)
        .get("items");
  }
}
