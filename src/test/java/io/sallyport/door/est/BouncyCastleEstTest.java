package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.est.CACertsResponse;
import org.bouncycastle.est.CSRAttributesResponse;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTException;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.EnrollmentResponse;
import org.bouncycastle.est.jcajce.ChannelBindingProvider;
import org.bouncycastle.est.jcajce.JcaHttpAuthBuilder;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.est.jcajce.SSLSocketFactoryCreator;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every operation of EST by Bouncy Castle's client, as a program on top of it would use it. */
@QuarkusTest
class BouncyCastleEstTest extends EstPeersTest {
  private static final ESTAuth NO_TOKEN = request -> {};
  private static final ASN1ObjectIdentifier TEMPLATE =
      new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.61");

  @Test
  void itFetchesTheAuthorities() throws Exception {
    CACertsResponse answer = service(null, null).getCACerts();

    assertTrue(answer.isTrusted());
    assertTrue(
        answer
            .getCertificateStore()
            .getMatches(null)
            .contains(new X509CertificateHolder(wire.root().getEncoded())),
        "the root is among them");
  }

  @Test
  void itEnrollsByFactoryCertificateAndRenews() throws Exception {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    X509Certificate first = certificate(service(unit.idevid(), null)
        .simpleEnroll(false, request(keys, new X500Name("CN=" + unit.serialNumber())), NO_TOKEN));
    assertEquals(keys.getPublic(), first.getPublicKey());

    KeyPair next = TestPki.key();
    X509Certificate second = certificate(service(new Identity(keys, List.of(first)), null)
        .simpleEnroll(true, request(next, subject(first)), NO_TOKEN));

    assertEquals(next.getPublic(), second.getPublicKey());
    assertNotEquals(first.getSerialNumber(), second.getSerialNumber());
    assertWorks(new Identity(next, List.of(second)));
  }

  /** It sends the token only when it was asked for it, on a second connection. */
  @Test
  void itEnrollsByToken() throws Exception {
    Unit unit = unit();
    PKCS10CertificationRequest request = request(TestPki.key(), new X500Name(""));

    X509Certificate certificate =
        certificate(service(null, null).simpleEnroll(false, request, basic(token(unit))));

    assertEquals(1, certificates(unit));
    assertTrue(
        certificate.getSubjectX500Principal().getName().contains(unit.serialNumber()),
        certificate.getSubjectX500Principal().getName());
    ESTException refused = assertThrows(
        ESTException.class,
        () -> service(null, null).simpleEnroll(false, request, basic("nobodys-token")));
    assertEquals(401, refused.getStatusCode());
  }

