package io.sallyport.door.est;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.Fuzzing;
import io.sallyport.testing.TestPki;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whatever stands in a body or in an Authorization header, it is read or refused. */
class EstEncodingFuzzTest {
  @Test
  void aBodyIsReadOrRefused() {
    byte[] request = TestPki.request(TestPki.key(), "CN=device", null);
    Fuzzing.of(
        Body.class,
        List.of(
            Base64.getEncoder().encode(request),
            Base64.getMimeEncoder().encode(request),
            " \r\n\tAA==\r\n".getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void anAuthorizationHeaderIsReadOrRefused() {
    Fuzzing.of(
        Header.class,
        List.of(
            "Basic ZGV2aWNlOnNlY3JldA==".getBytes(StandardCharsets.US_ASCII),
            "basic    ZGV2aWNlOg==".getBytes(StandardCharsets.US_ASCII),
            "Bearer x".getBytes(StandardCharsets.US_ASCII)));
  }

  static final class Body {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        Der read = EstEncoding.decode(octets);
        // What was read is what is written, in both habits.
        for (boolean lines : new boolean[] {false, true}) {
          byte[] written = EstEncoding.encode(read.octets(), lines);
          if (!Arrays.equals(read.octets(), EstEncoding.decode(written).octets())) {
            throw new IllegalStateException("written and read back it is something else");
          }
        }
      } catch (Refusal refused) {
        // Said in one sentence.
      }
    }
  }

  static final class Header {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        BasicCredentials.password(new String(octets, StandardCharsets.ISO_8859_1));
      } catch (Refusal refused) {
        // Said in one sentence.
      }
    }
  }
}
