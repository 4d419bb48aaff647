package io.sallyport.cli;

import io.sallyport.testing.Fuzzing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.time.Clock;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAbsentContent;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.junit.jupiter.api.Test;

/** Whatever a server answers, it is read, or the command fails in one sentence. */
class AnswersFuzzTest {
  private static final byte[] CERTS_ONLY = certsOnly();

  @Test
  void certificatesInCmsAreReadOrNot() {
    Fuzzing.of(Cms.class, List.of(CERTS_ONLY));
  }

  @Test
  void certificatesInBase64AreReadOrNot() {
    Fuzzing.of(
        Base64Cms.class,
        List.of(
            Base64.getEncoder().encode(CERTS_ONLY), Base64.getMimeEncoder().encode(CERTS_ONLY)));
  }

  @Test
  void aKeyAndItsCertificateAreReadOrNot() {
    String key =
        Base64.getMimeEncoder().encodeToString(Requests.newKey().getPrivate().getEncoded());
    String cms = Base64.getEncoder().encodeToString(CERTS_ONLY);
    Fuzzing.of(
        Multipart.class,
        List.of(
            octets("multipart/mixed; boundary=b\n--b\r\nContent-Type: application/pkcs8\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\n" + key + "\r\n--b\r\nContent-Type:"
                + " application/pkcs7-mime; smime-type=certs-only\r\n\r\n" + cms + "\r\n--b--\r\n"),
            octets(
                "Multipart/Mixed; charset=x; boundary=\"a b?\"\npreamble\n--a b?\n\nAA==\n--a b?\n--a b?--"),
            octets("text/plain\n--b\n")));
  }

  @Test
  void whatIsAskedForIsReadOrNot() {
    HexFormat hex = HexFormat.of();
    Fuzzing.of(
        Asked.class,
        List.of(
            hex.parseHex("300b06092a864886f70d010907"),
            hex.parseHex("30263024" + "06092a864886f70d01090e" + "3117" + "3015" + "3013"
                + "0603551d25" + "040c" + "300a" + "06082b06010505070302"),
            hex.parseHex("302e302c" + "060b2a864886f70d010910023d" + "311d" + "301b" + "020100"
                + "3014" + "3109" + "3007" + "060355040a" + "0c00" + "3107" + "3005" + "0603550405"
                + "a100")));
  }

  static final class Cms {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        EstClient.certsOnly("GET /cacerts", octets);
      } catch (Failure failure) {
        // Said in one sentence.
      }
    }
  }

  static final class Base64Cms {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        EstClient.certificates("GET /cacerts", octets);
      } catch (Failure failure) {
        // Said in one sentence.
      }
    }
  }

  /** The first line is the header, the rest the body. */
  static final class Multipart {
    public static void fuzzerTestOneInput(byte[] octets) {
      String text = new String(octets, StandardCharsets.ISO_8859_1);
      int end = Math.max(0, text.indexOf('\n'));
      try {
        List<MultipartMixed.Part> parts = MultipartMixed.parts(
            text.substring(0, end), text.substring(end).getBytes(StandardCharsets.ISO_8859_1));
        for (MultipartMixed.Part part : parts) {
          Pem.privateKey(part.octets());
        }
      } catch (Failure failure) {
        // Said in one sentence.
      }
    }
  }

  static final class Asked {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        Objects.requireNonNull(AskedRequest.read(octets).subject(Requests.deviceName("CAM-1")));
      } catch (Failure failure) {
        // Said in one sentence.
      }
    }
  }

  private static byte[] certsOnly() {
    try {
      ManufacturingLine line = new ManufacturingLine("Fuzz", Clock.systemUTC());
      CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
      generator.addCertificates(
          new JcaCertStore(List.of(line.anchor(), line.make("C1", "1").leaf())));
      return generator.generate(new CMSAbsentContent(), true).getEncoded();
    } catch (IOException | CMSException | CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] octets(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
