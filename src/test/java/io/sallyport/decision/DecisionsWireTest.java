package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.decision.DecisionHistory.Filter;
import io.sallyport.decision.DecisionHistory.LoggedDecision;
import io.sallyport.decision.DecisionRow.Keys;
import io.sallyport.kernel.Page;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Flow;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The decision log over the wire: found by what people know, with what it was computed from. */
@QuarkusTest
class DecisionsWireTest extends ServerTest {
  private static final String LIST = "/api/v1/decisions";
  private static final Flow OTHER = new Flow("Decisions.Plant.Example", "udp", 4711);

  @Inject
  DecisionStore store;

  @Inject
  DecisionHistory history;

  @Inject
  Clock clock;

  /** The decisions of the test; what the setup and other tests asked is not among them. */
  private final List<String> known = new ArrayList<>();

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Unit camera;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "decisions");
      camera = plant.attested("decisions-1");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void decisionsAreFoundByWhatPeopleKnowOfThem() {
    String permit = camera.decision(Plant.VIDEO).at("/context/id").asText();
    String denial = camera.decision(OTHER).at("/context/id").asText();
    awaitLogged(denial);
    known.addAll(List.of(permit, denial));
    String device = "?device=" + camera.id();

    assertFinds(List.of(denial, permit), device);
    assertFinds(List.of(denial), device + "&outcome=deny");
    assertFinds(List.of(permit), device + "&outcome=permit&policy=decisions");
    assertFinds(List.of(denial), "?peer=decisions.plant.example");
    assertFinds(List.of(denial), "?peer=decisions.plant.example&protocol=udp&port=4711");
    assertFinds(List.of(), "?peer=decisions.plant.example&port=4712");
    assertFinds(List.of(denial, permit), "?policy=decisions");
    assertFinds(List.of(denial, permit), "?reason=policy%20decisions");
    assertFinds(List.of(denial), device + "&reason=policy%20decisions%3A%20udp");
    assertFinds(List.of(denial, permit), device + "&asked-by=enforcement-point:decisions-gate");
    assertFinds(List.of(), device + "&asked-by=enforcement-point:another");
    assertFinds(List.of(), device + "&until=2026-01-01T00:00:00Z");
    assertFinds(List.of(denial, permit), device + "&since=2026-01-01T00:00:00Z");

    JsonNode first = list(device + "&limit=1");
    assertEquals(denial, first.at("/items/0/id").asText());
    assertFinds(List.of(permit), device + "&limit=1&cursor=" + first.get("next").asText());
    for (String wrong : List.of("outcome=maybe", "port=70000", "since=yesterday", "device=1")) {
      plant.person("GET", LIST + "?" + wrong, null).expect(400);
    }
  }

  @Test
  void aDecisionSaysWhatItWasComputedFrom() {
    String id = camera.decision(Plant.VIDEO).at("/context/id").asText();
    awaitLogged(id);

    JsonNode detail = plant.person("GET", LIST + "/" + id, null).expect(200).json();

    assertEquals("permit", detail.at("/decision/outcome").asText());
    assertEquals(64, detail.at("/decision/policy_hash").asText().length());
    assertEquals(36, detail.at("/decision/appraisal").asText().length());
    assertEquals(camera.id(), detail.at("/inputs/subject/id").asText());
    assertEquals("decisions", detail.at("/inputs/subject/profile").asText());
    assertEquals(
        "signed-software", detail.at("/inputs/posture/claims/executables/1").asText());
    assertTrue(detail.at("/inputs/posture/expires").isTextual());
    plant.person("GET", LIST + "/" + UUID.randomUUID(), null).expect(404);

    String unknown = plant
        .evaluate(plant.enforcementPoint(), "device", UUID.randomUUID().toString(), Plant.VIDEO)
        .expect(200)
        .json()
        .at("/context/id")
        .asText();
    awaitLogged(unknown);
    JsonNode unasked =
        plant.person("GET", LIST + "/" + unknown, null).expect(200).json();
    assertTrue(unasked.get("inputs").isNull());
    assertTrue(unasked.at("/decision/inputs_hash").isNull());
  }

  @Test
  void aBatchThatComesTwiceIsThereOnce() {
    UUID device = UUID.randomUUID();
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    List<DecisionRow> rows = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      rows.add(new DecisionRow(
          UUID.randomUUID(),
          now,
          "server:server",
          device,
          "{}",
          false,
          "[\"stale: twice\"]",
          "hash",
          null,
          new Keys("indeterminate", "stale", null, null, null, null),
          Inputs.of("{\"v\":1}")));
    }
    UUID batch = UUID.randomUUID();

    store.decisions(batch, rows);
    store.decisions(batch, rows);

    JsonNode found = list("?reason=stale&since=" + now + "&outcome=indeterminate");
    int there = 0;
    for (JsonNode item : found.get("items")) {
      there += item.path("device").asText().equals(device.toString()) ? 1 : 0;
    }
    assertEquals(3, there);
  }

  @Test
  void whatIsRareTakesMorePagesAndIsFound() {
    UUID device = UUID.randomUUID();
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    String rare = UUID.randomUUID().toString();
    List<DecisionRow> rows = new ArrayList<>();
    int all = DecisionSearch.MOST_LOOKED_AT + 500;
    for (int i = 0; i < all; i++) {
      rows.add(new DecisionRow(
          UUID.randomUUID(),
          now.minusMillis(i),
          i == all - 1 ? "operator:" + rare : "server:server",
          device,
          "{}",
          false,
          "[\"stale: rare\"]",
          "hash",
          null,
          new Keys("indeterminate", "stale", null, null, null, null),
          null));
    }
    store.decisions(UUID.randomUUID(), rows);
    List<LoggedDecision> found = new ArrayList<>();
    int pages = 0;
    @Nullable String cursor = null;
    Filter filter = new Filter(
        device, null, null, null, null, null, null, null, "operator:" + rare, null, null);
    do {
      Page<LoggedDecision> page = history.find(filter, cursor, 10);
      found.addAll(page.items());
      cursor = page.next();
      pages++;
    } while (cursor != null);
    assertEquals(2, pages);
    assertEquals("operator:" + rare, found.getFirst().askedBy());
    assertEquals(1, found.size());
  }

  private void assertFinds(List<String> expected, String query) {
    List<String> found = new ArrayList<>();
    list(query).get("items").forEach(item -> found.add(item.get("id").asText()));
    found.retainAll(known);
    assertEquals(expected, found, query);
  }

  private void awaitLogged(String id) {
    Patience.untilTrue(
        "decision " + id + " is logged",
        () -> plant.person("GET", LIST + "/" + id, null).status() == 200);
  }

  private JsonNode list(String query) {
    return plant.person("GET", LIST + query, null).expect(200).json();
  }
}
