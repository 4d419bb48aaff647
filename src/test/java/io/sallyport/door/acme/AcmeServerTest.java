package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.sallyport.door.acme.AcmeClient.Binding;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;

/** Devices, bindings, and a device's own web server for http-01. */
abstract class AcmeServerTest extends ServerTest {
  static final String PROFILE = "acme-device";
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private final AtomicInteger units = new AtomicInteger();
  private final Map<String, String> pages = new ConcurrentHashMap<>();
  private boolean registered;

  @SuppressWarnings("NullAway.Init")
  private HttpServer web;

  @SuppressWarnings("NullAway.Init")
  HttpClient http;

  @SuppressWarnings("NullAway.Init")
  Manufacturer maker;

  /** A registered device that may be called {@code host}, which leads to {@link #web}. */
  record Unit(String id, String serialNumber, String host) {}

  @BeforeEach
  void register() throws IOException {
    if (registered) {
      return;
    }
    registered = true;
    maker = TestPki.manufacturer(getClass().getSimpleName());
    wire.register(maker);
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec:
          certificateProfiles: [device, device-server]
        """.formatted(PROFILE));
    http = wire.client(null);
  }

  @AfterAll
  void close() {
    if (web != null) {
      web.stop(0);
    }
    if (http != null) {
      http.close();
    }
  }

  static int httpPort() {
    return ConfigProvider.getConfig().getValue("sallyport.acme.http-01-port", Integer.class);
  }

  /** The device's web server on loopback; a page that begins with {@code >} redirects to what follows. */
  void serve(String path, String page) {
    try {
      if (web == null) {
        web = HttpServer.create(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), httpPort()), 0);
        web.createContext("/", exchange -> {
          String found = pages.get(exchange.getRequestURI().toString());
          byte[] body = found == null ? new byte[0] : found.getBytes(StandardCharsets.UTF_8);
          if (found != null && found.startsWith(">")) {
            exchange.getResponseHeaders().set("Location", found.substring(1));
            exchange.sendResponseHeaders(302, -1);
          } else {
            exchange.sendResponseHeaders(
                found == null ? 404 : 200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
          }
          exchange.close();
        });
        web.start();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    pages.put(path, page);
  }

  Unit unit() {
    String serialNumber = getClass().getSimpleName() + "-" + units.getAndIncrement();
    return new Unit(
        wire.register(maker, serialNumber, PROFILE),
        serialNumber,
        "127-0-0-1." + serialNumber.toLowerCase(Locale.ROOT) + ".acme.test");
  }

  Binding binding(Unit unit) {
    return binding(unit, unit.host());
  }

  Binding binding(Unit unit, String... hosts) {
    JsonNode made = wire.admin(
        "POST",
        "/api/v1/acme-accounts/bindings",
        Map.of("device", unit.id(), "host_names", List.of(hosts)));
    return new Binding(made.get("kid").asText(), made.get("hmac_key").asText());
  }

  /** A client without an account. */
  AcmeClient client() {
    return client(TestPki.key());
  }

  AcmeClient client(KeyPair keys) {
    return new AcmeClient(wire, http, "device", keys);
  }

  /** A client with an account of this device. */
  AcmeClient account(Unit unit) {
    return client().open(binding(unit));
  }

  static Map<String, Object> identifiers(String type, String... values) {
    return Map.of(
        "identifiers",
        Stream.of(values).map(value -> Map.of("type", type, "value", value)).toList());
  }

  Answer order(AcmeClient client, String... hosts) {
    return client.post(client.url("new-order"), identifiers("dns", hosts));
  }

  /** An order whose authorizations all hold. */
  JsonNode readyOrder(AcmeClient client, String... hosts) {
    Answer order = order(client, hosts).expect(201);
    for (JsonNode url : order.json().get("authorizations")) {
      prove(client, url.asText());
    }
    return order.json();
  }

  void prove(AcmeClient client, String authorization) {
    JsonNode challenge =
        client.post(authorization, null).expect(200).json().get("challenges").get(0);
    String token = challenge.get("token").asText();
    serve("/.well-known/acme-challenge/" + token, token + "." + client.thumbprint());
    client.post(challenge.get("url").asText(), Map.of()).expect(200);
    assertEquals("valid", settled(client, authorization).get("status").asText());
  }

  /** Waits until a check has come to its end. */
  JsonNode settled(AcmeClient client, String authorization) {
    JsonNode[] last = new JsonNode[1];
    Eventually.holds(PATIENCE, "the authorization is settled", () -> {
      last[0] = client.post(authorization, null).expect(200).json();
      return !last[0].get("status").asText().equals("pending");
    });
    return last[0];
  }

  Answer complete(AcmeClient client, JsonNode order, byte[] request) {
    return client.post(order.get("finalize").asText(), Map.of("csr", AcmeClient.base64(request)));
  }

  static byte[] request(KeyPair keys, String... hosts) {
    return TestPki.request(
        keys,
        "",
        new GeneralNames(Stream.of(hosts)
            .map(host -> new GeneralName(GeneralName.dNSName, host))
            .toArray(GeneralName[]::new)));
  }

  /** The certificate of a new order for the device's host name. */
  X509Certificate issued(AcmeClient client, KeyPair keys, String host) {
    Answer done =
        complete(client, readyOrder(client, host), request(keys, host)).expect(200);
    return chain(client, done).getFirst();
  }

  static List<X509Certificate> chain(AcmeClient client, Answer order) {
    assertEquals("valid", order.json().get("status").asText(), order.toString());
    Answer pem = client.post(order.json().get("certificate").asText(), null).expect(200);
    assertEquals("application/pem-certificate-chain", pem.header("Content-Type"));
    try {
      return CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.body()))
          .stream()
          .map(X509Certificate.class::cast)
          .toList();
    } catch (CertificateException e) {
      throw new AssertionError(pem.text(), e);
    }
  }

  /** How many certificates the inventory has for a device. */
  int certificates(Unit unit) {
    return wire.admin("GET", "/api/v1/devices/" + unit.id(), null)
        .get("certificates")
        .size();
  }

  /** Refused in ACME's words, with a fresh nonce, and with one sentence that tells nothing about the inside. */
  static Answer assertRefused(int status, String problem, Answer answer) {
    assertEquals(status, answer.status(), answer::toString);
    assertEquals("application/problem+json", answer.header("Content-Type"), answer::toString);
    assertEquals(problem, AcmeClient.problem(answer), answer::toString);
    assertFalse(answer.header("Replay-Nonce").isEmpty(), "no nonce");
    assertTrue(answer.header("Link").contains("/directory>;rel=\"index\""), answer.header("Link"));
    String detail = answer.json().get("detail").asText();
    assertFalse(detail.contains("Exception") || detail.contains("java."), detail);
    return answer;
  }
}
