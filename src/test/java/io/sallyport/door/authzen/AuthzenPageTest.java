package io.sallyport.door.authzen;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.config.EncoderConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.config.SSLConfig;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.http.conn.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * AuthZEN as it is on the wire: each {@code NAME.request} gets what is in {@code NAME.answer}. There, {@code "*"} stands for
 * any value that is not empty; all else is exactly so, with no field more.
 */
@QuarkusTest
class AuthzenPageTest extends ServerTest {
  private static final Path PAGE = Path.of("src/test/resources/authzen");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern ITEMS = Pattern.compile("\\$\\{(\\d+) items}");
  private static final int UNAVAILABLE = 503;

  private final Map<String, @Nullable Identity> callers = new HashMap<>();
  private final Map<String, String> words = new HashMap<>();

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant != null) {
      return;
    }
    plant = Plant.open(wire, "authzen-page");
    plant.policySpec("""
        posture:
          executables: {tier: warning, assurance: signed-software}
        allow:
          - {peer: vms.page.example, protocol: tcp, ports: [8554]}
          - {peer: 10.77.0.0/16, protocol: udp, ports: ["5000-5010"]}
          - {peer: 10.77.0.0/16, protocol: icmp, icmpTypes: [echo-request]}
        grant: {ttl: PT10M}
        network: {vlan: 42, filterId: cameras}
        otherwise: {quarantineVlan: 666}
        """);
    Unit camera = plant.attested("P-1");
    Unit quarantined = plant.attested("P-2");
    quarantined.become("quarantine").expect(200);
    words.put("camera", camera.id());
    words.put("camera-thumbprint", camera.thumbprint());
    words.put(
        "camera-base64url",
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(HexFormat.of().parseHex(camera.thumbprint())));
    words.put("quarantined", quarantined.id());
    words.put("pdp", wire.devices());
    callers.put("nobody", null);
    callers.put("device", camera.identity());
    callers.put("gate", plant.enforcementPoint());
    callers.put("elsewhere", gate("elsewhere", Map.of("sites", List.of("elsewhere"))));
    callers.put("other-peer", gate("other-peer", Map.of("peers", List.of("other.example"))));
    callers.put("prefix", gate("prefix", Map.of("peers", List.of("10.77.3.0/24"))));
  }

  private Identity gate(String name, Map<String, ?> settings) {
    return plant.enforcementPoint("authzen-page-" + name, "authzen", settings);
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  static Stream<String> page() throws IOException {
    try (Stream<Path> files = Files.list(PAGE)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".request"))
          .map(name -> name.substring(0, name.lastIndexOf('.')))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("page")
  void answersAsWritten(String name) throws IOException {
    Message request = Message.of(filled(Files.readString(PAGE.resolve(name + ".request"))));
    Message expected = Message.of(filled(Files.readString(PAGE.resolve(name + ".answer"))));
    // What another test does to its devices may leave the fleet in doubt for a moment.
    Response answer = Patience.until(
        "an answer",
        () -> Optional.of(send(request)).filter(given -> given.statusCode() != UNAVAILABLE));

    assertEquals(expected.first, Integer.toString(answer.statusCode()), answer.asString());
    expected.headers.forEach((header, value) -> assertEquals(value, answer.header(header), header));
    if (expected.headers.getOrDefault("Content-Type", "").equals("application/json")) {
      assertSame("", JSON.readTree(expected.body), JSON.readTree(answer.asByteArray()));
    } else {
      assertEquals(expected.body, answer.asString());
    }
  }

  private Response send(Message message) {
    String[] line = message.first.split(" ", 2);
    Map<String, String> headers = new HashMap<>(message.headers);
    Identity caller = callers.get(headers.remove("As"));
    RequestSpecification request = given()
        .config(RestAssuredConfig.config()
            .encoderConfig(EncoderConfig.encoderConfig()
                .appendDefaultContentCharsetToContentTypeIfUndefined(false)
                .encodeContentTypeAs("text/plain", io.restassured.http.ContentType.TEXT))
            .sslConfig(
                SSLConfig.sslConfig().sslSocketFactory(new SSLSocketFactory(wire.tls(caller)))))
        .baseUri(wire.devices())
        .headers(headers);
    if (!message.body.isEmpty()) {
      request.body(message.body);
    }
    return request.request(line[0], line[1]);
  }

  private String filled(String text) {
    String filled = ITEMS
        .matcher(text)
        .replaceAll(
            (MatchResult items) -> "{}" + ", {}".repeat(Integer.parseInt(items.group(1)) - 1));
    for (Map.Entry<String, String> word : words.entrySet()) {
      filled = filled.replace("${" + word.getKey() + "}", word.getValue());
    }
    return filled;
  }

  private static void assertSame(String where, JsonNode expected, JsonNode found) {
    if (expected.isTextual() && expected.textValue().equals("*")) {
      assertTrue(
          found.isNumber() || !found.asText().isEmpty() || !found.isEmpty(), where + " is empty");
    } else if (expected.isObject()) {
      assertEquals(names(expected), names(found), where);
      expected
          .properties()
          .forEach(field -> assertSame(
              where + "/" + field.getKey(), field.getValue(), found.get(field.getKey())));
    } else if (expected.isArray()) {
      assertEquals(expected.size(), found.size(), where + ": " + found);
      for (int i = 0; i < expected.size(); i++) {
        assertSame(where + "/" + i, expected.get(i), found.get(i));
      }
    } else {
      assertEquals(expected, found, where);
    }
  }

  private static List<String> names(JsonNode object) {
    return object.properties().stream().map(Map.Entry::getKey).sorted().toList();
  }

  /** A first line, headers, an empty line, and a body. */
  private record Message(String first, Map<String, String> headers, String body) {
    static Message of(String text) {
      int gap = text.indexOf("\n\n");
      List<String> head = text.substring(0, gap).lines().toList();
      Map<String, String> headers = new HashMap<>();
      for (String line : head.subList(1, head.size())) {
        int colon = line.indexOf(": ");
        headers.put(line.substring(0, colon), line.substring(colon + 2));
      }
      return new Message(head.getFirst(), headers, text.substring(gap + 2));
    }
  }
}
