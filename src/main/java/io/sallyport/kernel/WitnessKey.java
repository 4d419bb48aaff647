package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The key of a witness, Ed25519 or ML-DSA-44, which signs checkpoints of others with a time (C2SP tlog-cosignature). */
public final class WitnessKey {
  private static final byte ED25519 = 4;
  private static final byte ML_DSA_44 = 6;
  private static final int ED25519_SIGNATURE = 64;
  private static final byte[] SUBTREE = "subtree/v1\n\0".getBytes(StandardCharsets.US_ASCII);
  /** One octet tells the length of a name. */
  private static final int LONGEST_NAME = 255;

  private final String name;
  private final byte[] typed;
  private final Scheme scheme;

  private WitnessKey(String name, byte[] typed) {
    this.name = SignedNote.named(name);
    this.typed = typed;
    byte[] key = Arrays.copyOfRange(typed, 1, typed.length);
    this.scheme =
        typed[0] == ED25519 ? new Plain(Ed25519Key.of(key)) : new Subtree(name, MlDsa44Key.of(key));
  }

  /** What a kind of key signs. */
  private sealed interface Scheme {
    int signatureLength();

    boolean good(long time, String text, byte[] signature);
  }

  /** The text as it is, behind the time. */
  private record Plain(Ed25519Key key) implements Scheme {
    @Override
    public int signatureLength() {
      return ED25519_SIGNATURE;
    }

    @Override
    public boolean good(long time, String text, byte[] signature) {
      return key.good(
          ("cosignature/v1\ntime " + time + "\n" + text).getBytes(StandardCharsets.UTF_8),
          signature);
    }
  }

  /** What the text says of the tree, and by whom: extension lines are not signed. */
  private record Subtree(String name, MlDsa44Key key) implements Scheme {
    Subtree {
      if (octets(name).length > LONGEST_NAME) {
        throw new IllegalArgumentException(
            "The name of the witness has more than " + LONGEST_NAME + " octets.");
      }
    }

    @Override
    public int signatureLength() {
      return MlDsa44Key.SIGNATURE_LENGTH;
    }

    @Override
    public boolean good(long time, String text, byte[] signature) {
      MerkleCheckpoint checkpoint;
      try {
        checkpoint = MerkleCheckpoint.parse(text);
      } catch (IllegalArgumentException e) {
        return false;
      }
      // With no time it does not say that this was the largest tree it had seen.
      return time > 0
          && octets(checkpoint.origin()).length <= LONGEST_NAME
          && key.good(message(time, checkpoint), signature);
    }

    private byte[] message(long time, MerkleCheckpoint checkpoint) {
      byte[] cosigner = octets(name);
      byte[] origin = octets(checkpoint.origin());
      return ByteBuffer.allocate(SUBTREE.length
              + 1
              + cosigner.length
              + Long.BYTES
              + 1
              + origin.length
              + 2 * Long.BYTES
              + Digest.LENGTH)
          .put(SUBTREE)
          .put((byte) cosigner.length)
          .put(cosigner)
          .putLong(time)
          .put((byte) origin.length)
          .put(origin)
          .putLong(0)
          .putLong(checkpoint.size())
          .put(checkpoint.root().octets())
          .array();
    }

    private static byte[] octets(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** Reads {@code name+id+key}; throws {@link IllegalArgumentException} with a sentence for anything else. */
  public static WitnessKey parse(String vkey) {
    String[] parts = vkey.strip().split("\\+", 3);
    if (parts.length != 3) {
      throw new IllegalArgumentException(
          "This is not a witness's verifier key: it must read name+id+key.");
    }
    byte[] typed = Base64.getDecoder().decode(parts[2]);
    if (typed.length == 0 || typed[0] != ED25519 && typed[0] != ML_DSA_44) {
      throw new IllegalArgumentException(
          "The witness's verifier key is not one for cosignatures: Ed25519 (type 4) or ML-DSA-44 (type 6).");
    }
    WitnessKey read = new WitnessKey(parts[0], typed);
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
    if (!claims(line) || value.length != Long.BYTES + scheme.signatureLength()) {
      return Optional.empty();
    }
    long time = ByteBuffer.wrap(value).getLong();
    // What an Instant cannot hold is no time either.
    if (time < 0 || time > Instant.MAX.getEpochSecond()) {
      return Optional.empty();
    }
    return scheme.good(time, text, Arrays.copyOfRange(value, Long.BYTES, value.length))
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
        + Base64.getEncoder().encodeToString(typed);
  }

  private int id() {
    byte[] named = (name + "\n").getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.wrap(Digest.of(named, typed).octets()).getInt();
  }
}
