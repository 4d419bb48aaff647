package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
  /** A checkpoint has some 200 characters and each witness adds some 150, by ML-DSA some 3,300. */
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
      lines.add(Line.parse(line));
    }
    return new SignedNote(note.substring(0, gap + 1), lines);
  }

  /** The note as it is handed on. */
  @Override
  public String toString() {
    StringBuilder note = new StringBuilder(text).append('\n');
    for (Line line : lines) {
      note.append(line).append('\n');
    }
    return note.toString();
  }

  /** {@code name} if it can name a key; throws {@link IllegalArgumentException} otherwise. */
  static String named(String name) {
    if (name.isEmpty()
        || name.codePoints().anyMatch(c -> c == '+' || Character.isWhitespace(c) || c < ' ')) {
      throw new IllegalArgumentException(
          "'" + name + "' cannot name a log or a witness: it is empty, or has a plus or a space.");
    }
    return name;
  }

  /** One signature: the key's name, then its four-octet id and the signature itself. */
  public static final class Line {
    private final String name;
    private final byte[] value;

    /**
     * Reads {@code — name signature}, without the line break; throws {@link IllegalArgumentException} with a sentence for
     * anything else.
     */
    public static Line parse(String line) {
      int space = line.lastIndexOf(' ');
      if (!line.startsWith(DASH) || space < DASH.length()) {
        throw new IllegalArgumentException(
            "A signature line of the note does not read '\u2014 name signature'.");
      }
      byte[] value = Base64.getDecoder().decode(line.substring(space + 1));
      if (value.length <= Integer.BYTES) {
        throw new IllegalArgumentException("A signature of the note is too short.");
      }
      return new Line(line.substring(DASH.length(), space), value);
    }

    static Line of(String name, int keyId, byte[] signature) {
      return new Line(
          name,
          ByteBuffer.allocate(Integer.BYTES + signature.length)
              .putInt(keyId)
              .put(signature)
              .array());
    }

    private Line(String name, byte[] value) {
      this.name = name;
      this.value = value;
    }

    public String name() {
      return name;
    }

    int keyId() {
      return ByteBuffer.wrap(value).getInt();
    }

    byte[] signature() {
      return Arrays.copyOfRange(value, Integer.BYTES, value.length);
    }

    /** {@code — name signature}, without the line break. */
    @Override
    public String toString() {
      return DASH + name + " " + Base64.getEncoder().encodeToString(value);
    }
  }

  /** An Ed25519 key that signs notes, with the name it signs under. */
  public static final class VerifierKey {
    private static final byte ED25519 = 1;
    private static final int KEY_LENGTH = Ed25519Key.LENGTH;

    private final String name;
    private final byte[] key;
    private final Ed25519Key verifier;

    private VerifierKey(String name, byte[] key) {
      this.name = named(name);
      this.key = key;
      this.verifier = Ed25519Key.of(key);
    }

    /** The key {@code subjectPublicKeyInfo} under {@code name}; it must be an Ed25519 key. */
    public static VerifierKey of(String name, Der subjectPublicKeyInfo) {
      byte[] encoded = subjectPublicKeyInfo.octets();
      if (encoded.length != Ed25519Key.SPKI.length + KEY_LENGTH
          || !Arrays.equals(Ed25519Key.SPKI, Arrays.copyOf(encoded, Ed25519Key.SPKI.length))) {
        throw new IllegalArgumentException("The log's key is not an Ed25519 key.");
      }
      return new VerifierKey(
          name, Arrays.copyOfRange(encoded, Ed25519Key.SPKI.length, encoded.length));
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

    /** The same key under another name. */
    public VerifierKey as(String otherName) {
      return otherName.equals(name) ? this : new VerifierKey(otherName, key);
    }

    /** The note of {@code text} with this key's {@code signature} over the UTF-8 octets of the text. */
    public SignedNote note(String text, byte[] signature) {
      return new SignedNote(text, List.of(Line.of(name, id(), signature)));
    }

    /** Whether {@code note} has a signature of this key and every such signature is good. */
    public boolean signed(SignedNote note) {
      List<Line> mine = note.lines().stream()
          .filter(line -> line.name().equals(name) && line.keyId() == id())
          .toList();
      byte[] text = note.text().getBytes(StandardCharsets.UTF_8);
      return !mine.isEmpty()
          && mine.stream().allMatch(line -> verifier.good(text, line.signature()));
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
  }
}
