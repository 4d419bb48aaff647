package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Chains of IDevIDs and what their anchors count for (IEEE 802.1AR, RFC 5280 §6). */
@QuarkusTest
class IdevidChainConformanceTest extends EstServerTest {
  private static final Instant NOW = Instant.now();
  private static final Instant YESTERDAY = NOW.minus(1, ChronoUnit.DAYS);
  private static final Instant NEXT_YEAR = NOW.plus(365, ChronoUnit.DAYS);
  private static final Instant NEVER = Instant.parse("9999-12-31T23:59:59Z");
  private static final AtomicInteger MAKERS = new AtomicInteger();

  @SuppressWarnings("NullAway.Init")
  private Manufacturer own;

  /** Each test changes the anchors of a manufacturer of its own. */
  @BeforeEach
  void manufacturer() {
    own = TestPki.manufacturer("Idevid chain " + MAKERS.incrementAndGet());
    wire.register(own);
  }

  @Test
  void anIdevidThatNeverExpiresIsTaken() throws GeneralSecurityException {
    register("N-1");
    Identity idevid = own.idevid("N-1", YESTERDAY, NEVER);
    assertTrue(new String(idevid.certificate().getEncoded(), StandardCharsets.ISO_8859_1)
        .contains("99991231235959Z"));

    X509Certificate certificate = issued(enroll(idevid, TestPki.key()));

    assertTrue(certificate.getNotAfter().toInstant().isBefore(NOW.plus(3650, ChronoUnit.DAYS)));
  }

  @Test
  void anRsaAuthorityIsTaken() {
    Identity authority = authority("O=RSA works,CN=RSA " + own.name(), TestPki.rsa(2048), null);
    anchor(authority.certificate(), Map.of()).expect(201);
    register("R-1");
    KeyPair keys = TestPki.rsa(2048);

    issued(enroll(new Identity(keys, List.of(leaf("R-1", keys, authority))), TestPki.key()));
  }

  @Test
  void anAuthorityBetweenIsKeptForThoseWhoDoNotSendIt() {
    Identity between = between("kept");
    register("I-1");
    register("I-2");
    Identity silent = idevid("I-2", between, false);
    assertRefused(401, enroll(silent, TestPki.key()));

    issued(enroll(idevid("I-1", between, true), TestPki.key()));

    issued(enroll(silent, TestPki.key()));
  }

  @Test
  void anAnchorCountsForItsModels() {
    register("M-1");
    change(Map.of("models", List.of("C2"))).expect(200);
    assertRefused(403, enroll(own.idevid("M-1"), TestPki.key()));

    change(Map.of("models", List.of("C2", "C1"))).expect(200);
    issued(enroll(own.idevid("M-1"), TestPki.key()));
  }

  @Test
  void anAnchorCountsForItsSerialNumbers() {
    register("S-1");
    register("X-1");
    change(Map.of("serial_numbers", List.of("S-#", "T-*"))).expect(200);

    issued(enroll(own.idevid("S-1"), TestPki.key()));
    assertRefused(403, enroll(own.idevid("X-1"), TestPki.key()));
    change(Map.of("serial_numbers", List.of("[a-z]"))).expect(422);
  }

  @Test
  void anAnchorCountsInItsTime() {
    register("W-1");
    change(Map.of("not_before", NEXT_YEAR.toString())).expect(200);
    assertRefused(403, enroll(own.idevid("W-1"), TestPki.key()));
    change(Map.of("not_after", YESTERDAY.toString())).expect(200);
    assertRefused(403, enroll(own.idevid("W-1"), TestPki.key()));
    change(Map.of("not_before", NEXT_YEAR.toString(), "not_after", YESTERDAY.toString()))
        .expect(422);

    change(Map.of("not_before", YESTERDAY.toString(), "not_after", NEXT_YEAR.toString()))
        .expect(200);
    issued(enroll(own.idevid("W-1"), TestPki.key()));
  }

  @Test
  void whatTheManufacturersListNamesIsRefused() {
    register("L-1");
    register("L-2");
    Identity bad = own.idevid("L-1");
    BigInteger serial = bad.certificate().getSerialNumber();

    list(crl(own.authority(), 7, NOW, serial)).expect(200);

    assertRefused(403, enroll(bad, TestPki.key()));
    issued(enroll(own.idevid("L-2"), TestPki.key()));
    list(crl(own.authority(), 6, NOW)).expect(422);
    list(crl(own.authority(), 8, NOW.minus(1, ChronoUnit.HOURS))).expect(422);
    list(crl(TestPki.manufacturer(own.name()).authority(), 9, NOW)).expect(422);
    list("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n").expect(422);
    assertRefused(403, enroll(bad, TestPki.key()));
    JsonNode shown = manufacturerView().at("/trust_anchors/0/revocation_lists/0");
    assertEquals(1, shown.get("entries").asInt());
  }

