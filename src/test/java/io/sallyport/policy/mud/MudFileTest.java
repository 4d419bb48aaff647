package io.sallyport.policy.mud;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.mud.MudFile.Entry;
import io.sallyport.policy.mud.MudPolicy.Terms;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MudFileTest {
  private static final Map<String, List<String>> HERE = Map.of(
      "my-controller", List.of("vms.plant.example"), "local-networks", List.of("10.0.0.0/8"));

  @Test
  void whatTheDeviceOpensAndWhatOpensToItIsReadAndAnswersAreLeftOut() {
    MudFile file = read(camera());
    assertEquals("https://acme.example/mud/cam1.json", file.url());
    assertEquals(Instant.parse("2026-09-01T10:00:00Z"), file.lastUpdate());
    assertTrue(file.supported());
    assertEquals(
        List.of(
            "Updates (TLS) FROM_DEVICE updates.acme.example [tcp] [443]",
            "time FROM_DEVICE 10.20.0.0/16 [udp] [123-124]",
            "controller FROM_DEVICE my-controller [tcp] [8554]",
            "rtsp TO_DEVICE local-networks [tcp] [554]"),
        file.entries().stream().map(MudFileTest::words).toList());
  }

  @Test
  void aPolicyPermitsExactlyThat() {
    assertEquals("""
        # Made from https://acme.example/mud/cam1.json, last updated 2026-09-01T10:00:00Z
        # Acme camera 1
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: "cameras"}
        spec:
          selector: {profile: "camera"}
          allow:
            - {name: updates-tls, peer: "updates.acme.example", protocol: tcp, ports: ["443"]}
            - {name: time, peer: "10.20.0.0/16", protocol: udp, ports: ["123-124"]}
            - {name: controller, peer: "vms.plant.example", protocol: tcp, ports: ["8554"]}
            - {name: rtsp, peer: "10.0.0.0/8", protocol: tcp, ports: ["554"], direction: to-device}
          grant: {ttl: PT10M}
        """, MudPolicy.document(read(camera()), terms(HERE)));
  }

  @Test
  void whatOnlyTheNetworkCanTellIsLeftToSegments() {
    String document = MudPolicy.document(read(camera()), terms(Map.of()));
    assertTrue(
        document.contains(
            "- {name: controller, peer: {mud: \"my-controller\"}, protocol: tcp, ports: [\"8554\"]}"),
        document);
    assertTrue(document.contains("peer: {mud: \"local-networks\"}"), document);
    PolicySet.compile(List.of(document));
  }

  /** What stands in the good file, what stands there instead, and what is said of it. */
  @ParameterizedTest(name = "{2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"mud-version\": 1           | \"mud-version\": 2              | /ietf-mud:mud/mud-version must be a whole number from 1 to 1",
        "\"mud-version\": 1,          | \"mud-version\": 1, \"x\": 1,   | /ietf-mud:mud/x is not supported",
        "https://acme.example/mud/cam1.json | http://acme.example/cam1  | /ietf-mud:mud/mud-url must be an https URL with a path",
        "\"protocol\": 17             | \"protocol\": 6                 | names two protocols",
        "10.20.0.0/16                 | 10.20.0.1/16                    | must be an ipv4 prefix without bits behind its length",
        "\"upper-port\": 124          | \"upper-port\": 70000           | upper-port must be a whole number from 123 to 65535",
        "{\"name\": \"to-v4\"}        | {\"name\": \"other\"}           | names an access list that the file does not have",
        "\"forwarding\": \"accept\"   | \"forwarding\": \"drop\"        | must be accept",
        "{\"my-controller\": [null]}  | {\"my-controller\": true}       | /my-controller must be [null]",
        "\"operator\": \"eq\"         | \"operator\": \"neq\"           | must be eq, lte, gte or range",
        "\"is-supported\": true,      | \"is-supported\": true, \"is-supported\": false, | The file is not JSON",
        "Updates.Acme.example         | -bad-.example                   | must be a DNS name"
      })
  void whatIsNotAsItMustBeIsRefusedWithItsPlace(String good, String bad, String said) {
    String file = camera()
        .replaceFirst(
            java.util.regex.Pattern.quote(good), java.util.regex.Matcher.quoteReplacement(bad));
    assertFalse(file.equals(camera()), "the good file has it");
    Refusal refusal = assertThrows(Refusal.class, () -> read(file));
    assertEquals(MudProblem.INVALID_MUD, refusal.problem());
    assertTrue(refusal.detail().contains(said), refusal.detail());
  }

  @Test
  void whatIsTooLargeOrTooDeepIsRefused() {
    assertThrows(Refusal.class, () -> MudFile.read(new byte[MudFile.MOST_OCTETS + 1]));
    assertThrows(Refusal.class, () -> read("[".repeat(100_000)));
    assertThrows(Refusal.class, () -> read("[]"));
    assertThrows(Refusal.class, () -> read(""));
  }

  @Test
  void whatIsExportedIsReadAgainAsItWas() {
    List<AllowedFlow> flows = List.of(
        new AllowedFlow("vms.plant.example", "tcp", List.of("8554", "9000-9010")),
        new AllowedFlow("10.20.0.0/16", "udp", List.of("123")),
        new AllowedFlow("2001:db8::/32", "icmp", List.of()),
        new AllowedFlow("a.example", "icmp", List.of("v4:8", "v6:128-129")),
        new AllowedFlow("10.0.0.0/8", "icmp", List.of("13")),
        new AllowedFlow("10.0.0.0/8", "tcp", List.of("554"), Direction.TO_DEVICE));
    Instant now = Instant.parse("2026-11-22T10:00:00Z");
    String exported = MudExport.file("https://plant.example/mud/x", "Acme Cam 1", now, flows);
    MudFile file = read(exported);
    assertEquals(
        List.of(
            "flow-1 FROM_DEVICE vms.plant.example [tcp] [8554]",
            "flow-2 FROM_DEVICE vms.plant.example [tcp] [9000-9010]",
            "flow-3 FROM_DEVICE 10.20.0.0/16 [udp] [123]",
            "flow-4 FROM_DEVICE a.example [icmp] [] [v4:8]",
            "flow-5 FROM_DEVICE 10.0.0.0/8 [icmp] [] [v4:13]",
            "flow-1 FROM_DEVICE vms.plant.example [tcp] [8554]",
            "flow-2 FROM_DEVICE vms.plant.example [tcp] [9000-9010]",
            "flow-3 FROM_DEVICE 2001:db8::/32 [icmp] []",
            "flow-4 FROM_DEVICE a.example [icmp] [] [v6:128]",
            "flow-5 FROM_DEVICE a.example [icmp] [] [v6:129]",
            "flow-6 TO_DEVICE 10.0.0.0/8 [tcp] [554]"),
        file.entries().stream().map(MudFileTest::words).toList());
    assertEquals(now, file.lastUpdate());
  }

  private static Terms terms(Map<String, List<String>> mapping) {
    return new Terms("cameras", "camera", mapping, Duration.ofMinutes(10));
  }

  private static String words(Entry entry) {
    return entry.name() + " " + entry.direction() + " " + entry.peer() + " " + entry.protocols()
        + " " + entry.ports() + (entry.icmpTypes().isEmpty() ? "" : " " + entry.icmpTypes());
  }

  private static MudFile read(String text) {
    return MudFile.read(text.getBytes(StandardCharsets.UTF_8));
  }

  static String camera() {
    try {
      return Files.readString(Path.of("src/test/resources/mud/camera.json"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
