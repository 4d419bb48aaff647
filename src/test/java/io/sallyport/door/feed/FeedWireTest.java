package io.sallyport.door.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.door.feed.EventStream.Event;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
@SuppressWarnings("NullAway.Init") // Set before the first test.
class FeedWireTest extends ServerTest {
  private static final String SERVER = "192.0.2.80";

  private Plant plant;
  private Identity wall;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "feed");
      wall = plant.enforcementPoint("feed-wall", "nftables", settings(Map.of("segment", "feed")));
      Patience.untilTrue("the feed is there", () -> get("snapshot").status() == 200);
    }
  }

  @AfterAll
  void close() {
    plant.close();
  }

  private static Map<String, Object> settings(Map<String, String> parameters) {
    return Map.of(
        "peers",
        List.of("vms.plant.example"),
        "hosts",
        Map.of("vms.plant.example", List.of(SERVER)),
        "parameters",
        parameters);
  }

  private Answer get(String what) {
    return plant.get(wall, "/feed/v1/feed-wall/" + what);
  }

  private JsonNode snapshot() {
    return get("snapshot").expect(200).json();
  }

  private List<JsonNode> entries(Unit unit) {
    List<JsonNode> own = new ArrayList<>();
    snapshot().get("entries").forEach(entry -> {
      if (entry.get("device").asText().equals(unit.id())) {
        own.add(entry);
      }
    });
    return own;
  }

  private boolean isQuarantined(String address) {
    return snapshot().get("quarantined").toString().contains("\"" + address + "\"");
  }

  private JsonNode entry(Unit unit) {
    return Patience.until("an entry", () -> entries(unit).stream().findFirst());
  }

  private static Predicate<Event> put(Unit unit) {
    return event ->
        event.name().equals("change") && event.data().get("put").toString().contains(unit.id());
  }

  private static Predicate<Event> quarantine(String address) {
    return event -> event.name().equals("change")
        && event.data().get("quarantined").toString().contains("\"" + address + "\"");
  }

  @Test
  void anAddressGetsAGrantsFlowsOnlyThroughALiveBinding() {
    Unit camera = plant.attested("feed-1");
    camera.token(Plant.VIDEO).expect(200);
    assertEquals(List.of(), entries(camera));
    String binding = camera.bind("198.51.100.1", "feed");
    JsonNode entry = entry(camera);
    assertEquals("198.51.100.1", entry.get("source").asText());
    assertEquals(SERVER, entry.get("destination").asText());
    assertEquals("tcp", entry.get("protocol").asText());
    assertEquals("8554", entry.get("ports").asText());
    plant
        .person("DELETE", "/api/v1/devices/" + camera.id() + "/addresses/" + binding, null)
        .expect(204);
    Patience.untilTrue("the entry is gone", () -> entries(camera).isEmpty());
  }

  @Test
  void aBindingInAnotherSegmentGivesNothing() {
    Unit camera = plant.attested("feed-2");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.2", "elsewhere");
    Unit seen = plant.attested("feed-2b");
    seen.token(Plant.VIDEO).expect(200);
    seen.bind("198.51.100.22", "feed");
    entry(seen);
    assertEquals(List.of(), entries(camera));
  }

  @Test
  void quarantineTakesEverythingAndAReleaseGivesNothingBack() {
    Unit camera = plant.attested("feed-3");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.3", "feed");
    String grant = entry(camera).get("grant").asText();
    camera.become("quarantine").expect(200);
    Patience.untilTrue("its address is quarantined", () -> isQuarantined("198.51.100.3"));
    assertEquals(List.of(), entries(camera));
    plant.fact(grant, "grant.withdrawn");
    camera.become("release").expect(200);
    Patience.untilTrue("its address is released", () -> !isQuarantined("198.51.100.3"));
    // What was once over stays over: the device asks for a new grant.
    assertEquals(List.of(), entries(camera));
    camera.attest(Plant.GOOD).expect(200);
    camera.token(Plant.VIDEO).expect(200);
    entry(camera);
  }

  @Test
  void aFallOfPostureTakesTheEntryAway() {
    Unit camera = plant.attested("feed-4");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.4", "feed");
    String grant = entry(camera).get("grant").asText();
    camera.attest(Plant.OLD).expect(200);
    Patience.untilTrue("the entry is gone", () -> entries(camera).isEmpty());
    assertEquals(
        "grant.withdrawn", plant.fact(grant, "grant.withdrawn").get("kind").asText());
  }

  @Test
  void aStreamBeginsWithASnapshotThenTellsChanges() {
    Unit camera = plant.attested("feed-5");
    camera.bind("198.51.100.5", "feed");
    try (EventStream stream = EventStream.open(wire, wall, "feed-wall", null)) {
      JsonNode first = stream.await("snapshot").data();
      assertEquals("PT10S", first.get("declared_delay").asText());
      camera.token(Plant.VIDEO).expect(200);
      Event put = stream.await("its entry", put(camera));
      assertTrue(put.data().get("position").asLong() > first.get("position").asLong());
      camera.become("quarantine").expect(200);
      JsonNode cut = stream.await("its quarantine", quarantine("198.51.100.5")).data();
      assertEquals(1, cut.get("removed").size());
      JsonNode beat = stream
          .await(
              "a heartbeat",
              event -> event.name().equals("heartbeat")
                  && event.data().get("position").asLong()
                      >= cut.get("position").asLong())
          .data();
      assertFalse(beat.get("confirmed_at").isNull());
      assertEquals("PT10S", beat.get("declared_delay").asText());
    }
  }

  @Test
  void aCutStreamGoesOnWhereItEndedAndLosesNothing() {
    Unit camera = plant.attested("feed-6");
    camera.bind("198.51.100.6", "feed");
    String cursor;
    try (EventStream stream = EventStream.open(wire, wall, "feed-wall", null)) {
      stream.await("heartbeat");
      cursor = stream.cursor();
    }
    camera.token(Plant.VIDEO).expect(200);
    entry(camera);
    camera.become("quarantine").expect(200);
    Patience.untilTrue("its address is quarantined", () -> isQuarantined("198.51.100.6"));
    try (EventStream stream = EventStream.open(wire, wall, "feed-wall", cursor)) {
      stream.await("its quarantine", quarantine("198.51.100.6"));
      List<String> names = stream.events().stream().map(Event::name).toList();
      assertEquals("resumed", names.getFirst());
      assertFalse(names.contains("snapshot"));
      assertTrue(stream.events().stream().anyMatch(put(camera)), "the grant in between");
    }
  }

  @Test
  void aCursorFromElsewhereGetsASnapshot() {
    for (String cursor : List.of("1.1.other", "x", "-1.0.0", "99999999.99999999.abcdefgh")) {
      try (EventStream stream = EventStream.open(wire, wall, "feed-wall", cursor)) {
        assertEquals("snapshot", stream.await("snapshot").name());
      }
    }
  }

  @Test
  void anAcknowledgedPositionConfirmsWithdrawalsAndNotBefore() {
    Unit camera = plant.attested("feed-7");
    camera.bind("198.51.100.7", "feed");
    try (EventStream stream = EventStream.open(wire, wall, "feed-wall", null)) {
      stream.await("snapshot");
      camera.become("quarantine").expect(200);
      stream.await("its quarantine", quarantine("198.51.100.7"));
      assertTrue(List.of("pending", "unconfirmed").contains(outcome(camera)), outcome(camera));
      JsonNode asked = stream
          .await(
              "a heartbeat that asks for an acknowledgement",
              event -> event.name().equals("heartbeat")
                  && event.data().get("acknowledge").asBoolean())
          .data();
      acknowledge(asked.get("position").asLong()).expect(200);
      assertEquals("acknowledged", outcome(camera));
    }
  }

  private String outcome(Unit unit) {
    return Patience.until("the withdrawal", () -> {
      for (JsonNode item : plant
          .person("GET", "/api/v1/devices/" + unit.id() + "/enforcements", null)
          .expect(200)
          .json()
          .get("items")) {
        if (item.get("point").asText().equals("feed-wall")) {
          return Optional.of(item.get("outcome").asText());
        }
      }
      return Optional.empty();
    });
  }

  private Answer acknowledge(Object position) {
    return plant.post(
        wall,
        "/feed/v1/feed-wall/acknowledgements",
        "application/json",
        BodyPublishers.ofString("{\"position\": " + position + "}"));
  }

  @Test
  void aPositionThatWasNotGivenOutIsRefused() {
    acknowledge(Long.MAX_VALUE).expect(422);
    acknowledge("\"1\"").expect(400);
    acknowledge("1.5").expect(400);
    acknowledge("99999999999999999999").expect(400);
  }

  @Test
  void nobodyElseSeesTheFeed() {
    Identity other =
        plant.enforcementPoint("feed-other", "nftables", settings(Map.of("segment", "feed")));
    for (String what : List.of("snapshot", "changes", "list.txt")) {
      plant.get(other, "/feed/v1/feed-wall/" + what).expect(404);
      plant.get(null, "/feed/v1/feed-wall/" + what).expect(401);
      plant.get(plant.enforcementPoint(), "/feed/v1/feed-gate/" + what).expect(403);
    }
    get("list.txt").expect(403);
    plant.get(wall, "/feed/v1/feed-wall/nothing").expect(404);
  }

  @Test
  void aPointThatIsRemovedIsCutOff() {
    Identity brief = plant.enforcementPoint("feed-brief", "nftables", settings(Map.of()));
    Patience.untilTrue(
        "its feed is there",
        () -> plant.get(brief, "/feed/v1/feed-brief/snapshot").status() == 200);
    try (EventStream stream = EventStream.open(wire, brief, "feed-brief", null)) {
      stream.await("snapshot");
      plant.person("DELETE", "/api/v1/enforcement-points/feed-brief", null).expect(204);
      Eventually.holds(Duration.ofSeconds(5), "the stream ends", stream::ended);
    }
  }

  @Test
  void aPointHasSoManyStreamsAndNoMore() {
    Identity many = plant.enforcementPoint("feed-many", "nftables", settings(Map.of()));
    Patience.untilTrue(
        "its feed is there",
        () -> plant.get(many, "/feed/v1/feed-many/snapshot").status() == 200);
    List<EventStream> open = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        open.add(EventStream.open(wire, many, "feed-many", null));
      }
      plant.get(many, "/feed/v1/feed-many/changes").expect(429);
      open.removeLast().close();
      Patience.until("a place is free", () -> {
        try {
          return Optional.of(open.add(EventStream.open(wire, many, "feed-many", null)));
        } catch (AssertionError full) {
          return Optional.empty();
        }
      });
    } finally {
      open.forEach(EventStream::close);
    }
  }

  @Test
  void aNameWithoutAnAddressIsSaid() {
    Identity blind = plant.enforcementPoint(
        "feed-blind", "nftables", Map.of("parameters", Map.of("segment", "feed")));
    Unit camera = plant.attested("feed-8");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.8", "feed");
    Patience.untilTrue("the name is said", () -> {
      Answer snapshot = plant.get(blind, "/feed/v1/feed-blind/snapshot");
      return snapshot.status() == 200
          && snapshot.json().get("unresolved").toString().contains("vms.plant.example");
    });
  }

  @Test
  void aListIsOneFlowClassWithAStrongTagAndADeclaredDelay() {
    Identity list = list("feed-list", Map.of("segment", "lists"));
    Unit camera = plant.attested("feed-9");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.9", "lists");
    Unit other = plant.attested("feed-10");
    other.token(Plant.VIDEO).expect(200);
    other.bind("198.51.100.10", "lists");
    Answer both = Patience.until("both addresses", () -> {
      Answer text = plant.get(list, "/feed/v1/feed-list/list.txt");
      return text.text().equals("198.51.100.9\n198.51.100.10\n")
          ? Optional.of(text)
          : Optional.empty();
    });
    assertEquals("PT1M", both.header("Sallyport-Declared-Delay"));
    assertEquals("private, max-age=30", both.header("Cache-Control"));
    Answer same = Answer.to(
        wire.client(list),
        wire.device("/feed/v1/feed-list/list.txt")
            .header("If-None-Match", both.header("ETag"))
            .GET()
            .build());
    same.expect(304);
    assertEquals(0, same.body().length);
    camera.become("quarantine").expect(200);
    Patience.untilTrue(
        "one address",
        () -> plant.get(list, "/feed/v1/feed-list/list.txt").text().equals("198.51.100.10\n"));
    Patience.untilTrue("the fetch confirmed it", () -> {
      plant.get(list, "/feed/v1/feed-list/list.txt").expect(200);
      return plant
          .person("GET", "/api/v1/devices/" + camera.id() + "/enforcements", null)
          .expect(200)
          .text()
          .contains("fetched its list");
    });
  }

  @Test
  void whoeverAsksForTheHeadOfAListHasNotFetchedIt() {
    Identity list = list("feed-head", Map.of("segment", "heads"));
    Unit camera = plant.attested("feed-14");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.14", "heads");
    Patience.untilTrue(
        "the list has it",
        () -> plant.get(list, "/feed/v1/feed-head/list.txt").text().equals("198.51.100.14\n"));
    camera.become("quarantine").expect(200);
    HttpRequest head = wire.device("/feed/v1/feed-head/list.txt").HEAD().build();
    Patience.untilTrue(
        "the list is empty",
        () -> Answer.to(wire.client(list), head)
            .expect(200)
            .header("Content-Length")
            .equals("0"));
    for (int i = 0; i < 3; i++) {
      Answer.to(wire.client(list), head).expect(200);
      assertFalse(isFetched(camera, "feed-head"));
    }
    String tag = Answer.to(wire.client(list), head).header("ETag");
    Patience.untilTrue("that the copy is the same confirmed it", () -> {
      Answer.to(
              wire.client(list),
              wire.device("/feed/v1/feed-head/list.txt")
                  .header("If-None-Match", tag)
                  .GET()
                  .build())
          .expect(304);
      return isFetched(camera, "feed-head");
    });
  }

  private boolean isFetched(Unit unit, String point) {
    return plant
        .person("GET", "/api/v1/devices/" + unit.id() + "/enforcements", null)
        .expect(200)
        .json()
        .get("items")
        .valueStream()
        .anyMatch(one ->
            one.get("point").asText().equals(point) && one.toString().contains("fetched its list"));
  }

  @Test
  void aListTakesNoGrantThatEndsSoonerThanItsDelay() {
    Identity slow = list("feed-slow", Map.of("segment", "delays", "worst_case_delay", "PT11M"));
    Unit camera = plant.attested("feed-11");
    camera.token(Plant.VIDEO).expect(200);
    camera.bind("198.51.100.11", "delays");
    Identity quick = list("feed-quick", Map.of("segment", "delays"));
    Patience.untilTrue(
        "the quick list has it",
        () -> plant.get(quick, "/feed/v1/feed-quick/list.txt").text().contains("198.51.100.11\n"));
    assertFalse(plant
        .get(slow, "/feed/v1/feed-slow/list.txt")
        .expect(200)
        .text()
        .contains("198.51.100.11\n"));
  }

  @Test
  void aListOverItsCapIsRefusedWholeAndRaisesAnAlarm() {
    Identity small = list("feed-small", Map.of("segment", "caps", "cap", "1"));
    for (int i = 12; i < 14; i++) {
      Unit camera = plant.attested("feed-" + i);
      camera.token(Plant.VIDEO).expect(200);
      camera.bind("198.51.100." + i, "caps");
    }
    Answer refused = Patience.until("the refusal", () -> {
      Answer text = plant.get(small, "/feed/v1/feed-small/list.txt");
      return text.status() == 507 ? Optional.of(text) : Optional.empty();
    });
    assertTrue(refused.text().contains("the point takes 1"), refused.text());
    String id = plant
        .person("GET", "/api/v1/enforcement-points/feed-small", null)
        .json()
        .get("id")
        .asText();
    assertEquals("1", plant.fact(id, "feed.over-cap").at("/detail/cap").asText());
  }

  private Identity list(String name, Map<String, String> more) {
    Map<String, String> parameters =
        new HashMap<>(Map.of("peer", "vms.plant.example", "protocol", "tcp", "port", "8554"));
    String delay = more.getOrDefault("worst_case_delay", "PT1M");
    more.forEach((key, value) -> {
      if (!key.equals("worst_case_delay")) {
        parameters.put(key, value);
      }
    });
    return plant.enforcementPoint(
        name,
        "list",
        Map.of(
            "peers",
            List.of("vms.plant.example"),
            "worst_case_delay",
            delay,
            "parameters",
            parameters));
  }
}
