package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

@QuarkusTest
class PolicyAnalysisWireTest extends ServerTest {
  @Test
  void whatIsInVainIsSaidAndWhoReachesWhat() {
    try (Plant plant = Plant.open(wire, "analysis")) {
      plant.policySpec("""
          allow:
            - {name: wide, peer: 10.66.0.0/16, protocol: tcp, ports: ["1-1024"]}
            - {name: narrow, peer: 10.66.1.0/24, protocol: tcp, ports: [443]}
            - {name: ping, peer: 10.66.0.0/16, protocol: icmp, icmpTypes: [echo-request]}
          grant: {ttl: PT10M}
          """);
      Unit one = plant.attested("analysis-1");
      Unit two = plant.attested("analysis-2");
      two.become("suspend").expect(200);

      JsonNode finding = finding(plant, "narrow").orElseThrow();
      assertEquals("covered", finding.get("kind").asText());
      assertEquals("policy analysis: wide", finding.get("by").get(0).asText());
      assertTrue(finding(plant, "wide").isEmpty());

      String reach = "/api/v1/policy-sets/reach?peer=10.66.7.7&protocol=";
      List<String> devices = Patience.until(
          "the fleet is certain",
          () -> reaching(plant, reach + "tcp&port=22").filter(found -> found.contains(one.id())));
      assertTrue(!devices.contains(two.id()));
      assertTrue(
          reaching(plant, reach + "icmp&icmpType=echo-request").orElseThrow().contains(one.id()));
      assertTrue(!reaching(plant, reach + "icmp&icmpType=13").orElseThrow().contains(one.id()));
      assertTrue(!reaching(plant, reach + "tcp&port=22&direction=to-device")
          .orElseThrow()
          .contains(one.id()));
      for (String bad : List.of(
          "sctp&port=1",
          "tcp",
          "tcp&port=70000",
          "tcp&port=1&icmpType=8",
          "icmp&icmpType=ping",
          "tcp&port=1&direction=up")) {
        plant.person("GET", reach + bad, null).expect(400);
      }
    }
  }

  private static Optional<JsonNode> finding(Plant plant, String rule) {
    JsonNode analysis =
        plant.person("GET", "/api/v1/policy-sets/analysis", null).expect(200).json();
    for (JsonNode finding : analysis.get("findings")) {
      if (finding.get("policy").asText().equals(plant.name())
          && finding.get("rule").asText().equals(rule)) {
        return Optional.of(finding);
      }
    }
    return Optional.empty();
  }

  /** Empty while it is not known for certain. */
  private static Optional<List<String>> reaching(Plant plant, String query) {
    List<String> devices = new ArrayList<>();
    String cursor = "";
    do {
      var answer = plant.person("GET", query + cursor, null);
      if (answer.status() == 503) {
        return Optional.empty();
      }
      JsonNode page = answer.expect(200).json();
      page.get("items").forEach(item -> devices.add(item.get("device").asText()));
      cursor = page.get("next").isNull() ? "" : "&cursor=" + page.get("next").asText();
    } while (!cursor.isEmpty());
    return Optional.of(devices);
  }
}
