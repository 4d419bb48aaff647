package io.sallyport.door.authzen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.decision.DrivenClock;
import io.sallyport.decision.MemoryFleet;
import io.sallyport.devices.DeviceState;
import io.sallyport.door.authzen.EvaluationReader.Body;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicySet;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Searches against evaluations one by one, on small worlds in which things often meet. */
class SearchPropertyTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> PROFILES = List.of("camera", "pump");
  private static final List<String> SITES = List.of("s1", "s2");
  private static final List<String> ALLOWED =
      List.of("a.example", "b.example", "10.0.0.0/15", "10.0.1.0/24", "10.0.1.7");
  private static final List<String> GUARDED = List.of("A.example", "10.0.0.0/16", "10.0.1.0/25");
  private static final List<String> ASKED =
      List.of("a.example", "b.example", "10.0.0.1", "10.0.1.7", "10.0.1.200", "10.1.0.1");
  private static final List<Integer> PORTS = List.of(22, 443, 500, 8080);

  private final DrivenClock clock = new DrivenClock(Instant.parse("2026-11-22T12:00:00Z"));

  @Property(tries = 400)
  void aSearchFindsWhatEvaluationsPermit(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    List<String> documents = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      documents.add(document("p" + i, random));
    }
    MemoryFleet fleet = new MemoryFleet(clock, PolicySet.compile(documents));
    List<UUID> devices = new ArrayList<>();
    for (int i = random.nextInt(12); i > 0; i--) {
      devices.add(put(fleet, random));
    }
    EnforcementPoint gate = gate(random);
    Evaluator evaluator = new Evaluator(fleet.decisions(), clock);
    Searches searches = new Searches(fleet.decisions(), fleet.search());
    devices.add(new UUID(1, 1));
    for (String peer : ASKED) {
      for (int port : PORTS) {
        boolean byCertificate = random.nextBoolean();
        String question =
            "\"action\":{\"name\":\"connect\"},\"resource\":{\"type\":\"service\",\"id\":\"" + peer
                + "\",\"properties\":{\"protocol\":\"tcp\",\"port\":" + port + "}}";
        Set<String> permitted = new TreeSet<>();
        for (UUID device : devices) {
          String subject = subject(device, byCertificate);
          boolean permit = JSON.readTree(
                  evaluator.evaluation(octets("{" + subject + "," + question + "}"), gate))
              .get("decision")
              .asBoolean();
          if (permit) {
            permitted.add(id(device, byCertificate));
          }
          assertEquals(
              permit,
              !results(searches.actions(body("{" + subject + "," + question + "}"), gate))
                  .isEmpty(),
              "search for actions");
          assertEquals(
              permit,
              resources(searches, device, byCertificate, gate, random).stream()
                  .anyMatch(service -> covers(service, peer, port)),
              "search for resources");
        }
        assertEquals(
            permitted, subjects(searches, question, byCertificate, gate, random), "for subjects");
      }
    }
  }

  @Test
  void whatIsNotCertainIsAnErrorAndNeverAPart() throws Exception {
    MemoryFleet fleet = new MemoryFleet(clock, PolicySet.compile(List.of()));
    Searches searches = new Searches(fleet.decisions(), fleet.search());
    UUID device = put(fleet, new Random(1));
    Body asked = body("{" + subject(device, false)
        + ",\"action\":{\"name\":\"connect\"},\"resource\":{\"type\":\"service\",\"id\":\"a.example\","
        + "\"properties\":{\"protocol\":\"tcp\",\"port\":22}}}");
    EnforcementPoint gate = gate(PointSettings.NONE);
    fleet.doubt(device);
    assertUnavailable(() -> searches.subjects(asked, gate));
    assertUnavailable(() -> searches.resources(asked, gate));
    assertUnavailable(() -> searches.actions(asked, gate));
    MemoryFleet stale = new MemoryFleet(clock, PolicySet.compile(List.of()));
    clock.advance(Duration.ofSeconds(6));
    assertUnavailable(() -> new Searches(stale.decisions(), stale.search()).subjects(asked, gate));
  }

  @Test
  void aTokenIsOfItsOwnSearchAndPoliciesOnly() throws Exception {
    Random random = new Random(2);
    MemoryFleet fleet = new MemoryFleet(clock, PolicySet.compile(List.of(open("p1"))));
    Searches searches = new Searches(fleet.decisions(), fleet.search());
    for (int i = 0; i < 3; i++) {
      fleet.put(new UUID(7, i), "camera", "s1", Map.of(), DeviceState.ACTIVE, true);
    }
    EnforcementPoint gate = gate(PointSettings.NONE);
    String asked = "{\"subject\":{\"type\":\"device\"},\"action\":{\"name\":\"connect\"},"
        + "\"page\":{\"limit\":2,\"token\":\"TOKEN\"},\"resource\":{\"type\":\"service\","
        + "\"id\":\"a.example\",\"properties\":{\"protocol\":\"tcp\",\"port\":22}}}";
    JsonNode first = JSON.valueToTree(searches.subjects(body(asked.replace("TOKEN", "")), gate));
    assertEquals(2, first.get("results").size());
    String token = first.at("/page/next_token").asText();
    assertTrue(token.length() > 16, token);
    JsonNode second =
        JSON.valueToTree(searches.subjects(body(asked.replace("TOKEN", token)), gate));
    assertEquals(1, second.get("results").size());
    assertEquals("", second.at("/page/next_token").asText());
    for (String other : List.of("x", token.substring(0, 16), token.replace(token.charAt(0), 'g'))) {
      assertMalformed(() -> searches.subjects(body(asked.replace("TOKEN", other)), gate));
    }
    assertMalformed(
        () -> searches.subjects(body(asked.replace("TOKEN", token).replace("22", "23")), gate));
    fleet.policies(PolicySet.compile(List.of(open("p1"), document("p2", random))));
    assertMalformed(() -> searches.subjects(body(asked.replace("TOKEN", token)), gate));
  }

  private UUID put(MemoryFleet fleet, Random random) {
    UUID id = new UUID(random.nextLong(), random.nextLong());
    DeviceState state = random.nextInt(4) > 0 ? DeviceState.ACTIVE : DeviceState.QUARANTINED;
    fleet.put(
        id,
        one(PROFILES, random),
        one(SITES, random),
        random.nextBoolean() ? Map.of("zone", "a") : Map.of(),
        state,
        random.nextInt(4) > 0);
    return id;
  }

  private static String open(String name) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          allow:
            - {peer: a.example, protocol: tcp, ports: [22]}
        """.formatted(name);
  }

  private static String document(String name, Random random) {
    StringBuilder allow = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      allow
          .append("    - {peer: \"")
          .append(one(ALLOWED, random))
          .append("\", protocol: ")
          .append(random.nextInt(5) > 0 ? "tcp" : "udp")
          .append(", ports: [")
          .append(random.nextBoolean() ? "22, 443" : "\"443-600\"")
          .append("]}\n");
    }
    String selector = switch (random.nextInt(4)) {
      case 0 -> "{}";
      case 1 -> "{profile: " + one(PROFILES, random) + "}";
      case 2 -> "{site: " + one(SITES, random) + "}";
      default -> "{labels: {zone: a}}";
    };
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          selector: %s
          allow:
        """.formatted(name, selector) + allow;
  }

  private EnforcementPoint gate(Random random) {
    return gate(new PointSettings(
        random.nextBoolean() ? Set.of() : Set.of(one(SITES, random)),
        random.nextBoolean() ? List.of() : List.of(one(GUARDED, random), one(GUARDED, random)),
        Map.of(),
        null,
        Map.of()));
  }

  private EnforcementPoint gate(PointSettings settings) {
    return new EnforcementPoint(
        new UUID(0, 9), "gate", PointKind.AUTHZEN, settings, clock.instant());
  }

  private static byte[] octets(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Body body(String text) {
    return EvaluationReader.read(octets(text), 0);
  }

  private static <T> T one(List<T> of, Random random) {
    return of.get(random.nextInt(of.size()));
  }

  private static String id(UUID device, boolean byCertificate) {
    return byCertificate ? MemoryFleet.thumbprint(device).hex() : device.toString();
  }

  private static String subject(UUID device, boolean byCertificate) {
    return "\"subject\":{\"type\":\"" + (byCertificate ? "certificate" : "device") + "\",\"id\":\""
        + id(device, byCertificate) + "\"}";
  }

  /** All pages of a search for subjects. */
  private static Set<String> subjects(
      Searches searches,
      String question,
      boolean byCertificate,
      EnforcementPoint gate,
      Random random)
      throws Exception {
    String type = byCertificate ? "certificate" : "device";
    Set<String> found = new TreeSet<>();
    String token = "";
    do {
      JsonNode page = JSON.valueToTree(searches.subjects(
          body("{\"subject\":{\"type\":\"" + type + "\",\"id\":7}," + page(token, random) + question
              + "}"),
          gate));
      page.get("results").forEach(each -> {
        assertEquals(type, each.get("type").asText());
        assertTrue(found.add(each.get("id").asText()), "found twice");
      });
      token = page.at("/page/next_token").asText();
    } while (!token.isEmpty());
    return found;
  }

  private static List<JsonNode> resources(
      Searches searches, UUID device, boolean byCertificate, EnforcementPoint gate, Random random)
      throws Exception {
    List<JsonNode> found = new ArrayList<>();
    Set<JsonNode> once = new HashSet<>();
    String token = "";
    do {
      JsonNode page = JSON.valueToTree(searches.resources(
          body("{" + subject(device, byCertificate) + "," + page(token, random)
              + "\"action\":{\"name\":\"connect\"},\"resource\":{\"type\":\"service\"}}"),
          gate));
      page.get("results").forEach(each -> {
        found.add(each);
        assertTrue(once.add(each), "found twice");
      });
      token = page.at("/page/next_token").asText();
    } while (!token.isEmpty());
    return found;
  }

  private static String page(String token, Random random) {
    return "\"page\":{\"token\":\"" + token + "\",\"limit\":" + (1 + random.nextInt(5)) + "},";
  }

  private static List<?> results(Map<String, Object> answer) {
    return (List<?>) Objects.requireNonNull(answer.get("results"));
  }

  private static boolean covers(JsonNode service, String peer, int port) {
    String found = service.get("id").asText();
    IpPrefix prefix = IpPrefix.parse(found);
    IpPrefix address = IpPrefix.parseAddress(peer);
    boolean samePeer =
        prefix == null ? found.equalsIgnoreCase(peer) : address != null && prefix.covers(address);
    if (!samePeer || !service.at("/properties/protocol").asText().equals("tcp")) {
      return false;
    }
    for (JsonNode ports : service.at("/properties/ports")) {
      String[] range = ports.asText().split("-", -1);
      if (port >= Integer.parseInt(range[0]) && port <= Integer.parseInt(range[range.length - 1])) {
        return true;
      }
    }
    return false;
  }

  /** Something that may throw whatever reading JSON throws. */
  private interface Asking {
    @Nullable
    Object ask() throws Exception;
  }

  private static void assertUnavailable(Asking asking) {
    assertEquals(
        CommonProblem.UNAVAILABLE, assertThrows(Refusal.class, asking::ask).problem());
  }

  private static void assertMalformed(Asking asking) {
    assertEquals(
        CommonProblem.MALFORMED, assertThrows(Refusal.class, asking::ask).problem());
  }
}
