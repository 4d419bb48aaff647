package io.sallyport.door.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@SuppressWarnings("NullAway.Init") // Set before the first test.
class GatewayWireTest extends ServerTest {
  private Plant plant;
  private Identity gateway;
  private HttpClient client;
  private Unit camera;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "gateway");
      gateway = plant.enforcementPoint("gateway-1", "gateway", Map.of());
      client = wire.client(gateway);
      camera = plant.attested("gateway-camera");
    }
  }

  @AfterAll
  void close() {
    client.close();
    plant.close();
  }

  private static String escaped(X509Certificate certificate) {
    return URLEncoder.encode(TestPki.pem(certificate), StandardCharsets.US_ASCII)
        .replace("+", "%20");
  }

  /** Asks with these headers, by name and value in turn, for the flow that policy allows. */
  private Answer ask(String... headers) {
    return by("GET", "", headers);
  }

  private Answer by(String method, String path, String... headers) {
    HttpRequest.Builder request = wire.device("/gateway/v1/authorize" + path)
        .method(method, BodyPublishers.noBody())
        .header("X-Sallyport-Peer", Plant.VIDEO.peer())
        .header("X-Sallyport-Port", "8554");
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return Answer.to(client, request.build());
  }

  private static String xfcc(X509Certificate certificate) {
    return "By=spiffe://gw;Hash=" + Plant.sha256(certificate) + ";Cert=\"" + escaped(certificate)
        + "\";Subject=\"CN=\\\"a;b,c\\\"\"";
  }

  @Test
  void aDeviceThatMayIsLetThroughAndNamed() {
    X509Certificate own = camera.identity().certificate();
    for (Answer answer : new Answer[] {
      ask("X-SSL-Client-Escaped-Cert", escaped(own)),
      ask("X-Forwarded-Client-Cert", xfcc(own)),
      ask("X-Forwarded-Client-Cert", "Hash=" + Plant.sha256(own)),
      by("POST", "/cameras/1?x=y", "X-SSL-Client-Escaped-Cert", escaped(own)),
      by("DELETE", "", "X-SSL-Client-Escaped-Cert", escaped(own))
    }) {
      answer.expect(200);
      assertEquals(camera.id(), answer.header("X-Sallyport-Device"));
      assertFalse(answer.header("X-Sallyport-Decision").isEmpty());
      assertEquals("no-store", answer.header("Cache-Control"));
    }
  }

  @Test
  void aDeviceThatMayNotIsDeniedWithTheReason() {
    Unit other = plant.enrolled("gateway-unattested");
    Answer denied = ask("X-SSL-Client-Escaped-Cert", escaped(other.identity().certificate()));
    denied.expect(403);
    assertTrue(denied.header("X-Sallyport-Reason").contains("policy gateway"), denied.toString());
    Unit gone = plant.attested("gateway-quarantined");
    gone.become("quarantine").expect(200);
    ask("X-SSL-Client-Escaped-Cert", escaped(gone.identity().certificate())).expect(403);
  }

  @Test
  void noCertificateIsUnauthenticatedAndAForeignOneDenied() {
    ask().expect(401);
    ask("X-SSL-Client-Escaped-Cert", "").expect(401);
    Answer foreign = ask(
        "X-SSL-Client-Escaped-Cert",
        escaped(plant.manufacturer().idevid("gateway-foreign").certificate()));
    foreign.expect(403);
    assertTrue(foreign.header("X-Sallyport-Reason").startsWith("unknown certificate"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Hash=00",
        "Hash",
        "Hash=" + "zz",
        "=x",
        "Cert=\"not a certificate\"",
        "Cert=\"-----BEGIN%20CERTIFICATE-----%0A!!%0A-----END%20CERTIFICATE-----\"",
        "Subject=\"open",
        "By=a;",
        ";By=a",
        "By=a,By=b",
      })
  void aCertificateThatCannotBeReadIsUnauthenticated(String element) {
    ask("X-Forwarded-Client-Cert", element).expect(401);
  }

  @Test
  void twoOfWhatCountsOnceAreRefused() {
    String own = "Hash=" + camera.thumbprint();
    ask("X-Forwarded-Client-Cert", own + "," + own).expect(401);
    ask("X-Forwarded-Client-Cert", own + ";" + own).expect(401);
    ask("X-Forwarded-Client-Cert", own, "X-Forwarded-Client-Cert", own).expect(403);
    ask("X-Forwarded-Client-Cert", own, "X-Sallyport-Peer", "other.example").expect(403);
    ask(
            "X-Forwarded-Client-Cert",
            own,
            "X-SSL-Client-Escaped-Cert",
            escaped(camera.identity().certificate()))
        .expect(403);
    ask(
            "X-Forwarded-Client-Cert",
            own + ";Cert=\""
                + escaped(plant.manufacturer().idevid("gateway-two").certificate()) + "\"")
        .expect(401);
  }

  @Test
  void onlyARegisteredGatewaySpeaksForDevices() {
    HttpRequest request = wire.device("/gateway/v1/authorize")
        .header("X-Forwarded-Client-Cert", "Hash=" + camera.thumbprint())
        .header("X-Sallyport-Peer", Plant.VIDEO.peer())
        .header("X-Sallyport-Port", "8554")
        .build();
    for (Identity caller : new Identity[] {camera.identity(), plant.enforcementPoint()}) {
      try (HttpClient other = wire.client(caller)) {
        int status = Answer.to(other, request).status();
        assertEquals(caller == camera.identity() ? 401 : 403, status);
      }
    }
    try (HttpClient nobody = wire.client(null)) {
      Answer.to(nobody, request).expect(401);
    }
  }

  @Test
  void aGatewaySeesOnlyWhatItGuards() {
    Identity elsewhere =
        plant.enforcementPoint("gateway-2", "gateway", Map.of("sites", List.of("other")));
    Identity one = plant.enforcementPoint(
        "gateway-3", "gateway", Map.of("peers", List.of(Plant.VIDEO.peer())));
    HttpRequest.Builder request = wire.device("/gateway/v1/authorize")
        .header("X-Forwarded-Client-Cert", "Hash=" + camera.thumbprint())
        .header("X-Sallyport-Port", "8554");
    try (HttpClient first = wire.client(elsewhere);
        HttpClient second = wire.client(one)) {
      // Its only peer need not be said; a gateway with several says which.
      Answer.to(second, request.build()).expect(200);
      Answer.to(client, request.build()).expect(403);
      request.header("X-Sallyport-Peer", Plant.VIDEO.peer());
      Answer hidden = Answer.to(first, request.build()).expect(403);
      assertTrue(hidden.header("X-Sallyport-Reason").startsWith("not guarded"));
      assertEquals("", hidden.header("X-Sallyport-Device"));
    }
  }
}
