package io.sallyport.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Digest;
import io.sallyport.testing.Tpm.AttestationKey;
import io.sallyport.testing.Tpm.DeviceKey;
import java.nio.charset.StandardCharsets;
import java.security.Signature;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.junit.jupiter.api.Test;

/** What the other tests take for granted about the TPM that they are given. */
class TpmTest {
  private static final byte[] DATA = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  @Test
  void quotesCertifiesAndSigns() throws Exception {
    try (Tpm tpm = Tpm.start()) {
      tpm.ekCertificate().verify(tpm.issuer().getPublicKey());
      tpm.issuer().verify(tpm.root().getPublicKey());
      assertEquals("RSA", tpm.ekCertificate().getPublicKey().getAlgorithm());
      assertEquals("EC", tpm.eccEkCertificate().getPublicKey().getAlgorithm());

      AttestationKey ak = tpm.attestationKey("ecc");
      byte[] area = Arrays.copyOfRange(ak.publicArea(), 2, ak.publicArea().length);
      assertArrayEquals(Digest.of(area).octets(), Arrays.copyOfRange(ak.name(), 2, 34));
      Tpm.Quote before = tpm.quote(ak, DATA, "sha256:0,7");
      assertEquals(
          Set.of("0", "7"), before.pcrs().getOrDefault("sha256", Map.of()).keySet());
      assertEquals("00".repeat(32), before.pcr("sha256", 7));
      tpm.extend(7, new byte[32]);
      Tpm.Quote after = tpm.quote(ak, DATA, "sha256:0,7");
      assertNotEquals(before.pcr("sha256", 7), after.pcr("sha256", 7));

      DeviceKey key = tpm.deviceKey();
      assertTrue(tpm.certify(key, ak, DATA).info().length > 100);
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(key.keys().getPrivate());
      signature.update(DATA);
      byte[] signed = signature.sign();
      signature = Signature.getInstance("SHA256withECDSA");
      signature.initVerify(key.keys().getPublic());
      signature.update(DATA);
      assertTrue(signature.verify(signed));
      assertTrue(new PKCS10CertificationRequest(tpm.request(key, "/CN=device"))
          .isSignatureValid(
              new JcaContentVerifierProviderBuilder().build(key.keys().getPublic())));
      assertTrue(new PKCS10CertificationRequest(TestPki.request(key.keys(), "CN=device", null))
          .isSignatureValid(
              new JcaContentVerifierProviderBuilder().build(key.keys().getPublic())));

      try (Tpm other = tpm.sibling()) {
        other.ekCertificate().verify(tpm.issuer().getPublicKey());
        assertNotEquals(
            tpm.ekCertificate().getPublicKey(), other.ekCertificate().getPublicKey());
        for (String algorithm : new String[] {"rsassa", "rsapss"}) {
          assertTrue(other
                  .quote(other.attestationKey(algorithm), DATA, "sha1:0+sha256:0")
                  .message()
                  .length
              > 100);
        }
        AttestationKey persistent = other.attestationKey("ecc");
        other.powerCycle();
        other.powerLoss();
        assertTrue(other.quote(persistent, DATA, "sha256:0").message().length > 100);
      }
    }
  }
}
