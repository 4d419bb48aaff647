package io.sallyport.grants;

import com.nimbusds.jose.util.Base64URL;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.zip.Deflater;

/** One bit a token: 1 when it is not valid (draft-ietf-oauth-status-list §4.1, §7.1). */
final class StatusBits {
  private final byte[] octets;

  /** @param size places, a multiple of 8 */
  StatusBits(int size) {
    octets = new byte[size / Byte.SIZE];
  }

  /** Least significant bit first. */
  void invalid(int index) {
    octets[index / Byte.SIZE] |= (byte) (1 << index % Byte.SIZE);
  }

  /** The claim {@code status_list}: DEFLATE in the ZLIB format (RFC 1950). */
  Map<String, Object> claim() {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    try {
      deflater.setInput(octets);
      deflater.finish();
      ByteArrayOutputStream compressed = new ByteArrayOutputStream();
      byte[] piece = new byte[4096];
      while (!deflater.finished()) {
        compressed.write(piece, 0, deflater.deflate(piece));
      }
      return Map.of("bits", 1, "lst", Base64URL.encode(compressed.toByteArray()).toString());
    } finally {
      deflater.end();
    }
  }
}