  @Test
  void anAnchorThatWantsListsTakesNobodyWithoutACurrentOne() {
    register("Q-1");
    change(Map.of("lists_required", true)).expect(200);
    assertRefused(403, enroll(own.idevid("Q-1"), TestPki.key()));

    list(crl(own.authority(), 1, NOW)).expect(200);

    issued(enroll(own.idevid("Q-1"), TestPki.key()));
  }

  @Test
  void anAuthorityBetweenThatTheListNamesSpeaksForNobody() {
    Identity between = between("listed");
    register("B-1");
    register("B-2");
    issued(enroll(idevid("B-1", between, true), TestPki.key()));
    list(crl(between, 1, NOW, BigInteger.TEN)).expect(200);

    list(crl(own.authority(), 1, NOW, between.certificate().getSerialNumber())).expect(200);

    assertRefused(403, enroll(idevid("B-2", between, true), TestPki.key()));
    assertRefused(403, enroll(idevid("B-2", between, false), TestPki.key()));
  }

  @Test
  void anAnchorIsAddedAndRemoved() {
    Manufacturer second = TestPki.manufacturer(own.name() + " second line");
    register("A-1");
    Identity idevid = second.idevid("A-1");
    assertRefused(401, enroll(idevid, TestPki.key()));

    anchor(second.authority().certificate(), Map.of()).expect(201);
    anchor(second.authority().certificate(), Map.of()).expect(422);
    issued(enroll(idevid, TestPki.key()));

    person("DELETE", anchors() + "/" + digest(second.authority()), null).expect(200);
    assertRefused(401, enroll(idevid, TestPki.key()));
    person("DELETE", anchors() + "/" + digest(second.authority()), null).expect(404);
    person("DELETE", anchors() + "/zz", null).expect(400);
  }

  @Test
  void aShutAnchorTakesNobodyAndTellsWhomItTook() {
    String first = register("D-1");
    register("D-2");
    KeyPair keys = TestPki.key();
    Identity idevid = own.idevid("D-1");
    X509Certificate admitted = issued(enroll(idevid, keys));

    JsonNode report = distrust(own.authority()).expect(200).json();

    assertEquals(1, report.get("devices").asInt());
    assertEquals(1, report.get("live").asInt());
    assertRefused(403, enroll(own.idevid("D-2"), TestPki.key()));
    assertRefused(403, enroll(idevid, keys));
    awaitRefusal(own.name().replace(" ", "%20"), "enrollment.refused", "distrusted-anchor");
    JsonNode items = person("GET", anchors() + "/" + digest(own.authority()) + "/admissions", null)
        .expect(200)
        .json()
        .get("items");
    assertEquals(1, items.size());
    assertEquals(first, items.get(0).get("device").asText());
    assertEquals("D-1", items.get(0).get("serial_number").asText());
    assertEquals(digest(idevid.certificate()), items.get(0).get("idevid").asText());
    issued(renew(new Identity(keys, List.of(admitted)), TestPki.key()));
    // For good: it is not removed, changed or trusted anew, and neither is its key under another
    // name.
    person("DELETE", anchors() + "/" + digest(own.authority()), null).expect(403);
    change(Map.of()).expect(403);
    anchor(authority("CN=other name", own.authority().keys(), null).certificate(), Map.of())
        .expect(403);
    assertEquals(
        report.get("distrusted_at"),
        distrust(own.authority()).expect(200).json().get("distrusted_at"));
  }

  @Test
  void aShutAuthorityBetweenIsShutUnderEveryCertificateOfItsKey() {
    Identity between = between("shut");
    register("K-1");
    register("K-2");
    register("K-3");
    issued(enroll(idevid("K-1", between, true), TestPki.key()));
    anchor(between.certificate(), Map.of()).expect(201);

    JsonNode report = distrust(between).expect(200).json();

    assertEquals(1, report.get("devices").asInt());
    Identity renewed = authority(
        between.certificate().getSubjectX500Principal().getName(), between.keys(), own.authority());
    assertRefused(403, enroll(idevid("K-2", between, true), TestPki.key()));
    assertRefused(403, enroll(idevid("K-2", renewed, true), TestPki.key()));
    issued(enroll(own.idevid("K-3"), TestPki.key()));
  }

