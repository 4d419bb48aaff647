package io.sallyport.attestation;

import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * Reads a TPM structure (TPM 2.0 Library, Part 2: big-endian, sizes in front) that is not trusted: no size is believed
 * beyond its named bound or the octets that are there, and nothing may be left over. For one thread.
 */
final class TpmReader {
  private final ByteBuffer octets;
  private final String what;
  private final Problem problem;

  /**
   * @param what the structure's name, for refusals
   * @param problem what it is refused with
   */
  TpmReader(byte[] octets, String what, Problem problem) {
    this.octets = ByteBuffer.wrap(octets);
    this.what = what;
    this.problem = problem;
  }

  int u8(String field) {
    require(Byte.BYTES, field);
    return Byte.toUnsignedInt(octets.get());
  }

  int u16(String field) {
    require(Short.BYTES, field);
    return Short.toUnsignedInt(octets.getShort());
  }

  /** All 32 bits; unsigned. */
  int u32(String field) {
    require(Integer.BYTES, field);
    return octets.getInt();
  }

  /** All 64 bits; unsigned. */
  long u64(String field) {
    require(Long.BYTES, field);
    return octets.getLong();
  }

  byte[] octets(int length, String field) {
    require(length, field);
    byte[] read = new byte[length];
    octets.get(read);
    return read;
  }

  /** A TPM2B: a size of two octets and as many octets, {@code most} at most. */
  byte[] sized(int most, String field) {
    int length = u16(field);
    if (length > most) {
      throw refusal("its " + field + " has " + length + " octets, and may have " + most);
    }
    return octets(length, field);
  }

  /** The 16 bits must be {@code expected}. */
  void expect(int expected, int found, String field) {
    if (expected != found) {
      throw refusal(String.format(
          Locale.ROOT, "its %s is 0x%04x, and must be 0x%04x", field, found, expected));
    }
  }

  /** Nothing may follow. */
  void end() {
    if (octets.hasRemaining()) {
      throw refusal(octets.remaining() + " octets follow where it ends");
    }
  }

  Refusal refusal(String complaint) {
    return new Refusal(problem, "The " + what + " cannot be taken: " + complaint + ".");
  }

  private void require(int length, String field) {
    if (octets.remaining() < length) {
      throw refusal("it ends within its " + field);
    }
  }
}
