package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class PeopleFrontTest extends ServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DEVICES = "/api/v1/devices";
  private static final String MAKER = "people-front-maker";

  private boolean prepared;

  @BeforeEach
  void manufacturer() {
    if (prepared) {
      return;
    }
    prepared = true;
    wire.register(TestPki.manufacturer(MAKER));
    wire.document("/api/v1/profiles/people-front", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: people-front}
        spec:
          certificateProfiles: [device]
        """);
  }

  @Test
  void aRepeatedRequestWithItsKeyGetsTheFirstAnswer() throws IOException {
    HttpResponse<byte[]> first = post(DEVICES, device("repeat-1"), "repeat");
    HttpResponse<byte[]> second = post(DEVICES, device("repeat-1"), "repeat");
    assertEquals(201, first.statusCode());
    assertEquals(201, second.statusCode());
    assertEquals(JSON.readTree(first.body()), JSON.readTree(second.body()));
    assertTrue(first.headers().firstValue("Idempotency-Replayed").isEmpty());
    assertEquals("true", second.headers().firstValue("Idempotency-Replayed").orElseThrow());
  }

  @Test
  void aSecretIsToldAgainToWhoeverRepeatsTheRequest() throws IOException {
    String id =
        JSON.readTree(post(DEVICES, device("secret-1"), null).body()).get("id").asText();
    String body = "{\"device\":\"" + id + "\"}";
    JsonNode first =
        JSON.readTree(post("/api/v1/enrollment-tokens", body, "secret").body());
    JsonNode second =
        JSON.readTree(post("/api/v1/enrollment-tokens", body, "secret").body());
    JsonNode other =
        JSON.readTree(post("/api/v1/enrollment-tokens", body, "another").body());
    assertFalse(first.get("token").asText().isEmpty());
    assertEquals(first, second);
    assertNotEquals(first.get("token"), other.get("token"));
  }

  @Test
  void aKeyThatWasUsedForAnotherRequestIsRefused() throws IOException {
    post(DEVICES, device("reused-1"), "reused");
    refused(422, "idempotency-key-reused", post(DEVICES, device("reused-2"), "reused"));
  }

  @Test
  void aRefusedRequestMayBeSentAgainWithItsKey() throws IOException {
    JsonNode device = JSON.readTree(post(DEVICES, device("later-1"), null).body());
    String path = DEVICES + "/" + device.get("id").asText();
    refused(409, "wrong-state", post(path + "/release", "{\"reason\":\"test\"}", "later"));
    assertEquals(200, post(path + "/suspend", "{\"reason\":\"test\"}", null).statusCode());
    assertEquals(200, post(path + "/release", "{\"reason\":\"test\"}", "later").statusCode());
  }

  @Test
  void ofManyEqualRequestsAtOnceOneActs() throws Exception {
    Set<JsonNode> answers = new HashSet<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<HttpResponse<byte[]>>> running = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        running.add(clients.submit(() -> post(DEVICES, device("parallel-1"), "parallel")));
      }
      for (Future<HttpResponse<byte[]>> one : running) {
        assertEquals(201, one.get().statusCode());
        answers.add(JSON.readTree(one.get().body()));
      }
    }
    assertEquals(1, answers.size());
  }

  @Test
  void whoeverShowsNoTokenOrAWrongOneIsAskedForIt() throws IOException {
    URI uri = URI.create(wire.people() + DEVICES);
    HttpResponse<byte[]> none = wire.send(null, HttpRequest.newBuilder(uri).build());
    refused(401, "unauthenticated", none);
    assertTrue(none.headers().firstValue("WWW-Authenticate").orElseThrow().startsWith("Bearer"));
    refused(
        401,
        "unauthenticated",
        wire.send(
            null,
            HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + "x".repeat(43))
                .build()));
    refused(
        401,
        "unauthenticated",
        wire.send(null, HttpRequest.newBuilder(URI.create(wire.people() + "/q")).build()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"colour\":1} | 400 | malformed | The field \"colour\" is not known here.",
        "{\"model\":\"a\",\"model\":\"b\"} | 400 | malformed | The field \"model\" is given twice.",
        "{\"model\": | 400 | malformed | The body is not the JSON object that is expected here at line 1, column 10.",
        "null | 400 | malformed | The request has no body; send one JSON object.",
        "{} | 400 | malformed | The field \"manufacturer\" is missing."
      })
  void aBodyThatCannotBeReadIsRefusedInOneSentence(
      String body, int status, String slug, String sentence) throws IOException {
    assertEquals(
        sentence, refused(status, slug, post(DEVICES, body, null)).get("detail").asText());
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v1/devices/no-uuid, 404, not-found",
    "/api/v1/devices/0199f0a0-0000-7000-8000-000000000001, 404, unknown-device",
    "/api/v1/devices?cursor=x, 400, malformed",
    "/api/v1/devices?limit=1001, 400, malformed",
    "/api/v1/devices?state=lost, 400, malformed",
    "/api/v1/certificates/devices/xyz, 404, not-found",
    "/api/v1/audit/facts?after=-1, 400, malformed",
    "/api/v1/nothing, 404, not-found"
  })
  void aQuestionThatHasNoAnswerIsRefused(String path, int status, String slug) throws IOException {
    refused(status, slug, wire.send(null, wire.person(path).build()));
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /api/v1/devices?text=%00",
    "GET, /api/v1/devices?site=%00",
    "GET, /api/v1/devices?site=a%0Ab",
    "GET, /api/v1/audit/facts?subject=%00",
    "GET, /api/v1/profiles/%00",
    "GET, /api/v1/profiles/a%C2%85b",
    "GET, /api/v1/profiles/%7F",
    "GET, /api/v1/certificates/%00/11",
    "POST, /api/v1/certificates/%00/11/revoke",
    "DELETE, /api/v1/enforcement-points/%00"
  })
  void aControlCharacterInTheAddressIsRefused(String method, String address) throws IOException {
    assertEquals(400, raw(method, address).status(), address);
    assertEquals(
        "urn:sallyport:problem:malformed",
        JSON.readTree(raw(method, address).body()).get("type").asText());
  }

  @Test
  void aWordThatIsNoStateIsAnsweredWithThoseThatAre() throws IOException {
    assertEquals(
        "The field \"state\" is none of expected, active, quarantined, suspended, wiping, decommissioned.",
        refused(
                400,
                "malformed",
                wire.send(null, wire.person(DEVICES + "?state=foo").build()))
            .get("detail")
            .asText());
  }

  @Test
  void anIdThatIsNoUuidIsToldSo() throws IOException {
    assertEquals(
        "The id in the path must be a UUID.",
        refused(
                404,
                "not-found",
                wire.send(null, wire.person(DEVICES + "/bogus").build()))
            .get("detail")
            .asText());
    assertEquals(
        "The id in the path must be a UUID.",
        refused(404, "not-found", post(DEVICES + "/bogus/release", "{\"reason\":\"x\"}", null))
            .get("detail")
            .asText());
    assertEquals(
        "There is nothing under this path.",
        refused(404, "not-found", post("/api/v1/nothing", "{}", null))
            .get("detail")
            .asText());
  }

  @Test
  void guessesOfTheTokenAreSlowedDownButNotItsOwner() throws Exception {
    // An address of its own, so that no other test is slowed down.
    InetAddress guesser = InetAddress.getByName("127.0.0.2");
    try (HttpClient client =
        HttpClient.newBuilder().sslContext(wire.tls(null)).localAddress(guesser).build()) {
      URI uri = URI.create(wire.people() + DEVICES);
      HttpRequest guess = HttpRequest.newBuilder(uri)
          .header("Authorization", "Bearer " + "y".repeat(43))
          .build();
      HttpResponse<byte[]> last = client.send(guess, HttpResponse.BodyHandlers.ofByteArray());
      int tries = 1;
      // A new minute may begin meanwhile.
      for (; last.statusCode() == 401 && tries < 200; tries++) {
        last = client.send(guess, HttpResponse.BodyHandlers.ofByteArray());
      }
      assertTrue(tries > 60, "tries " + tries);
      refused(429, "too-many-requests", last);
      assertEquals("60", last.headers().firstValue("Retry-After").orElseThrow());
      assertEquals(
          200,
          client
              .send(wire.person(DEVICES).build(), HttpResponse.BodyHandlers.ofByteArray())
              .statusCode());
    }
  }

  @Test
  void anotherMediaTypeIsRefused() throws IOException {
    refused(
        415,
        "unsupported-media-type",
        wire.send(
            null,
            wire.person(DEVICES)
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("{}"))
                .build()));
  }

  @Test
  void aBodyThatIsTooLargeIsRefusedWhetherItSaysSoOrNot() throws IOException {
    byte[] large = ("\"" + "x".repeat(BodyLimit.MOST)).getBytes(StandardCharsets.UTF_8);
    HttpRequest.Builder request = wire.person(DEVICES).header("Content-Type", "application/json");
    refused(
        413,
        "too-large",
        wire.send(
            null,
            request
                .copy()
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)))
                .build()));
    refused(
        413,
        "too-large",
        wire.send(
            null,
            request
                .copy()
                .expectContinue(true)
                .POST(BodyPublishers.ofByteArray(large))
                .build()));
  }

  @Test
  void aDocumentIsPutUnderItsOwnNameOnly() throws IOException {
    String yaml = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: one-name}
        spec:
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
        """;
    HttpRequest request = wire.person("/api/v1/policies/another-name")
        .header("Content-Type", "application/yaml")
        .PUT(BodyPublishers.ofString(yaml))
        .build();
    refused(422, "name-differs", wire.send(null, request));
    refused(
        404,
        "not-found",
        wire.send(null, wire.person("/api/v1/policies/one-name").build()));
  }

  @Test
  void aDecommissionedDeviceStaysDecommissioned() throws IOException {
    String path = DEVICES + "/"
        + JSON.readTree(post(DEVICES, device("gone-1"), null).body()).get("id").asText();
    post(
        path + "/decommission",
        "{\"reason\":\"test\",\"revocation_reason\":\"key-compromise\"}",
        "gone");
    JsonNode device = JSON.readTree(wire.send(null, wire.person(path).build()).body());
    assertEquals("decommissioned", device.get("state").asText());
    refused(409, "wrong-state", post(path + "/release", "{\"reason\":\"test\"}", null));
  }

  @Test
  void ofManyDecommissionsAtOnceAllAreAnsweredAndOneActs() throws Exception {
    String path = DEVICES + "/"
        + JSON.readTree(post(DEVICES, device("gone-2"), null).body()).get("id").asText();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<HttpResponse<byte[]>>> running = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        running.add(
            clients.submit(() -> post(path + "/decommission", "{\"reason\":\"test\"}", null)));
      }
      for (Future<HttpResponse<byte[]>> one : running) {
        assertEquals(200, one.get().statusCode());
        assertEquals(
            "decommissioned", JSON.readTree(one.get().body()).get("state").asText());
      }
    }
  }

  @Test
  void aRefusedChangeIsAFact() throws IOException {
    post(DEVICES, device("fact-1"), null);
    refused(409, "already-registered", post(DEVICES, device("fact-1"), null));
    assertTrue(told(fact -> fact.get("subject").asText().equals(DEVICES)
        && fact.at("/detail/problem").asText().equals("already-registered")
        && fact.at("/detail/method").asText().equals("POST")));
  }

  @Test
  void aListIsReadPageByPage() throws IOException {
    for (int i = 0; i < 3; i++) {
      post(DEVICES, device("page-" + i), null);
    }
    Set<String> seen = new HashSet<>();
    String next = "";
    do {
      String query = "?profile=people-front&limit=2" + (next.isEmpty() ? "" : "&cursor=" + next);
      JsonNode page =
          JSON.readTree(wire.send(null, wire.person(DEVICES + query).build()).body());
      page.get("items")
          .forEach(device -> assertTrue(seen.add(device.get("serial_number").asText())));
      next = page.get("next").asText("");
    } while (!next.isEmpty());
    assertTrue(seen.containsAll(Set.of("page-0", "page-1", "page-2")));
  }

  private static String device(String serialNumber) {
    return "{\"manufacturer\":\"" + MAKER + "\",\"model\":\"C1\",\"serial_number\":\""
        + serialNumber
        + "\",\"profile\":\"people-front\",\"owner\":\"operations\",\"site\":\"plant-1\",\"labels\":{}}";
  }

  /** Sends an address that a URI would not take. */
  private Answer raw(String method, String address) throws IOException {
    URI people = URI.create(wire.people());
    String token =
        wire.person(DEVICES).build().headers().firstValue("Authorization").orElseThrow();
    try (Socket socket =
        wire.tls(null).getSocketFactory().createSocket(people.getHost(), people.getPort())) {
      socket
          .getOutputStream()
          .write((method + " " + address + " HTTP/1.1\r\nHost: localhost\r\n"
                  + "Authorization: " + token + "\r\nContent-Type: application/json\r\n"
                  + "Content-Length: 2\r\nConnection: close\r\n\r\n{}")
              .getBytes(StandardCharsets.US_ASCII));
      String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Answer(
          Integer.parseInt(text.substring(9, 12)), text.substring(text.indexOf("\r\n\r\n") + 4));
    }
  }

  private record Answer(int status, String body) {}

  private HttpResponse<byte[]> post(
      String path, String body, @org.jspecify.annotations.Nullable String key) {
    HttpRequest.Builder request = wire.person(path).header("Content-Type", "application/json");
    if (key != null) {
      request.header("Idempotency-Key", "people-front-" + key);
    }
    return wire.send(null, request.POST(BodyPublishers.ofString(body)).build());
  }

  /** Whether the log tells of such a refusal; numbering follows a commit within 50 ms, so it is asked more than once. */
  private boolean told(Predicate<JsonNode> such) throws IOException {
    HttpRequest facts =
        wire.person("/api/v1/audit/facts?limit=1000&kind=request.refused").build();
    for (int i = 0; i < 100; i++) {
      if (JSON.readTree(wire.send(null, facts).body())
          .get("items")
          .valueStream()
          .anyMatch(such)) {
        return true;
      }
    }
    return false;
  }

  private static JsonNode refused(int status, String slug, HttpResponse<byte[]> response)
      throws IOException {
    JsonNode problem = JSON.readTree(response.body());
    assertEquals(status, response.statusCode(), problem::toString);
    assertEquals(
        "application/problem+json",
        response.headers().firstValue("Content-Type").orElseThrow());
    assertEquals("urn:sallyport:problem:" + slug, problem.get("type").asText());
    assertEquals(status, problem.get("status").asInt());
    return problem;
  }
}