  @Test
  void nobodyIsAdmittedPastTheReport() {
    List<Identity> idevids = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      register("P-" + i);
      idevids.add(own.idevid("P-" + i));
    }
    List<HttpClient> clients = new ArrayList<>();
    try {
      List<CompletableFuture<HttpResponse<byte[]>>> sent = new ArrayList<>();
      CompletableFuture<Answer> shut = new CompletableFuture<>();
      for (int i = 0; i < idevids.size(); i++) {
        HttpClient client = wire.client(idevids.get(i));
        clients.add(client);
        sent.add(client.sendAsync(
            wire.device("/.well-known/est/simpleenroll")
                .header("Content-Type", "application/pkcs10")
                .POST(BodyPublishers.ofByteArray(base64(TestPki.request(TestPki.key(), "", null))))
                .build(),
            HttpResponse.BodyHandlers.ofByteArray()));
        if (i == 15) {
          Thread.ofVirtual().start(() -> shut.complete(distrust(own.authority())));
        }
      }
      List<HttpResponse<byte[]>> answers =
          sent.stream().map(CompletableFuture::join).toList();
      long counted = shut.join().expect(200).json().get("devices").asLong();
      long given = answers.stream().filter(answer -> answer.statusCode() == 200).count();
      JsonNode admitted = person(
              "GET", anchors() + "/" + digest(own.authority()) + "/admissions?limit=1000", null)
          .expect(200)
          .json()
          .get("items");

      assertEquals(counted, admitted.size());
      assertEquals(given, admitted.size());
    } finally {
      clients.forEach(HttpClient::close);
    }
  }

  private String register(String serialNumber) {
    return wire.register(own, serialNumber, PROFILE);
  }

  private String anchors() {
    return "/api/v1/manufacturers/" + own.name().replace(" ", "%20") + "/anchors";
  }

  private JsonNode manufacturerView() {
    return person("GET", "/api/v1/manufacturers/" + own.name().replace(" ", "%20"), null)
        .expect(200)
        .json();
  }

  private Answer anchor(X509Certificate certificate, Map<String, Object> terms) {
    Map<String, Object> wanted = new HashMap<>(terms);
    wanted.put("certificate", TestPki.pem(certificate));
    return person("POST", anchors(), wanted);
  }

  private Answer change(Map<String, Object> terms) {
    return person("PUT", anchors() + "/" + digest(own.authority()), terms);
  }

  private Answer list(String pem) {
    return person("POST", anchors() + "/" + digest(own.authority()) + "/list", Map.of("list", pem));
  }

  private Answer distrust(Identity authority) {
    return person(
        "POST",
        anchors() + "/" + digest(authority) + "/distrust",
        Map.of("reason", "its key was stolen"));
  }

  private Answer person(String method, String path, @Nullable Object body) {
    return Answer.of(wire.send(
        null,
        wire.person(path)
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(json(body)))
            .build()));
  }

  private static String json(Object body) {
    try {
      return new ObjectMapper().writeValueAsString(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String digest(Identity authority) {
    return digest(authority.certificate());
  }

  private static String digest(X509Certificate certificate) {
    try {
      return Digest.of(certificate.getEncoded()).hex();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private Identity between(String name) {
    return authority("O=between,CN=" + name + " of " + own.name(), TestPki.key(), own.authority());
  }

  private static Identity authority(String name, KeyPair keys, @Nullable Identity issuer) {
    return new Identity(
        keys,
        List.of(
            TestPki.certify(new X500Name(name), keys, issuer, YESTERDAY, NEXT_YEAR, true, null)));
  }

  private static X509Certificate leaf(String serialNumber, KeyPair keys, Identity issuer) {
    return TestPki.certify(
        new X500Name("O=chain,2.5.4.5=" + serialNumber),
        keys,
        issuer,
        YESTERDAY,
        NEVER,
        false,
        null);
  }

  private static Identity idevid(String serialNumber, Identity issuer, boolean whole) {
    KeyPair keys = TestPki.key();
    X509Certificate leaf = leaf(serialNumber, keys, issuer);
    return new Identity(keys, whole ? List.of(leaf, issuer.certificate()) : List.of(leaf));
  }

  private static String crl(
      Identity issuer, int number, Instant thisUpdate, BigInteger... serials) {
    try {
      X509v2CRLBuilder builder = new X509v2CRLBuilder(
          new JcaX509CertificateHolder(issuer.certificate()).getSubject(), Date.from(thisUpdate));
      builder.setNextUpdate(Date.from(NEXT_YEAR));
      builder.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(number)));
      for (BigInteger serial : serials) {
        builder.addCRLEntry(serial, Date.from(thisUpdate), CRLReason.keyCompromise);
      }
      return TestPki.pem(
          "X509 CRL", builder.build(TestPki.signer(issuer.keys())).getEncoded());
    } catch (IOException | GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
