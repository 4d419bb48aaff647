package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.DerText;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.Fuzzing;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;

/** Whatever stands in a certificate request, it is read or refused. */
class CertificateRequestFuzzTest {
  private static final String KEY =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZgmBR62NwlXnNcmQv8hYRFYEPIyw"
          + "gIm+qpUK4jgz7SLrUUtcmMX/WUlRtJJmHPrJXMoyLvYIBskyp1nVdCXKbA==";

  @Test
  void aRequestIsReadOrRefused() throws IOException {
    Fuzzing.of(Read.class, requests());
  }

  /** Without the check of the signature, which stops most of what is tried, what is behind it is reached. */
  @Test
  void aRequestForAnotherKeyIsReadOrRefused() throws IOException {
    Fuzzing.of(ReadForAnotherKey.class, requests());
  }

  static final class Read {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        CertificateRequest.read(Der.of(octets));
      } catch (Refusal refused) {
        // Said in one sentence.
      }
    }
  }

  static final class ReadForAnotherKey {
    private static final Der OTHER = Der.of(Base64.getDecoder().decode(KEY));

    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        CertificateRequest request = CertificateRequest.readFor(OTHER, Der.of(octets));
        for (RDN name : request.subject().getRDNs()) {
          for (AttributeTypeAndValue attribute : name.getTypesAndValues()) {
            DerText.of(attribute.getValue());
          }
        }
      } catch (Refusal refused) {
        // Said in one sentence.
      }
    }
  }

  private static List<byte[]> requests() throws IOException {
    KeyPair keys = TestPki.key();
    List<byte[]> requests = new ArrayList<>();
    requests.add(TestPki.request(keys, "", null));
    requests.add(TestPki.request(keys, "CN=device,2.5.4.5=17", new GeneralNames(new GeneralName[] {
      new GeneralName(GeneralName.dNSName, "device.example"),
      new GeneralName(GeneralName.uniformResourceIdentifier, "urn:uuid:1")
    })));
    requests.add(TestPki.request(TestPki.rsa(2048), "CN=rsa", null));
    requests.add(new JcaPKCS10CertificationRequestBuilder(
            new X500Name("CN=bound"), keys.getPublic())
        .addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_challengePassword, new DERPrintableString("c2VjcmV0"))
        .build(TestPki.signer(keys))
        .getEncoded());
    // Octets that are no UTF-8 in what says that it is.
    byte[] accented = new JcaPKCS10CertificationRequestBuilder(
            new X500Name("CN=d\u00e9j\u00e0"), keys.getPublic())
        .addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_challengePassword, new DERUTF8String("\u00e9"))
        .build(TestPki.signer(keys))
        .getEncoded();
    for (int i = 0; i < accented.length; i++) {
      if (accented[i] == (byte) 0xc3 && accented[i + 1] == (byte) 0xa9) {
        accented[i + 1] = '(';
      }
    }
    requests.add(accented);
    return requests;
  }
}
