package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What may stand in the body of an enrollment (RFC 7030 §4.2, RFC 8951 §3). */
@QuarkusTest
class EstBodiesConformanceTest extends EstServerTest {
  private static final String SIMPLE_ENROLL = "/.well-known/est/simpleenroll";
  private static final int CAP = 64 * 1024;

  private HttpResponse<byte[]> post(Unit unit, byte[] body, String... headers) {
    String[] all = Arrays.copyOf(headers, headers.length + 2);
    all[headers.length] = "Content-Type";
    all[headers.length + 1] = "application/pkcs10";
    return send(unit.idevid(), "POST", SIMPLE_ENROLL, body, all);
  }

  static Stream<Arguments> base64() {
    return Stream.of(
        form("one line", der -> Base64.getEncoder().encode(der)),
        form(
            "one line and a line feed",
            der -> (Base64.getEncoder().encodeToString(der) + "\n").getBytes(US)),
        form(
            "lines of 64 with LF",
            der -> Base64.getMimeEncoder(64, new byte[] {'\n'}).encode(der)),
        form("lines of 76 with CR LF", der -> Base64.getMimeEncoder().encode(der)),
        form(
            "blanks around",
            der -> ("  " + Base64.getEncoder().encodeToString(der) + "\t\r\n\r\n").getBytes(US)));
  }

  private static final Charset US = StandardCharsets.US_ASCII;

  private static Arguments form(String name, UnaryOperator<byte[]> encode) {
    return Arguments.of(Named.of(name, encode));
  }

  @ParameterizedTest
  @MethodSource("base64")
  void base64IsReadWithAndWithoutLineBreaks(UnaryOperator<byte[]> encode) {
    issued(post(unit(), encode.apply(TestPki.request(TestPki.key(), "", null))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"base64", "BASE64", "binary", "nonsense"})
  void theTransferEncodingSaysNothing(String encoding) {
    byte[] body = base64(TestPki.request(TestPki.key(), "", null));

    issued(post(unit(), body, "Content-Transfer-Encoding", encoding));
  }

  static Stream<Arguments> badBodies() {
    byte[] request = TestPki.request(TestPki.key(), "CN=x", null);
    byte[] wrongSignature = request.clone();
    wrongSignature[wrongSignature.length - 1] ^= 1;
    byte[] longer = Arrays.copyOf(request, request.length + 1);
    byte[] twice = Arrays.copyOf(request, request.length * 2);
    System.arraycopy(request, 0, twice, request.length, request.length);
    byte[] certificate = encoded(TestPki.manufacturer("Nobody").authority().certificate());
    return Stream.of(
        bad("nothing", new byte[0]),
        bad("only white space", "\r\n \r\n".getBytes(US)),
        bad("no base64", "This is no request!".getBytes(US)),
        bad("base64url", "-_-_".getBytes(US)),
        bad("base64 cut in the middle", "MIIB=IIB".getBytes(US)),
        bad("PEM with its armor", TestPki.pem("CERTIFICATE REQUEST", request).getBytes(US)),
        bad("DER without base64", request),
        bad("one octet", base64(new byte[] {0x30})),
        bad("an empty sequence", base64(new byte[] {0x30, 0})),
        bad("a length of four gigabytes", base64(new byte[] {0x30, (byte) 0x84, -1, -1, -1, -1})),
        bad("truncated DER", base64(Arrays.copyOf(request, request.length - 1))),
        bad("half a request", base64(Arrays.copyOf(request, request.length / 2))),
        bad("a trailing octet", base64(longer)),
        bad("two requests", base64(twice)),
        bad("a wrong signature", base64(wrongSignature)),
        bad("a certificate", base64(certificate)),
        bad("deep nesting", base64(nested(4000))));
  }

  private static byte[] nested(int depth) {
    byte[] nested = new byte[depth * 4];
    for (int i = 0; i < depth; i++) {
      int rest = (depth - i - 1) * 4;
      nested[i * 4] = 0x30;
      nested[i * 4 + 1] = (byte) 0x82;
      nested[i * 4 + 2] = (byte) (rest >> 8);
      nested[i * 4 + 3] = (byte) rest;
    }
    return nested;
  }

  private static Arguments bad(String name, byte[] body) {
    return Arguments.of(Named.of(name, body));
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("badBodies")
  void aBadBodyIsRefusedInOneSentence(byte[] body) {
    Unit unit = unit();

    assertRefused(400, post(unit, body));
    assertEquals(0, certificates(unit));
    assertEquals("expected", state(unit));
  }

  @Test
  void aRequestSignedByAnotherKeyIsRefused() throws IOException {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    byte[] stolen = new JcaPKCS10CertificationRequestBuilder(new X500Name(""), keys.getPublic())
        .build(TestPki.signer(TestPki.key()))
        .getEncoded();

    assertRefused(400, post(unit, base64(stolen)));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aBodyAboveTheCapIsTooLargeAndTheConnectionEnds() throws Exception {
    URI server = URI.create(wire.devices());
    try (SSLSocket socket = (SSLSocket)
        wire.tls(null).getSocketFactory().createSocket(server.getHost(), server.getPort())) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(("POST " + SIMPLE_ENROLL + " HTTP/1.1\r\nHost: localhost\r\n"
                  + "Content-Type: application/pkcs10\r\nContent-Length: 100000000\r\n\r\n")
              .getBytes(US));
      socket.getOutputStream().write("A".repeat(CAP + 1).getBytes(US));
      socket.getOutputStream().flush();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);

      String text = answer.toString(US);
      assertTrue(text.startsWith("HTTP/1.1 413 "), text);
      assertTrue(text.toLowerCase(Locale.ROOT).contains("connection: close"), text);
    }
  }

  @Test
  void aBodyAtTheCapIsRead() {
    byte[] request = base64(TestPki.request(TestPki.key(), "", null));
    byte[] padded = Arrays.copyOf(request, CAP);
    Arrays.fill(padded, request.length, CAP, (byte) '\n');

    issued(post(unit(), padded));
  }

  @Test
  void aRequestForAnAuthoritysExtensionsGetsADevicesCertificate() throws Exception {
    Unit unit = unit();
    ExtensionsGenerator wanted = new ExtensionsGenerator();
    wanted.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    wanted.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
      KeyPurposeId.id_kp_OCSPSigning,
      KeyPurposeId.getInstance(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.28")),
      KeyPurposeId.anyExtendedKeyUsage
    }));

