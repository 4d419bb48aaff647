package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * A text with signatures (C2SP signed-note): the text, an empty line, and a line for each signature.
 *
 * @param text what is signed, ending with a line break
 */
public record SignedNote(String text, List<Line> lines) {
  /** A checkpoint has some 200 characters and each witness adds some 150. */
  private static final int MOST_CHARACTERS = 64 * 1024;

  private static final String DASH = "\u2014 ";

  public SignedNote {
    lines = List.copyOf(lines);
  }

  /** Reads a note; throws {@link IllegalArgumentException} with a sentence when it is none. */
  public static SignedNote parse(String note) {
    int gap = note.lastIndexOf("\n\n");
    if (note.length() > MOST_CHARACTERS || gap < 0 || !note.endsWith("\n")) {
      throw new IllegalArgumentException(
          "This is not a signed note: it needs a text, an empty line and signatures.");
    }
    List<Line> lines = new ArrayList<>();
    for (String line : note.substring(gap + 2).split("\n")) {
      int space = line.lastIndexOf(' ');
      if (!line.startsWith(DASH) || space < DASH.length()) {
        throw new IllegalArgumentException(
            "A signature line of the note does not read '\u2014 name signature'.");
      }
      byte[] value = Base64.getDecoder().decode(line.substring(space + 1));
      if (value.length <= Integer.BYTES) {
        throw new IllegalArgumentException("A signature of the note is too short.");
      }
      lines.add(new Line(line.substring(DASH.length(), space), value));
    }
    return new SignedNote(note.substring(0, gap + 1), lines);
  }

  /** The note as it is handed on. */
  @Override
  public String toString() {
    StringBuilder note = new StringBuilder(text).append('\n');
    for (Line line : lines) {
      note.append(DASH).append(line.name()).append(' ');
      note.append(Base64.getEncoder().encodeToString(line.value)).append('\n');
    }
    return note.toString();
  }

  /** One signature: the key's name, then its four-octet id and the signature itself. */
  public static final class Line {
    private final String name;
    private final byte[] value;

    private Line(String name, byte[] value) {
      this.name = name;
      this.value = value;
    }

    public String name() {
      return name;
    }

    private int keyId() {
      return ByteBuffer.wrap(value).getInt();
    }

    private byte[] signature() {
      return Arrays.copyOfRange(value, Integer.BYTES, value.length);
    }
  }

  /** An Ed25519 key that signs notes, with the name it signs under. */
  public static final class VerifierKey {
    private static final byte ED25519 = 1;
    private static final int KEY_LENGTH = 32;

    /** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 §4). */
    private static final byte[] SPKI = HexFormat.of().parseHex("302a300506032b6570032100");

    private final String name;
    private final byte[] key;
    private final PublicKey publicKey;

    private VerifierKey(String name, byte[] key) {
      if (name.isEmpty()
          || name.codePoints().anyMatch(c -> c == '+' || Character.isWhitespace(c) || c < ' ')) {
        throw new IllegalArgumentException(
            "'" + name + "' cannot name a log: it is empty, or has a plus or a space.");
      }
      if (key.length != KEY_LENGTH) {
        throw new IllegalArgumentException("An Ed25519 key has 32 octets, not " + key.length + ".");
      }
      this.name = name;
      this.key = key;
      try {
        byte[] encoded =
            ByteBuffer.allocate(SPKI.length + KEY_LENGTH).put(SPKI).put(key).array();
        this.publicKey =
            KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
      } catch (GeneralSecurityException e) {
        throw new IllegalArgumentException("The log's key is not an Ed25519 key.", e);
      }
    }

    /** The key {@code subjectPublicKeyInfo} under {@code name}; it must be an Ed25519 key. */
    public static VerifierKey of(String name, Der subjectPublicKeyInfo) {
      byte[] encoded = subjectPublicKeyInfo.octets();
      if (encoded.length != SPKI.length + KEY_LENGTH
          || !Arrays.equals(SPKI, Arrays.copyOf(encoded, SPKI.length))) {
        throw new IllegalArgumentException("The log's key is not an Ed25519 key.");
      }
      return new VerifierKey(name, Arrays.copyOfRange(encoded, SPKI.length, encoded.length));
    }

    /** Reads {@code name+id+key}; throws {@link IllegalArgumentException} with a sentence for anything else. */
    public static VerifierKey parse(String vkey) {
      String[] parts = vkey.strip().split("\\+", 3);
      if (parts.length != 3) {
        throw new IllegalArgumentException("This is not a verifier key: it must read name+id+key.");
      }
      byte[] typed = Base64.getDecoder().decode(parts[2]);
      if (typed.length != 1 + KEY_LENGTH || typed[0] != ED25519) {
        throw new IllegalArgumentException("The verifier key is not an Ed25519 key.");
      }
      VerifierKey key = new VerifierKey(parts[0], Arrays.copyOfRange(typed, 1, typed.length));
      if (!HexFormat.of().toHexDigits(key.id()).equals(parts[1])) {
        throw new IllegalArgumentException("The verifier key's id does not fit its name and key.");
      }
      return key;
    }

    public String name() {
      return name;
    }

    /** The note of {@code text} with this key's {@code signature} over the UTF-8 octets of the text. */
    public SignedNote note(String text, byte[] signature) {
      byte[] value = ByteBuffer.allocate(Integer.BYTES + signature.length)
          .putInt(id())
          .put(signature)
          .array();
      return new SignedNote(text, List.of(new Line(name, value)));
    }

    /** Whether {@code note} has a signature of this key and every such signature is good. */
    public boolean signed(SignedNote note) {
      List<Line> mine = note.lines().stream()
          .filter(line -> line.name().equals(name) && line.keyId() == id())
          .toList();
      return !mine.isEmpty() && mine.stream().allMatch(line -> good(note.text(), line.signature()));
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
      return ByteBuffer.allocate(1 + KEY_LENGTH).put(ED25519).put(key).array();
    }

    private boolean good(String text, byte[] signature) {
      try {
        Signature ed25519 = Signature.getInstance("Ed25519");
        ed25519.initVerify(publicKey);
        ed25519.update(text.getBytes(StandardCharsets.UTF_8));
        return ed25519.verify(signature);
      } catch (SignatureException e) {
        return false; // a signature of the wrong form
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("this JVM cannot check Ed25519 signatures", e);
      }
    }
  }
}
