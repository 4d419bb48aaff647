package io.sallyport.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Manufacturers' revocation lists that the server fetches. */
@QuarkusTest
class ListSourcesWireTest extends ServerTest {
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private HttpServer host;

  private final Map<String, byte[]> served = new ConcurrentHashMap<>();

  @BeforeEach
  void open() throws IOException {
    if (plant == null) {
      plant = Plant.open(wire, "list-sources");
      host = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
      host.createContext("/", this::serve);
      host.start();
    }
  }

  @AfterAll
  void close() {
    plant.close();
    host.stop(0);
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      byte[] body = served.get(path);
      if (path.equals("/moved")) {
        exchange.getResponseHeaders().set("Location", address("/list"));
        exchange.sendResponseHeaders(302, -1);
      } else if (body == null) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
      }
    }
  }

  @Test
  void whatAFetchedListNamesIsRefusedAndTheNextOneIsFetchedBeforeItEnds() {
    Unit good = plant.registered("LS-1");
    Unit bad = plant.registered("LS-2");
    served.put("/list", list(1, bad.idevid().certificate().getSerialNumber()));

    sources(List.of(address("/list"))).expect(200);
    JsonNode fetched = awaitFetched("/list");

    Instant next = Instant.parse(fetched.get("next_at").asText());
    Instant at = Instant.parse(fetched.get("fetched_at").asText());
    assertTrue(next.isAfter(at.plus(Duration.ofHours(8))), fetched.toString());
    assertTrue(next.isBefore(at.plus(Duration.ofMinutes(595))), fetched.toString());
    assertEquals(403, bad.enrollAgain().status());
    good.enroll();
    // Asked again the same list is nothing new.
    plant.fact(plant.manufacturer().name(), "manufacturer.list-taken");
    long taken = taken();
    sources(List.of(address("/list"))).expect(200);
    Patience.until(
        "the list is asked again",
        () -> Optional.of(source("/list"))
            .filter(one -> Instant.parse(one.get("fetched_at").asText()).isAfter(at)));
    assertEquals(taken, taken());
  }

  private long taken() {
    return plant.facts(plant.manufacturer().name()).stream()
        .filter(fact -> fact.get("kind").asText().equals("manufacturer.list-taken"))
        .count();
  }

  @ParameterizedTest
  @CsvSource({
    "/none, 404",
    "/moved, 302",
    "/garbage, no revocation list",
    "/large, megabyte",
    "/foreign, not signed",
    "/ended, out of date"
  })
  void whatCannotBeTakenIsToldAndTriedAgainLater(String path, String complaint) {
    served.put("/garbage", "not a list".getBytes(StandardCharsets.US_ASCII));
    served.put("/large", new byte[(1 << 20) + 1]);
    served.put(
        "/foreign",
        list(
            TestPki.manufacturer(plant.manufacturer().name()).authority(), 1, Duration.ofHours(9)));
    served.put("/ended", list(plant.manufacturer().authority(), 1, Duration.ofMinutes(-1)));

    sources(List.of(address(path))).expect(200);

    JsonNode failed = Patience.until(
        "a failure of " + path,
        () -> Optional.of(source(path)).filter(one -> one.get("failure").isTextual()));
    assertTrue(failed.get("failure").asText().contains(complaint), failed.toString());
    plant.fact(plant.manufacturer().name(), "manufacturer.list-not-fetched");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost/list",
        "http://elsewhere.example/list",
        "ftp://127.0.0.1/list",
        "file:///etc/passwd",
        "http://user@127.0.0.1/list",
        "http://127.0.0.1/list#x",
        "127.0.0.1/list",
        "not an address"
      })
  void onlyAllowedHostsAreAsked(String url) {
    assertEquals(422, sources(List.of(url)).status());
  }

  private Answer sources(List<String> urls) {
    return plant.person("PUT", path(), Map.of("urls", urls));
  }

  private JsonNode awaitFetched(String path) {
    return Patience.until(
        "a list from " + path,
        () -> Optional.of(source(path)).filter(one -> one.get("fetched_at").isTextual()));
  }

  private JsonNode source(String path) {
    return plant
        .person("GET", path(), null)
        .expect(200)
        .json()
        .get("items")
        .valueStream()
        .filter(one -> one.get("url").asText().equals(address(path)))
        .findFirst()
        .orElseThrow();
  }

  private String path() {
    try {
      String digest = HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256")
              .digest(plant.manufacturer().authority().certificate().getEncoded()));
      return "/api/v1/manufacturers/" + plant.manufacturer().name().replace(" ", "%20")
          + "/anchors/" + digest + "/list-sources";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private String address(String path) {
    return "http://127.0.0.1:" + host.getAddress().getPort() + path;
  }

  private byte[] list(long number, BigInteger... revoked) {
    return list(plant.manufacturer().authority(), number, Duration.ofHours(10), revoked);
  }

  private static byte[] list(
      Identity issuer, long number, Duration lifetime, BigInteger... revoked) {
    try {
      Instant now = Instant.now().minus(2, ChronoUnit.MINUTES);
      X509v2CRLBuilder builder = new X509v2CRLBuilder(
          X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded()),
          Date.from(now));
      builder.setNextUpdate(Date.from(Instant.now().plus(lifetime)));
      builder.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(number)));
      for (BigInteger serial : revoked) {
        builder.addCRLEntry(serial, Date.from(now), CRLReason.keyCompromise);
      }
      return builder.build(TestPki.signer(issuer.keys())).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
