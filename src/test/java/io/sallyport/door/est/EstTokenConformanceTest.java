package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One-time tokens, retries, and many requests at once (law 2: a retry is not a second certificate). */
@QuarkusTest
class EstTokenConformanceTest extends EstServerTest {
  @Test
  void aTokenGivesOneCertificate() {
    Unit unit = unit();
    String token = token(unit);

    issued(byToken(token, TestPki.key()));

    assertRefused(403, byToken(token, TestPki.key()));
    assertEquals(1, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "authentication-spent");
  }

  @Test
  void aRequestSignedAnewGetsTheSameCertificate() {
    Unit unit = unit();
    String token = token(unit);
    KeyPair keys = TestPki.key();

    assertEquals(issued(byToken(token, keys)), issued(byToken(token, keys)));
    assertEquals(1, certificates(unit));
  }

  @Test
  void aTokenIsSpentOnceItsCertificateWasUsed() {
    Unit unit = unit();
    String token = token(unit);
    KeyPair keys = TestPki.key();
    X509Certificate certificate = issued(byToken(token, keys));
    issued(renew(new Identity(keys, List.of(certificate)), TestPki.key()));

    assertRefused(403, byToken(token, keys));
    assertEquals(2, certificates(unit));
  }

  @Test
  void aTokenIsSpentOnceItsCertificateWasRevoked() {
    Unit unit = unit();
    String token = token(unit);
    KeyPair keys = TestPki.key();
    revoke(issued(byToken(token, keys)));

    assertRefused(403, byToken(token, keys));
    assertRefused(403, byToken(token, TestPki.key()));
    assertEquals(1, certificates(unit));
  }

  @Test
  void aRefusedRequestDoesNotSpendTheToken() {
    Unit unit = unit();
    String token = token(unit);
    assertRefused(
        403,
        wire.est("simpleenroll", null, token, TestPki.request(TestPki.key(), "CN=other", null)));
    assertRefused(400, byToken(token, TestPki.rsa(1024)));

    issued(byToken(token, TestPki.key()));
  }

  @Test
  void aRevokedCertificateIsNotGivenAgainToAnIdevid() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    X509Certificate first = issued(enroll(unit.idevid(), keys));
    revoke(first);

    assertNotEquals(first.getSerialNumber(), issued(enroll(unit.idevid(), keys)).getSerialNumber());
  }

  @Test
  void aTokenOfADecommissionedDeviceIsWorthNothing() {
    Unit unit = unit();
    String token = token(unit);
    decommission(unit);

    assertRefused(403, byToken(token, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aHundredRequestsAtOnceWithOneTokenAndOneKeyGetOneCertificate() {
    Unit unit = unit();
    String token = token(unit);
    KeyPair keys = TestPki.key();

    List<HttpResponse<byte[]>> responses = atOnce(null, 100, () -> tokenRequest(token, keys));

    assertEquals(1, certificatesIn(responses, 100).size());
    assertEquals(1, certificates(unit));
  }

  @Test
  void aHundredRequestsAtOnceWithOneTokenAndTheirOwnKeysGetOneCertificate() {
    Unit unit = unit();
    String token = token(unit);

    List<HttpResponse<byte[]>> responses =
        atOnce(null, 100, () -> tokenRequest(token, TestPki.key()));

    assertEquals(1, certificatesIn(responses, 1).size());
    assertEquals(
        99, responses.stream().filter(response -> response.statusCode() == 403).count());
    assertEquals(1, certificates(unit));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fiftyEqualEnrollmentsAtOnceGetOneCertificate(boolean signedAnew) {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    byte[] request = TestPki.request(keys, "", null);

    List<HttpResponse<byte[]>> responses = atOnce(
        unit.idevid(),
        50,
        () -> plain(signedAnew ? TestPki.request(keys, "", null) : request).build());

    assertEquals(1, certificatesIn(responses, 50).size());
    assertEquals(1, certificates(unit));
  }

  private HttpResponse<byte[]> byToken(String token, KeyPair keys) {
    return wire.est("simpleenroll", null, token, TestPki.request(keys, "", null));
  }

  private HttpRequest tokenRequest(String token, KeyPair keys) {
    String credentials =
        Base64.getEncoder().encodeToString(("device:" + token).getBytes(StandardCharsets.UTF_8));
    return plain(TestPki.request(keys, "", null))
        .header("Authorization", "Basic " + credentials)
        .build();
  }

  private HttpRequest.Builder plain(byte[] request) {
    return wire.device("/.well-known/est/simpleenroll")
        .header("Content-Type", "application/pkcs10")
        .POST(HttpRequest.BodyPublishers.ofByteArray(base64(request)));
  }

  private List<HttpResponse<byte[]>> atOnce(
      @Nullable Identity identity, int count, Supplier<HttpRequest> requests) {
    List<HttpRequest> made = Stream.generate(requests).limit(count).toList();
    try (HttpClient client = wire.client(identity)) {
      List<CompletableFuture<HttpResponse<byte[]>>> sent = made.stream()
          .map(request -> client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()))
          .toList();
      return sent.stream().map(CompletableFuture::join).toList();
    }
  }

  /** The different certificates among {@code successes} answers that must be 200. */
  private static Set<X509Certificate> certificatesIn(
      List<HttpResponse<byte[]>> responses, int successes) {
    List<HttpResponse<byte[]>> good =
        responses.stream().filter(response -> response.statusCode() == 200).toList();
    assertEquals(
        successes,
        good.size(),
        () -> responses.stream()
            .collect(Collectors.groupingBy(HttpResponse::statusCode, Collectors.counting()))
            .toString());
    return good.stream()
        .map(response -> Wire.certificates(response.body()).getFirst())
        .collect(Collectors.toSet());
  }
}
