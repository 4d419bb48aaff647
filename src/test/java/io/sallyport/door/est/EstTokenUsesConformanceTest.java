package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.junit.jupiter.api.Test;

/** Tokens for several devices: how often, whose, from where and for what. */
@QuarkusTest
class EstTokenUsesConformanceTest extends EstServerTest {
  @Test
  void aHundredAtOnceWithATokenOfFiveUsesGetFiveCertificates() {
    List<Unit> units = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      units.add(unit());
    }
    JsonNode token = token(Map.of("manufacturer", maker.name(), "uses", 5));
    List<HttpRequest> requests = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      requests.add(request(token, units.get(i % 10), TestPki.key()));
    }

    List<HttpResponse<byte[]>> answers = atOnce(requests);

    Map<Integer, Long> statuses = answers.stream()
        .collect(Collectors.groupingBy(HttpResponse::statusCode, Collectors.counting()));
    assertEquals(Map.of(200, 5L, 403, 95L), statuses);
    assertEquals(5, units.stream().mapToInt(this::certificates).sum());
    assertEquals(5, shown(token).get("used").asInt());
  }

  @Test
  void aRetryIsNotCounted() {
    JsonNode token = token(Map.of("manufacturer", maker.name(), "uses", 2));
    Unit first = unit();
    Unit second = unit();
    KeyPair keys = TestPki.key();

    X509Certificate certificate = issued(byToken(token, first, keys));

    assertEquals(certificate, issued(byToken(token, first, keys)));
    issued(byToken(token, second, TestPki.key()));
    assertEquals(certificate, issued(byToken(token, first, keys)));
    assertRefused(403, byToken(token, unit(), TestPki.key()));
    JsonNode facts = Patience.until(
        "both uses in the log", () -> Optional.of(facts(token)).filter(items -> items.size() == 2));
    assertEquals(first.id(), facts.get(0).at("/detail/device").asText());
    assertEquals(second.id(), facts.get(1).at("/detail/device").asText());
  }

  @Test
  void aTokenCoversTheSerialNumbersThatItSays() {
    Unit covered = unit();
    Unit other = unit();
    JsonNode token = token(
        Map.of("manufacturer", maker.name(), "uses", 9, "serial_numbers", covered.serialNumber()));

    assertRefused(403, byToken(token, other, TestPki.key()));
    issued(byToken(token, covered, TestPki.key()));
    awaitRefusal(token.get("id").asText(), "enrollment.refused", "not-covered");
  }

  @Test
  void aTokenCoversTheDevicesOfItsManufacturer() {
    Manufacturer stranger = TestPki.manufacturer("EstTokenUses stranger");
    wire.register(stranger);
    wire.register(stranger, "stranger-1", PROFILE);
    JsonNode token = token(Map.of("manufacturer", maker.name(), "uses", 9));

    assertRefused(403, byToken(token, "2.5.4.5=stranger-1", TestPki.key()));
    assertRefused(403, byToken(token, "CN=no-such-unit", TestPki.key()));
    assertRefused(403, byToken(token, "", TestPki.key()));
  }

  @Test
  void aSerialNumberWithNulIsNone() {
    JsonNode token = token(Map.of("manufacturer", maker.name(), "uses", 9));
    X500Name subject =
        new X500Name(new RDN[] {new RDN(BCStyle.SERIALNUMBER, new DERUTF8String("unit\u0000"))});

    assertRefused(
        403,
        wire.est(
            "simpleenroll",
            null,
            token.get("token").asText(),
            request(TestPki.key(), subject, null, Map.of())));
  }

  @Test
  void aTokenIsForTheSiteThatItSays() {
    Unit unit = unit();
    JsonNode elsewhere = token(Map.of("manufacturer", maker.name(), "site", "plant-2"));
    JsonNode here = token(Map.of("manufacturer", maker.name(), "site", "plant-1"));

    assertRefused(403, byToken(elsewhere, unit, TestPki.key()));
    issued(byToken(here, unit, TestPki.key()));
  }

  @Test
  void aTokenIsForTheNetworkThatItSays() throws UnknownHostException {
    Unit unit = unit();
    InetAddress own = InetAddress.getByName(URI.create(wire.devices()).getHost());
    String network = own.getHostAddress() + "/" + own.getAddress().length * 8;
    JsonNode far = token(Map.of("device", unit.id(), "network", "192.0.2.0/24"));
    JsonNode near = token(Map.of("device", unit.id(), "network", network));

    assertRefused(403, byToken(far, unit, TestPki.key()));
    assertEquals(0, shown(far).get("used").asInt());
    issued(byToken(near, unit, TestPki.key()));
  }

  @Test
  void aTokenForACertificateProfileAllowsThatOneAlone() {
    wire.document("/api/v1/certificate-profiles/est-token-uses", """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: est-token-uses}
        spec:
          extendedKeyUsages: [clientAuth]
          validity: P7D
          subject:
            - serialNumber: "${hardware.serialNumber}"
        """);
    Unit unit = unit();
    assertRefused(
        403,
        wire.est(
            "est-token-uses/simpleenroll",
            unit.idevid(),
            null,
            TestPki.request(TestPki.key(), "", null)));
    JsonNode token =
        token(Map.of("device", unit.id(), "certificate_profile", "est-token-uses", "uses", 2));

    assertRefused(
        403,
        wire.est(
            "device/simpleenroll",
            null,
            token.get("token").asText(),
            TestPki.request(TestPki.key(), "", null)));
    X509Certificate certificate = issued(byToken(token, unit, TestPki.key()));
    assertTrue(certificate.getNotAfter().getTime() - certificate.getNotBefore().getTime()
        < 9L * 24 * 3600 * 1000);
  }

  @Test
  void aWithdrawnTokenAdmitsNobodyButAnswersARetry() {
    JsonNode token = token(Map.of("manufacturer", maker.name(), "uses", 9));
    Unit first = unit();
    KeyPair keys = TestPki.key();
    X509Certificate certificate = issued(byToken(token, first, keys));

    wire.admin("DELETE", "/api/v1/enrollment-tokens/" + token.get("id").asText(), null);

    assertRefused(401, byToken(token, unit(), TestPki.key()));
    assertEquals(certificate, issued(byToken(token, first, keys)));
  }

  @Test
  void aTokenThatContradictsItselfIsRefused() {
    Unit unit = unit();
    for (Map<String, Object> wanted : List.<Map<String, Object>>of(
        Map.of(),
        Map.of("device", unit.id(), "manufacturer", maker.name()),
        Map.of("manufacturer", "EstTokenUses nobody"),
        Map.of("manufacturer", maker.name(), "uses", 0),
        Map.of("manufacturer", maker.name(), "uses", 1_000_001),
        Map.of("manufacturer", maker.name(), "serial_numbers", "[a-z]+"),
        Map.of("manufacturer", maker.name(), "network", "10.0.0.0/33"),
        Map.of("manufacturer", maker.name(), "network", "example.org/8"),
        Map.of("manufacturer", maker.name(), "certificate_profile", "server"),
        Map.of("manufacturer", maker.name(), "lifetime", "P91D"))) {
      HttpResponse<byte[]> answer = person(wanted);
      assertTrue(
          answer.statusCode() == 422 || answer.statusCode() == 404,
          () -> wanted + ": " + answer.statusCode() + " " + text(answer));
    }
  }

  private JsonNode token(Map<String, Object> wanted) {
    return wire.admin("POST", "/api/v1/enrollment-tokens", new HashMap<>(wanted));
  }

  private JsonNode facts(JsonNode token) {
    return wire.admin(
            "GET",
            "/api/v1/audit/facts?kind=token.used&subject=" + token.get("id").asText(),
            null)
        .get("items");
  }

  private HttpResponse<byte[]> person(Map<String, Object> wanted) {
    try {
      return wire.send(
          null,
          wire.person("/api/v1/enrollment-tokens")
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofByteArray(
                  new ObjectMapper().writeValueAsBytes(wanted)))
              .build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As the list has it; the token is among the newest. */
  private JsonNode shown(JsonNode token) {
    String cursor = "";
    while (true) {
      JsonNode page = wire.admin("GET", "/api/v1/enrollment-tokens?limit=1000" + cursor, null);
      for (JsonNode one : page.get("items")) {
        if (one.get("id").equals(token.get("id"))) {
          return one;
        }
      }
      JsonNode next = page.path("next");
      assertTrue(next.isTextual(), "the token is not in the list");
      cursor = "&cursor=" + next.asText();
    }
  }

  private HttpResponse<byte[]> byToken(JsonNode token, Unit unit, KeyPair keys) {
    return byToken(token, "2.5.4.5=" + unit.serialNumber(), keys);
  }

  private HttpResponse<byte[]> byToken(JsonNode token, String subject, KeyPair keys) {
    return wire.est(
        "simpleenroll", null, token.get("token").asText(), TestPki.request(keys, subject, null));
  }

  private HttpRequest request(JsonNode token, Unit unit, KeyPair keys) {
    byte[] body = request(keys, new X500Name("2.5.4.5=" + unit.serialNumber()), null, Map.of());
    String credentials = Base64.getEncoder()
        .encodeToString(("line:" + token.get("token").asText()).getBytes(StandardCharsets.UTF_8));
    return wire.device("/.well-known/est/simpleenroll")
        .header("Content-Type", "application/pkcs10")
        .header("Authorization", "Basic " + credentials)
        .POST(HttpRequest.BodyPublishers.ofByteArray(base64(body)))
        .build();
  }

  private List<HttpResponse<byte[]>> atOnce(List<HttpRequest> requests) {
    try (HttpClient client = wire.client(null)) {
      return requests.stream()
          .map(request -> client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()))
          .toList()
          .stream()
          .map(CompletableFuture::join)
          .toList();
    }
  }
}
