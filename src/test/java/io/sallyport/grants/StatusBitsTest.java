package io.sallyport.grants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.util.Base64URL;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;

class StatusBitsTest {
  /** The example of draft-ietf-oauth-status-list §4.1: these sixteen statuses are the octets B9 A3. */
  @Test
  void theOctetsAreThoseOfTheDraftsExample() throws IOException {
    StatusBits bits = new StatusBits(16);
    List.of(0, 3, 4, 5, 7, 8, 9, 13, 15).forEach(bits::invalid);
    assertEquals(1, bits.claim().get("bits"));
    assertEquals("b9a3", HexFormat.of().formatHex(inflated(bits)));
  }

  @Test
  void aWholeListOfValidTokensIsSmall() throws IOException {
    StatusBits bits = new StatusBits(StatusPlace.LIST);
    assertTrue(String.valueOf(bits.claim().get("lst")).length() < 100);
    assertEquals(StatusPlace.LIST / 8, inflated(bits).length);
    bits.invalid(StatusPlace.LIST - 1);
    assertEquals((byte) 0x80, inflated(bits)[StatusPlace.LIST / 8 - 1]);
  }

  private static byte[] inflated(StatusBits bits) throws IOException {
    byte[] zlib = new Base64URL(String.valueOf(bits.claim().get("lst"))).decode();
    try (InflaterInputStream stream = new InflaterInputStream(new ByteArrayInputStream(zlib))) {
      return stream.readAllBytes();
    }
  }
}
