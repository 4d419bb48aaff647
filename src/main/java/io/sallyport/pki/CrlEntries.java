package io.sallyport.pki;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/**
 * revokedCertificates of a CRL (RFC 5280 §5.1), written in DER as they come: about forty octets an entry and no object, so
 * that a list of a million fits.
 */
final class CrlEntries {
  /** The reason that takes a lifted hold off the list in a delta (RFC 5280 §5.3.1). */
  static final int REMOVE_FROM_CRL = 8;

  private static final int CHUNK = 64 * 1024;
  /** A serial has 20 octets at most (RFC 5280 §4.1.2.2), which may need one more for the sign. */
  private static final int LONGEST_SERIAL = 21;
  /** Two headers of two octets, serial, GeneralizedTime, extensions. */
  private static final int LONGEST_ENTRY = 2 + 2 + LONGEST_SERIAL + 17 + 14;
  /** Extensions: SEQUENCE, SEQUENCE, id-ce-cRLReasons, OCTET STRING, ENUMERATED; the code follows. */
  private static final byte[] REASON = {
    0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01
  };

  /** The first year of GeneralizedTime (RFC 5280 §5.1.2.6). */
  private static final int GENERALIZED = 2050;

  private final List<byte[]> full = new ArrayList<>();
  private byte[] chunk = new byte[1024];
  private int used;
  private int count;
  private int length;

  /** The number of entries. */
  int count() {
    return count;
  }

  /** Octets of all entries together. */
  int length() {
    return length;
  }

  /**
   * Appends an entry.
   *
   * @param serial the content octets of a DER INTEGER
   * @param revokedAt seconds since 1970
   * @param reason CRLReason; 0, unspecified, is left out (RFC 5280 §5.3.1)
   */
  void add(byte[] serial, long revokedAt, int reason) {
    if (serial.length < 1 || serial.length > LONGEST_SERIAL) {
      throw new IllegalStateException("a serial of " + serial.length + " octets is recorded");
    }
    room();
    int start = used;
    used += 2;
    chunk[used++] = 0x02;
    chunk[used++] = (byte) serial.length;
    System.arraycopy(serial, 0, chunk, used, serial.length);
    used += serial.length;
    used = time(chunk, used, revokedAt);
    if (reason != 0) {
      System.arraycopy(REASON, 0, chunk, used, REASON.length);
      used += REASON.length;
      chunk[used++] = (byte) reason;
    }
    chunk[start] = 0x30;
    chunk[start + 1] = (byte) (used - start - 2);
    length += used - start;
    count++;
  }

  private void room() {
    if (used + LONGEST_ENTRY <= chunk.length) {
      return;
    }
    byte[] whole = new byte[used];
    System.arraycopy(chunk, 0, whole, 0, used);
    full.add(whole);
    chunk = chunk.length < CHUNK ? new byte[CHUNK] : chunk;
    used = 0;
  }

  /** Writes a Time (RFC 5280 §5.1.2.4) and answers the offset behind it. */
  static int time(byte[] into, int at, long seconds) {
    LocalDateTime time = LocalDateTime.ofEpochSecond(seconds, 0, ZoneOffset.UTC);
    int year = time.getYear();
    int offset = at;
    into[offset++] = (byte) (year < GENERALIZED ? 0x17 : 0x18);
    into[offset++] = (byte) (year < GENERALIZED ? 13 : 15);
    if (year >= GENERALIZED) {
      offset = digits(into, offset, year / 100);
    }
    offset = digits(into, offset, year % 100);
    offset = digits(into, offset, time.getMonthValue());
    offset = digits(into, offset, time.getDayOfMonth());
    offset = digits(into, offset, time.getHour());
    offset = digits(into, offset, time.getMinute());
    offset = digits(into, offset, time.getSecond());
    into[offset++] = 'Z';
    return offset;
  }

  private static int digits(byte[] into, int at, int value) {
    into[at] = (byte) ('0' + value / 10);
    into[at + 1] = (byte) ('0' + value % 10);
    return at + 2;
  }

  /** Copies all entries behind one another and answers the offset behind them. */
  int copy(byte[] into, int at) {
    int offset = at;
    for (byte[] whole : full) {
      System.arraycopy(whole, 0, into, offset, whole.length);
      offset += whole.length;
    }
    System.arraycopy(chunk, 0, into, offset, used);
    return offset + used;
  }
}
