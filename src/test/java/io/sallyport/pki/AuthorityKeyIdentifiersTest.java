package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.security.cert.CertificateEncodingException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Certificate;
import org.junit.jupiter.api.Test;

class AuthorityKeyIdentifiersTest {
  @Test
  void findsWhatAParserFinds() throws CertificateEncodingException {
    Manufacturer manufacturer = TestPki.manufacturer("Acme");
    Identity device = manufacturer.idevid("S-1");
    byte[] certificate = device.certificate().getEncoded();
    assertEquals(parsed(certificate), AuthorityKeyIdentifiers.find(certificate));
  }

  @Test
  void findsNothingWhereThereIsNone() throws CertificateEncodingException {
    byte[] root = TestPki.manufacturer("Acme").authority().certificate().getEncoded();
    assertNull(AuthorityKeyIdentifiers.find(root));
    assertNull(AuthorityKeyIdentifiers.find(new byte[0]));
  }

  @Test
  void whateverTheOctetsItEnds() throws CertificateEncodingException {
    byte[] certificate =
        TestPki.manufacturer("Acme").idevid("S-1").certificate().getEncoded();
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      byte[] spoilt = Arrays.copyOf(certificate, random.nextInt(certificate.length + 1));
      for (int j = random.nextInt(4); j > 0 && spoilt.length > 0; j--) {
        spoilt[random.nextInt(spoilt.length)] = (byte) random.nextInt();
      }
      String found = AuthorityKeyIdentifiers.find(spoilt);
      assertEquals(found, AuthorityKeyIdentifiers.find(spoilt.clone()));
    }
  }

  private static String parsed(byte[] certificate) {
    return HexFormat.of()
        .formatHex(AuthorityKeyIdentifier.fromExtensions(
                Certificate.getInstance(certificate).getTBSCertificate().getExtensions())
            .getKeyIdentifierOctets());
  }
}