    X509Certificate certificate = issued(post(
        unit,
        base64(request(
            TestPki.key(),
            new X500Name(""),
            null,
            Map.of(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wanted.generate())))));

    assertEquals(-1, certificate.getBasicConstraints());
    assertEquals(List.of(KeyPurposeId.id_kp_clientAuth.getId()), certificate.getExtendedKeyUsage());
  }

  static Stream<Arguments> foreignNames() {
    return Stream.of(
        Arguments.of("another common name", "CN=other", null),
        Arguments.of("another serial number", "2.5.4.5=other", null),
        Arguments.of("a name beside another attribute", "OU=x+CN=other", null),
        Arguments.of("a host name", "", new GeneralName(GeneralName.dNSName, "localhost")),
        Arguments.of(
            "another device's id",
            "",
            new GeneralName(
                GeneralName.uniformResourceIdentifier,
                "urn:uuid:00000000-0000-7000-8000-000000000000")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("foreignNames")
  void aRequestForAnothersNameIsForbidden(String what, String subject, @Nullable GeneralName name) {
    Unit unit = unit();
    GeneralNames names = name == null ? null : new GeneralNames(name);

    assertRefused(
        403, post(unit, base64(request(TestPki.key(), new X500Name(subject), names, Map.of()))));
    assertEquals(0, certificates(unit));
  }

  @Test
  void changeSubjectNameIsRefusedNotIgnored() {
    Unit unit = unit();
    byte[] request = request(
        TestPki.key(),
        new X500Name(""),
        null,
        Map.of(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.7.36"), new DERUTF8String("CN=other")));

    assertRefused(403, post(unit, base64(request)));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aSerialNumberThatLooksLikeANameStaysASerialNumber() {
    String serialNumber = "S1,CN=admin+O=Evil";
    String id = wire.register(maker, serialNumber, PROFILE);
    TestPki.Identity idevid = idevidNamed(serialNumber);

    X509Certificate certificate = issued(enroll(idevid, TestPki.key()));

    X500Name subject =
        X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    assertEquals(3, subject.getRDNs().length);
    assertEquals(
        serialNumber, subject.getRDNs(BCStyle.CN)[0].getFirst().getValue().toString());
    assertTrue(encodedNames(certificate).contains("urn:uuid:" + id));
  }

  private TestPki.Identity idevidNamed(String serialNumber) {
    KeyPair keys = TestPki.key();
    X500Name subject =
        new X500NameBuilder().addRDN(BCStyle.SERIALNUMBER, serialNumber).build();
    Instant now = Instant.now();
    return new TestPki.Identity(
        keys,
        List.of(TestPki.certify(
            subject,
            keys,
            maker.authority(),
            now.minusSeconds(60),
            now.plusSeconds(3600),
            false,
            null)));
  }

  private static String encodedNames(X509Certificate certificate) {
    try {
      return String.valueOf(certificate.getSubjectAlternativeNames());
    } catch (CertificateParsingException e) {
      throw new IllegalStateException(e);
    }
  }
}
