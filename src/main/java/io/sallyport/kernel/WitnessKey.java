package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The Ed25519 key of a witness, which signs checkpoints of others with a time (C2SP tlog-cosignature). */
public final class WitnessKey {
  private static final byte COSIGNATURE = 4;
  private static final int SIGNATURE_LENGTH = 64;

  private final String name;
  private final byte[] key;
  private final Ed25519Key verifier;

  private WitnessKey(String name, byte[] key) {
    this.name = SignedNote.named(name);
    this.key = key;
    this.verifier = Ed25519Key.of(key);
  }

  /** Reads {@code name+id+key}; throws {@link IllegalArgumentException} with a sentence for anything else. */
  public static WitnessKey parse(String vkey) {
    String[] parts = vkey.strip().split("\\+", 3);
    if (parts.length != 3) {
      throw new IllegalArgumentException(
          "This is not a witness's verifier key: it must read name+id+key.");
    }
    byte[] typed = Base64.getDecoder().decode(parts[2]);
    if (typed.length == 0 || typed[0] != COSIGNATURE) {
      throw new IllegalArgumentException(
          "The witness's verifier key is not one for Ed25519 cosignatures (type 4).");
    }
    WitnessKey read = new WitnessKey(parts[0], Arrays.copyOfRange(typed, 1, typed.length));
    if (!HexFormat.of().toHexDigits(read.id()).equals(parts[1])) {
      throw new IllegalArgumentException(
          "The id of the witness's verifier key does not fit its name and key.");
    }
    return read;
  }

  public String name() {
    return name;
  }

  /** Whether {@code line} claims to be of this key. */
  public boolean claims(SignedNote.Line line) {
    return line.name().equals(name) && line.keyId() == id();
  }

  /** When this witness signed the note's text by that line, or empty when the line is not of this key or not good. */
  public Optional<Instant> cosigned(String text, SignedNote.Line line) {
    byte[] value = line.signature();
    if (!claims(line) || value.length != Long.BYTES + SIGNATURE_LENGTH) {
      return Optional.empty();
    }
    long time = ByteBuffer.wrap(value).getLong();
    // What an Instant cannot hold is no time either.
    if (time < 0 || time > Instant.MAX.getEpochSecond()) {
      return Optional.empty();
    }
    byte[] signature = Arrays.copyOfRange(value, Long.BYTES, value.length);
    byte[] message =
        ("cosignature/v1\ntime " + time + "\n" + text).getBytes(StandardCharsets.UTF_8);
    return verifier.good(message, signature)
        ? Optional.of(Instant.ofEpochSecond(time))
        : Optional.empty();
  }

  /** When this witness signed the note; empty when it did not, or when one line that claims so is not good. */
  public Optional<Instant> cosigned(SignedNote note) {
    List<SignedNote.Line> mine = note.lines().stream().filter(this::claims).toList();
    List<Instant> good =
        mine.stream().flatMap(line -> cosigned(note.text(), line).stream()).toList();
    return good.size() == mine.size() ? good.stream().max(Instant::compareTo) : Optional.empty();
  }

  /** The key as one line of text, {@code name+id+key}. */
  @Override
  public String toString() {
    return name + "+" + HexFormat.of().toHexDigits(id()) + "+"
        + Base64.getEncoder().encodeToString(typed());
  }

  private int id() {
    byte[] named = (name + "\n").getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.wrap(Digest.of(named, typed()).octets()).getInt();
  }

  private byte[] typed() {
    return ByteBuffer.allocate(1 + key.length).put(COSIGNATURE).put(key).array();
  }
}
