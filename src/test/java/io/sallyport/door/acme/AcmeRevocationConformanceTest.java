package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may revoke what (RFC 8555 §7.6). */
@QuarkusTest
class AcmeRevocationConformanceTest extends AcmeServerTest {
  private static Answer revoke(AcmeClient client, X509Certificate certificate, int reason)
      throws Exception {
    return client.post(
        client.url("revoke-cert"),
        Map.of("certificate", AcmeClient.base64(certificate.getEncoded()), "reason", reason));
  }

  private void assertRevoked(X509Certificate certificate) {
    assertInstanceOf(
        RevokedStatus.class,
        new StatusClient(wire).device(certificate.getSerialNumber()).getCertStatus());
  }

  @Test
  void theAccountRevokesOnce() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    X509Certificate certificate = issued(client, TestPki.key(), unit.host());

    revoke(client, certificate, 4).expect(200);

    assertRevoked(certificate);
    assertRefused(400, "alreadyRevoked", revoke(client, certificate, 4));
  }

  @Test
  void theCertificatesOwnKeyRevokes() throws Exception {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    X509Certificate certificate = issued(account(unit), keys, unit.host());

    revoke(client(keys), certificate, 1).expect(200);

    assertRevoked(certificate);
  }

  @Test
  void aStrangerDoesNot() throws Exception {
    Unit unit = unit();
    X509Certificate certificate = issued(account(unit), TestPki.key(), unit.host());

    assertRefused(403, "unauthorized", revoke(account(unit()), certificate, 0));
    assertRefused(403, "unauthorized", revoke(client(), certificate, 0));
    assertEquals(200, revoke(account(unit), certificate, 0).status());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 2, 6, 7, 8, 9, 10, 11})
  void aReasonThatIsNotForADeviceToGiveIsRefused(int reason) throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    X509Certificate certificate = issued(client, TestPki.key(), unit.host());

    assertRefused(400, "badRevocationReason", revoke(client, certificate, reason));
  }

  /** What a device knows of its key counts while an operator has it on hold. */
  @Test
  void aHeldCertificateIsRevokedForGoodByItsAccount() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    X509Certificate certificate = issued(client, TestPki.key(), unit.host());
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/" + certificate.getSerialNumber().toString(16) + "/revoke",
        Map.of("reason", "certificate-hold"));

    revoke(client, certificate, 1).expect(200);

    RevokedStatus status = (RevokedStatus)
        new StatusClient(wire).device(certificate.getSerialNumber()).getCertStatus();
    assertEquals(1, status.getRevocationReason());
  }

  @Test
  void aForeignCertificateWithTheSameSerialIsRefused() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    KeyPair keys = TestPki.key();
    X509Certificate certificate = issued(client, keys, unit.host());
    X500Name issuer = X500Name.getInstance(certificate.getIssuerX500Principal().getEncoded());
    X509Certificate foreign = new JcaX509CertificateConverter()
        .getCertificate(new JcaX509v3CertificateBuilder(
                issuer,
                certificate.getSerialNumber(),
                certificate.getNotBefore(),
                certificate.getNotAfter(),
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
                keys.getPublic())
            .build(TestPki.signer(TestPki.key())));

    assertRefused(404, "malformed", revoke(client, foreign, 0));
    assertRefused(404, "malformed", revoke(client(keys), foreign, 0));
  }

  @Test
  void aCertificateThatIsNoDevicesIsNotRevokedByItsKey() throws Exception {
    KeyPair keys = TestPki.key();
    Identity selfSigned = new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("CN=self"),
            keys,
            null,
            Instant.now().minusSeconds(60),
            Instant.now().plusSeconds(3600),
            false,
            null)));

    assertRefused(404, "malformed", revoke(client(keys), selfSigned.certificate(), 0));
  }
}
