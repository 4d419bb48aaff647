package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.cli.GrantTable.Difference;
import io.sallyport.cli.GrantTable.Element;
import io.sallyport.kernel.IpPrefix;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrantTableTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

  private final GrantTable table = new GrantTable();

  private static FeedEntry entry(String id, String to, String ports, long seconds) {
    ObjectNode json = Json.object()
        .put("id", id)
        .put("source", "10.0.0.1")
        .put("destination", to)
        .put("protocol", "tcp")
        .put("ports", ports)
        .put("expires_at", NOW.plusSeconds(seconds).toString());
    return FeedEntry.of(json);
  }

  /** Until when the elements let this through; more than one element for it fails. */
  private Instant until(String address, int port) {
    BigInteger asked = FeedEntry.number(Objects.requireNonNull(IpPrefix.parseAddress(address)));
    List<Instant> fitting = new ArrayList<>();
    table.elements().forEach((element, end) -> {
      if (element.first().compareTo(asked) <= 0
          && element.last().compareTo(asked) >= 0
          && element.firstPort() <= port
          && element.lastPort() >= port) {
        fitting.add(end);
      }
    });
    assertTrue(fitting.size() <= 1, "elements overlap: " + fitting);
    return fitting.isEmpty() ? Instant.MIN : fitting.getFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.0.1, 80, 60",
    "10.1.0.1, 90, 60",
    "10.1.0.1, 100, 60",
    "10.1.0.1, 101, -1",
    "10.1.2.3, 80, 60",
    "10.1.2.3, 85, 300",
    "10.1.2.3, 443, 300",
    "10.1.2.4, 85, 60",
    "10.2.0.0, 80, -1",
    "10.0.255.255, 80, -1"
  })
  void overlappingEntriesBecomePiecesThatDoNot(String address, int port, long seconds) {
    table.put(entry("wide", "10.1.0.0/16", "80-100", 60));
    table.put(entry("narrow", "10.1.2.3", "85-443", 300));
    table.put(entry("same", "10.1.2.3", "85-443", 30));
    table.settle();
    assertEquals(seconds < 0 ? Instant.MIN : NOW.plusSeconds(seconds), until(address, port));
  }

  @Test
  void aChangeNamesOnlyWhatChanges() {
    table.put(entry("a", "10.1.0.1", "80", 60));
    table.put(entry("b", "10.1.0.2", "80", 60));
    assertEquals(2, table.settle().now().size());
    assertTrue(table.settle().isEmpty());
    table.remove("a");
    Difference removed = table.settle();
    assertEquals(1, removed.gone().size());
    assertEquals(Map.of(), removed.now());
    table.put(entry("b", "10.1.0.2", "80", 90));
    Difference prolonged = table.settle();
    assertEquals(prolonged.gone(), prolonged.now().keySet());
    assertEquals(List.of(NOW.plusSeconds(90)), List.copyOf(prolonged.now().values()));
  }

  @Test
  void whatOneEntryLosesAnotherKeeps() {
    table.put(entry("a", "10.1.0.1", "80", 60));
    table.put(entry("b", "10.1.0.1", "80", 30));
    table.settle();
    table.remove("a");
    Difference shorter = table.settle();
    assertEquals(List.of(NOW.plusSeconds(30)), List.copyOf(shorter.now().values()));
    Element only = shorter.gone().iterator().next();
    assertEquals("10.0.0.1", only.source());
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "all",
      value = {
        "10.0.0.1, 10.1.0.1, all, 8-8",
        "10.0.0.1, 10.1.0.1, 8, 8-8",
        "10.0.0.1, 10.1.0.1, 13, 13-13",
        "10.0.0.1, 10.1.0.1, 0-255, 0-7 8-8 9-255",
        "fd00::1, fd00::2, all, 128-128",
        "fd00::1, fd00::2, 8, 8-8",
        "fd00::1, fd00::2, 127-129, 127-127 128-128 129-129"
      })
  void echoRequestsStandAloneAndAllOfIcmpIsThem(
      String source, String destination, @Nullable String types, String pieces) {
    ObjectNode json = Json.object()
        .put("id", "a")
        .put("source", source)
        .put("destination", destination)
        .put("protocol", "icmp")
        .put("expires_at", NOW.plusSeconds(60).toString());
    if (types != null) {
      json.put("icmp_types", types);
    }
    table.put(FeedEntry.of(json));
    assertEquals(
        pieces,
        table.settle().now().keySet().stream()
            .map(element -> element.firstPort() + "-" + element.lastPort())
            .collect(Collectors.joining(" ")));
  }

  @ParameterizedTest
  @CsvSource({
    "source, 10.0.0.1/8",
    "source, fe80::1%eth0",
    "destination, vms.plant.example",
    "destination, 2001:db8::/32",
    "protocol, esp",
    "ports, 90-80",
    "ports, 70000",
    "ports, x",
    "expires_at, tomorrow",
    "id, ''"
  })
  void whatNoFeedGivesOutIsRefused(String field, String value) {
    ObjectNode json = Json.object()
        .put("id", "a")
        .put("source", "10.0.0.1")
        .put("destination", "10.1.0.1")
        .put("protocol", "tcp")
        .put("ports", "80")
        .put("expires_at", NOW.toString());
    assertFalse(FeedEntry.of(json).isEssential());
    json.put(field, value);
    assertThrows(Failure.class, () -> FeedEntry.of(json));
  }
}
