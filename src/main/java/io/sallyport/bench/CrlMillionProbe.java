package io.sallyport.bench;

import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities;
import jakarta.inject.Singleton;
import java.util.UUID;

/** Seconds until all lists of a million revoked certificates are made, signed and published. */
@Singleton
final class CrlMillionProbe implements Probe {
  private static final int LISTS = 64;
  /** SEQUENCE, INTEGER of 17 octets, UTCTime, and a reason. */
  private static final int ENTRY = 2 + 2 + 17 + 15 + 14;

  private final MillionLists lists;
  private final Keys keys;
  private final Authorities authorities;

  CrlMillionProbe(MillionLists lists, Keys keys, Authorities authorities) {
    this.lists = lists;
    this.keys = keys;
    this.authorities = authorities;
  }

  @Override
  public String name() {
    return "crl-million";
  }

  @Override
  public Figure measure() throws Exception {
    MillionLists.Measured measured = lists.measured();
    bare();
    return Figure.of(name(), measured.seconds(), "s", bare(), "encoding, signing as many entries");
  }

  private double bare() {
    UUID key = authorities.get(Authorities.DEVICES).signingKey();
    long start = System.nanoTime();
    int serial = 0;
    for (int list = 0; list < LISTS; list++) {
      byte[] octets = new byte[RevokedCertificates.MILLION / LISTS * ENTRY];
      for (int at = 0; at < octets.length; at += ENTRY) {
        octets[at] = 0x30;
        octets[at + 1] = ENTRY - 2;
        octets[at + 2] = 0x02;
        octets[at + 3] = 17;
        serial++;
        for (int i = 0; i < 17; i++) {
          octets[at + 4 + i] = (byte) (serial >>> i);
        }
        octets[at + 21] = 0x17;
        octets[at + 22] = 13;
      }
      keys.sign(key, octets);
    }
    return (System.nanoTime() - start) / 1e9;
  }
}