  @Test
  void itReadsWhatIsAskedForAndBringsIt() throws Exception {
    Unit unit = unit();
    ESTService service = service(unit.idevid(), ASKED);

    CSRAttributesResponse asked = service.getCSRAttributes().getAttributesResponse();

    assertTrue(asked.hasRequirement(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest));
    assertTrue(asked.isAttribute(TEMPLATE), () -> asked.getRequirements().toString());
    KeyPair keys = TestPki.key();
    X500Name subject = new X500Name("2.5.4.5=" + unit.serialNumber());
    ESTException refused = assertThrows(
        ESTException.class, () -> service.simpleEnroll(false, request(keys, subject), NO_TOKEN));
    assertEquals(400, refused.getStatusCode());
    ExtensionsGenerator extensions = new ExtensionsGenerator();
    extensions.addExtension(
        Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth));
    certificate(service.simpleEnroll(
        false,
        new JcaPKCS10CertificationRequestBuilder(subject, keys.getPublic())
            .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
            .build(TestPki.signer(keys)),
        NO_TOKEN));
  }

  @Test
  void itTakesThatNothingIsAskedForAsNothing() throws Exception {
    assertFalse(service(null, KEYGEN).getCSRAttributes().hasAttributesResponse());
  }

  @Test
  void itGetsAKeyThatTheServerMade() throws Exception {
    Unit unit = unit();

    EnrollmentResponse answer = service(unit.idevid(), KEYGEN)
        .simpleEnrollWithServersideCreation(request(TestPki.key(), new X500Name("")), NO_TOKEN);

    X509Certificate certificate = certificate(answer);
    KeyPair keys = new KeyPair(
        certificate.getPublicKey(),
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(answer.getPrivateKeyInfo().getEncoded())));
    // The server takes a renewal only from whoever has the private key of this certificate.
    assertEquals(
        200,
        wire.est(
                KEYGEN + "/simplereenroll",
                new Identity(keys, List.of(certificate)),
                null,
                renewal(TestPki.key(), certificate))
            .statusCode());
  }

  /** Its proof of possession carries whatever its provider says of the connection; here the exporter's value. */
  @Test
  void itBindsARequestToItsConnection() throws Exception {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    Exporter exporter = new Exporter();

    X509Certificate certificate = certificate(binding(unit.idevid(), exporter)
        .simpleEnrollPoP(false, builder(keys), TestPki.signer(keys), NO_TOKEN));

    assertEquals(keys.getPublic(), certificate.getPublicKey());
    assertEquals(1, exporter.asked);
    Identity current = new Identity(keys, List.of(certificate));
    KeyPair next = TestPki.key();
    certificate(binding(current, new Exporter())
        .simpleEnrollPoP(
            true,
            new JcaPKCS10CertificationRequestBuilder(subject(certificate), next.getPublic()),
            TestPki.signer(next),
            NO_TOKEN));
  }

  @Test
  void aRequestThatIsBoundToNothingIsRefused() throws Exception {
    Unit unit = unit();
    KeyPair keys = TestPki.key();

    ESTException plain = assertThrows(
        ESTException.class,
        () -> service(unit.idevid(), BOUND)
            .simpleEnroll(false, request(keys, new X500Name("")), NO_TOKEN));
    ESTException other = assertThrows(
        ESTException.class,
        () -> binding(unit.idevid(), new Exporter() {
              @Override
              public byte[] getChannelBinding(Socket socket, String type) {
                byte[] value = super.getChannelBinding(socket, type);
                value[0] ^= 1;
                return value;
              }
            })
            .simpleEnrollPoP(false, builder(keys), TestPki.signer(keys), NO_TOKEN));

    assertEquals(400, plain.getStatusCode());
    assertEquals(400, other.getStatusCode());
    assertEquals(0, certificates(unit));
  }

  /** 202 with Retry-After, the same request again, and the certificate after the approval (RFC 7030 §4.2.3). */
  @Test
  void itWaitsForAnApproval() throws Exception {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    ESTService service = service(unit.idevid(), APPROVED);

    EnrollmentResponse pending =
        service.simpleEnroll(false, request(keys, new X500Name("")), NO_TOKEN);
    assertFalse(pending.isCompleted());
    assertTrue(pending.getNotBefore() > 0, "it was told when to come back");
    EnrollmentResponse still = service.simpleEnroll(pending);
    assertFalse(still.isCompleted());
    approve(unit);
    EnrollmentResponse done = service.simpleEnroll(still);

    assertTrue(done.isCompleted());
    assertEquals(keys.getPublic(), certificate(done).getPublicKey());
    assertEquals(1, certificates(unit));
  }

  @Test
  void theSameRequestAgainIsTheSameCertificate() throws Exception {
    Unit unit = unit();
    PKCS10CertificationRequest request = request(TestPki.key(), new X500Name(""));
    ESTService service = service(unit.idevid(), null);

    X509Certificate first = certificate(service.simpleEnroll(false, request, NO_TOKEN));
    X509Certificate again = certificate(service.simpleEnroll(false, request, NO_TOKEN));

    assertArrayEquals(first.getEncoded(), again.getEncoded());
  }

  /** What RFC 9266 says of the connection, whichever name the client has for it. */
  private static class Exporter implements ChannelBindingProvider {
    private int asked;

    @Override
    public boolean canAccessChannelBinding(Socket socket) {
      return true;
    }

    @Override
    public byte[] getChannelBinding(Socket socket, String type) {
      asked++;
      try {
        return ((ExtendedSSLSession) ((SSLSocket) socket).getSession())
            .exportKeyingMaterialData("EXPORTER-Channel-Binding", new byte[0], 32);
      } catch (SSLException e) {
        throw new AssertionError(e);
      }
    }
  }

  private ESTService service(@Nullable Identity identity, @Nullable String label) {
    return builder(identity, label).build();
  }

  private ESTService binding(Identity identity, ChannelBindingProvider provider) {
    JsseESTServiceBuilder builder = builder(identity, BOUND);
    builder.withChannelBindingProvider(provider);
    return builder.build();
  }

  private JsseESTServiceBuilder builder(@Nullable Identity identity, @Nullable String label) {
    JsseESTServiceBuilder builder = new JsseESTServiceBuilder(
        URI.create(wire.devices()).getAuthority(), new SSLSocketFactoryCreator() {
          @Override
          public SSLSocketFactory createFactory() {
            return wire.tls(identity).getSocketFactory();
          }

          @Override
          public boolean isTrusted() {
            return true;
          }
        });
    // The names of JSSE's suites of TLS 1.3 are not on its list.
    builder.withFilterCipherSuites(false);
    builder.withTimeout(20_000);
    if (label != null) {
      builder.withLabel(label);
    }
    return builder;
  }

  private static ESTAuth basic(String token) throws Exception {
    return new JcaHttpAuthBuilder("device", token.toCharArray()).build();
  }

  private static PKCS10CertificationRequestBuilder builder(KeyPair keys) {
    return new JcaPKCS10CertificationRequestBuilder(new X500Name(""), keys.getPublic());
  }

  private static PKCS10CertificationRequest request(KeyPair keys, X500Name subject)
      throws IOException {
    return new PKCS10CertificationRequest(request(keys, subject, null, Map.of()));
  }

  private static X509Certificate certificate(EnrollmentResponse answer) throws Exception {
    assertTrue(answer.isCompleted(), "it has a certificate");
    X509CertificateHolder[] all = ESTService.storeToArray(answer.getStore());
    assertEquals(1, all.length, () -> Arrays.toString(all));
    return new JcaX509CertificateConverter().getCertificate(all[0]);
  }
}
