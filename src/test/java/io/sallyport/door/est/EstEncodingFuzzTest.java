package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.Mutations;
import io.sallyport.testing.TestPki;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whatever stands in a body or in an Authorization header, it is read or refused. */
class EstEncodingFuzzTest {
  private static final byte[] REQUEST = TestPki.request(TestPki.key(), "CN=device", null);

  @Test
  void aBodyIsReadOrRefused() {
    Mutations.of(
        List.of(
            Base64.getEncoder().encode(REQUEST),
            Base64.getMimeEncoder().encode(REQUEST),
            " \r\n\tAA==\r\n".getBytes(StandardCharsets.US_ASCII)),
        octets -> {
          try {
            Der read = EstEncoding.decode(octets);
            // What was read is what is written, in both habits.
            for (boolean lines : new boolean[] {false, true}) {
              assertArrayEquals(
                  read.octets(),
                  EstEncoding.decode(EstEncoding.encode(read.octets(), lines)).octets());
            }
          } catch (Refusal refused) {
            // Said in one sentence.
          }
        });
  }

  @Test
  void anAuthorizationHeaderIsReadOrRefused() {
    Mutations.of(
        List.of(
            "Basic ZGV2aWNlOnNlY3JldA==".getBytes(StandardCharsets.US_ASCII),
            "basic    ZGV2aWNlOg==".getBytes(StandardCharsets.US_ASCII),
            "Bearer x".getBytes(StandardCharsets.US_ASCII)),
        octets -> {
          try {
            BasicCredentials.password(new String(octets, StandardCharsets.ISO_8859_1));
          } catch (Refusal refused) {
            // Said in one sentence.
          }
        });
  }
}
