package io.sallyport.door.status;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import java.math.BigInteger;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OCSP over plain HTTP (RFC 6960, RFC 5019, RFC 9654). */
@QuarkusTest
class OcspConformanceTest extends StatusServerTest {
  private static final int MALFORMED = 1;
  private static final int UNAUTHORIZED = 6;

  static Stream<Arguments> hashes() {
    return Stream.of(
        Arguments.of(Named.of("SHA-1", StatusClient.SHA_1)),
        Arguments.of(Named.of("SHA-256", StatusClient.SHA_256)));
  }

  @ParameterizedTest
  @MethodSource("hashes")
  void aLiveCertificateIsGood(ASN1ObjectIdentifier hash) {
    BigInteger serial = certificate().getSerialNumber();

    SingleResp answer = StatusClient.basic(
            status.post(StatusClient.request(hash, devices, null, serial)))
        .getResponses()[0];

    assertNull(answer.getCertStatus(), "null is how Bouncy Castle says good");
    assertEquals(serial, answer.getCertID().getSerialNumber());
    assertEquals(hash, answer.getCertID().getHashAlgOID());
    assertFalse(answer.getThisUpdate().after(new Date()));
    assertTrue(answer.getNextUpdate().after(new Date()));
  }

  @ParameterizedTest
  @MethodSource("hashes")
  void aRevokedCertificateIsRevokedWithTimeAndReason(ASN1ObjectIdentifier hash) {
    X509Certificate certificate = certificate();
    Instant before = Instant.now().minusSeconds(2);
    revoke(certificate, "key-compromise");

    RevokedStatus revoked = assertInstanceOf(
        RevokedStatus.class,
        StatusClient.basic(status.post(
                StatusClient.request(hash, devices, null, certificate.getSerialNumber())))
            .getResponses()[0]
            .getCertStatus());

    assertEquals(1, revoked.getRevocationReason());
    assertTrue(
        revoked.getRevocationTime().toInstant().isAfter(before),
        revoked.getRevocationTime().toString());
    assertFalse(revoked.getRevocationTime().after(new Date()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "0", "-1", "123456789012345678901234567890"})
  void aSerialThatWasNeverIssuedIsUnknown(String serial) {
    assertInstanceOf(UnknownStatus.class, status.device(new BigInteger(serial)).getCertStatus());
  }

  @Test
  void theSerialOfAnotherAuthorityIsUnknown() {
    BigInteger serial = devices.getSerialNumber();

    assertInstanceOf(UnknownStatus.class, status.device(serial).getCertStatus());
  }

  @Test
  void theAuthorityForDevicesIsGoodByTheRoot() {
    SingleResp answer = StatusClient.basic(status.post(StatusClient.request(
            StatusClient.SHA_256, wire.root(), null, devices.getSerialNumber())))
        .getResponses()[0];

    assertNull(answer.getCertStatus());
  }

  @Test
  void anIssuerThatIsNotHereIsUnauthorized() {
    X509Certificate foreign = TestPki.manufacturer("Foreign status").authority().certificate();

    OCSPResp answer =
        status.post(StatusClient.request(StatusClient.SHA_1, foreign, null, BigInteger.ONE));

    assertEquals(UNAUTHORIZED, answer.getStatus());
  }

  @Test
  void severalCertificatesInOneRequestAreAnsweredInOrder() {
    X509Certificate good = certificate();
    X509Certificate revoked = certificate();
    revoke(revoked, "superseded");

    SingleResp[] answers = StatusClient.basic(status.post(StatusClient.request(
            StatusClient.SHA_1,
            devices,
            null,
            good.getSerialNumber(),
            revoked.getSerialNumber(),
            BigInteger.TEN)))
        .getResponses();

    assertEquals(
        List.of(good.getSerialNumber(), revoked.getSerialNumber(), BigInteger.TEN),
        Arrays.stream(answers)
            .map(answer -> answer.getCertID().getSerialNumber())
            .toList());
    assertNull(answers[0].getCertStatus());
    assertInstanceOf(RevokedStatus.class, answers[1].getCertStatus());
    assertInstanceOf(UnknownStatus.class, answers[2].getCertStatus());
  }

  @Test
  void aRequestForTooManyCertificatesIsMalformed() {
    BigInteger[] serials =
        Stream.iterate(BigInteger.ONE, BigInteger.ONE::add).limit(33).toArray(BigInteger[]::new);

    assertEquals(
        MALFORMED,
        status
            .post(StatusClient.request(StatusClient.SHA_1, devices, null, serials))
            .getStatus());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 32, 127, 128})
  void aNonceComesBackAndTheAnswerIsNotKept(int length) {
    byte[] nonce = new byte[length];
    Arrays.fill(nonce, (byte) 0x5a);

    HttpResponse<byte[]> response =
        post(StatusClient.request(StatusClient.SHA_1, devices, nonce, BigInteger.ONE));

    Extension echoed = StatusClient.basic(StatusClient.read(response.body()))
        .getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
    assertArrayEquals(
        nonce, ASN1OctetString.getInstance(echoed.getParsedValue()).getOctets());
    assertEquals("no-store", response.headers().firstValue("Cache-Control").orElse(""));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 129, 1000})
  void aNonceOfAnyOtherLengthIsMalformed(int length) {
    byte[] request =
        StatusClient.request(StatusClient.SHA_1, devices, new byte[length], BigInteger.ONE);

    assertEquals(MALFORMED, status.post(request).getStatus());
  }

  private HttpResponse<byte[]> post(byte[] request) {
    return status.send("POST", "/ocsp", request, "Content-Type", "application/ocsp-request");
  }

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of(Named.of("nothing", new byte[0])),
        Arguments.of(Named.of("text", "status?".getBytes(StandardCharsets.UTF_8))),
        Arguments.of(Named.of("an empty sequence", new byte[] {0x30, 0})),
        Arguments.of(Named.of("an empty list", new byte[] {0x30, 4, 0x30, 2, 0x30, 0})),
        Arguments.of(Named.of("a null", new byte[] {5, 0})),
        Arguments.of(Named.of(
            "a length of two gigabytes", new byte[] {0x30, (byte) 0x84, 0x7f, -1, -1, -1})),
        Arguments.of(Named.of("a wrong tag", new byte[] {0x31, 2, 5, 0})));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void aMalformedRequestIsSaidToBeMalformed(byte[] request) {
    HttpResponse<byte[]> response = post(request);

    assertEquals(200, response.statusCode());
    assertEquals(
        "application/ocsp-response",
        response.headers().firstValue("Content-Type").orElse(""));
    assertEquals(MALFORMED, StatusClient.read(response.body()).getStatus());
    assertEquals("no-store", response.headers().firstValue("Cache-Control").orElse(""));
  }

  @Test
  void aTrailingOctetAndATruncatedRequestAreMalformed() {
    byte[] request = StatusClient.request(StatusClient.SHA_1, devices, null, BigInteger.ONE);

    assertEquals(
        MALFORMED, status.post(Arrays.copyOf(request, request.length + 1)).getStatus());
    assertEquals(
        MALFORMED, status.post(Arrays.copyOf(request, request.length - 1)).getStatus());
  }

  @ParameterizedTest
  @ValueSource(strings = {"!!!", "MEI", "%20", "AAAA"})
  void aMalformedGetIsSaidToBeMalformed(String path) {
    HttpResponse<byte[]> response = status.get("/ocsp/" + path);

    assertEquals(200, response.statusCode());
    assertEquals(MALFORMED, StatusClient.read(response.body()).getStatus());
  }

  @Test
  void anotherMediaTypeIsUnsupportedAndAnotherMethodNotAllowed() {
    assertEquals(
        415,
        status
            .send("POST", "/ocsp", new byte[] {1}, "Content-Type", "text/plain")
            .statusCode());
    HttpResponse<byte[]> put = status.send("PUT", "/ocsp", NOTHING);
    assertEquals(405, put.statusCode());
    assertEquals("POST", put.headers().firstValue("Allow").orElse(""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"+", "/", "//"})
  void aGetMayHaveTheCharactersOfBase64InItsPath(String characters) {
    byte[] request = requestWith(characters);
    String base64 = Base64.getEncoder().encodeToString(request);
    BigInteger serial = serial(status.post(request));

    for (String path : List.of(
        base64,
        URLEncoder.encode(base64, StandardCharsets.UTF_8),
        base64.replace("=", "%3D"),
        base64.replace("/", "%2f").replace("+", "%2b"))) {
      HttpResponse<byte[]> response = status.get("/ocsp/" + path);

      assertEquals(200, response.statusCode());
      assertEquals(serial, serial(StatusClient.read(response.body())), path);
    }
  }

  private static BigInteger serial(OCSPResp answer) {
    return StatusClient.basic(answer).getResponses()[0].getCertID().getSerialNumber();
  }

  /** A request whose base64 has these characters in it. */
  private byte[] requestWith(String characters) {
    Random random = new Random(7);
    while (true) {
      byte[] request = StatusClient.request(
          StatusClient.SHA_1, devices, null, new BigInteger(127, random).add(BigInteger.ONE));
      if (Base64.getEncoder().encodeToString(request).contains(characters)) {
        return request;
      }
    }
  }

  @Test
  void anAnswerWithoutANonceMayBeKeptUntilItsNextUpdate() {
    byte[] request =
        StatusClient.request(StatusClient.SHA_1, devices, null, certificate().getSerialNumber());

    HttpResponse<byte[]> response = status.get("/ocsp/"
        + URLEncoder.encode(Base64.getEncoder().encodeToString(request), StandardCharsets.UTF_8));

    CacheHeaders.assertCacheable(
        response,
        StatusClient.basic(StatusClient.read(response.body())).getResponses()[0].getThisUpdate(),
        StatusClient.basic(StatusClient.read(response.body())).getResponses()[0].getNextUpdate());
  }

  @Test
  void theResponderIsDelegatedByTheAuthorityThatItAnswersFor() throws Exception {
    BasicOCSPResp answer = StatusClient.basic(
        status.post(StatusClient.request(StatusClient.SHA_256, devices, null, BigInteger.ONE)));
    X509CertificateHolder holder = answer.getCerts()[0];
    X509Certificate responder = new JcaX509CertificateConverter().getCertificate(holder);

    responder.verify(devices.getPublicKey());
    responder.checkValidity();
    assertEquals(List.of(KeyPurposeId.id_kp_OCSPSigning.getId()), responder.getExtendedKeyUsage());
    assertNotNull(responder.getExtensionValue(OCSPObjectIdentifiers.id_pkix_ocsp_nocheck.getId()));
    assertTrue(
        responder.getNotAfter().toInstant().isBefore(Instant.now().plusSeconds(15 * 86_400)),
        "not short-lived");
    assertTrue(answer.isSignatureValid(new JcaContentVerifierProviderBuilder().build(holder)));
  }
}
