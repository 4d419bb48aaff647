package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Cosignatures by ML-DSA-44 (C2SP tlog-cosignature, type 6), made here octet by octet. */
class WitnessKeyTest {
  private static final String NAME = "witness.example/w";
  private static final long TIME = 1_700_000_000L;
  private static final int KEY_LENGTH = 1312;
  private static final String ROOT = Base64.getEncoder().encodeToString(new byte[32]);
  private static final String TEXT = "log.example/l\n7\n" + ROOT + "\n";

  @SuppressWarnings("NullAway.Init")
  private static KeyPair pair;

  @BeforeAll
  static void key() throws Exception {
    pair = KeyPairGenerator.getInstance("ML-DSA-44", "SUN").generateKeyPair();
  }

  private static byte[] typed() {
    byte[] spki = pair.getPublic().getEncoded();
    return ByteBuffer.allocate(1 + KEY_LENGTH)
        .put((byte) 6)
        .put(spki, spki.length - KEY_LENGTH, KEY_LENGTH)
        .array();
  }

  private static byte[] id() throws Exception {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    sha256.update((NAME + "\n").getBytes(StandardCharsets.US_ASCII));
    return Arrays.copyOf(sha256.digest(typed()), 4);
  }

  private static String vkey() throws Exception {
    return NAME + "+" + HexFormat.of().formatHex(id()) + "+"
        + Base64.getEncoder().encodeToString(typed());
  }

  /** A line that tells one time and signs these fields. */
  private static SignedNote.Line line(
      long told, String cosigner, long time, String origin, long start, long size)
      throws Exception {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(message);
    fields.writeBytes("subtree/v1");
    fields.write(new byte[] {10, 0});
    fields.writeByte(cosigner.length());
    fields.writeBytes(cosigner);
    fields.writeLong(time);
    fields.writeByte(origin.length());
    fields.writeBytes(origin);
    fields.writeLong(start);
    fields.writeLong(size);
    fields.write(new byte[32]);
    Signature signer = Signature.getInstance("ML-DSA-44", "SUN");
    signer.initSign(pair.getPrivate());
    signer.update(message.toByteArray());
    byte[] value = ByteBuffer.allocate(4 + 8 + 2420)
        .put(id())
        .putLong(told)
        .put(signer.sign())
        .array();
    return SignedNote.Line.parse(
        "\u2014 " + NAME + " " + Base64.getEncoder().encodeToString(value));
  }

  private static Optional<Instant> cosigned(SignedNote.Line line) throws Exception {
    return WitnessKey.parse(vkey()).cosigned(TEXT, line);
  }

  @Test
  void aCosignatureTellsItsTime() throws Exception {
    SignedNote.Line line = line(TIME, NAME, TIME, "log.example/l", 0, 7);

    assertEquals(Optional.of(Instant.ofEpochSecond(TIME)), cosigned(line));
    assertEquals(vkey(), WitnessKey.parse(vkey()).toString());
    assertTrue(
        WitnessKey.parse(vkey()).cosigned(TEXT + "an extension line\n", line).isPresent(),
        "extension lines are not signed");
  }

  @Test
  void whatSaysAnythingElseIsNone() throws Exception {
    for (SignedNote.Line other : new SignedNote.Line[] {
      line(TIME + 1, NAME, TIME, "log.example/l", 0, 7),
      line(TIME, "witness.example/other", TIME, "log.example/l", 0, 7),
      line(TIME, NAME, TIME, "log.example/other", 0, 7),
      line(TIME, NAME, TIME, "log.example/l", 1, 7),
      line(TIME, NAME, TIME, "log.example/l", 0, 8),
      // It says nothing of when this was the largest.
      line(0, NAME, 0, "log.example/l", 0, 7)
    }) {
      assertEquals(Optional.empty(), cosigned(other));
    }
  }

  @Test
  void aKeyOfTheWrongLengthOrIdIsRefused() throws Exception {
    byte[] shorter = Arrays.copyOf(typed(), KEY_LENGTH);
    assertThrows(
        IllegalArgumentException.class,
        () -> WitnessKey.parse(NAME + "+00000000+" + Base64.getEncoder().encodeToString(shorter)));
    String whole = vkey();
    assertThrows(
        IllegalArgumentException.class, () -> WitnessKey.parse(whole.replace(NAME, "other")));
  }
}
