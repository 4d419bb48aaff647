package io.sallyport.kernel;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The octets of a fact that are hashed into the log's tree. Server and command line compute them alike.
 *
 * <p>They are one JSON object in UTF-8 without white space, its members in this order and all of them present: {@code
 * v} (the number 1), {@code id} (lower-case UUID), {@code at} (UTC, six digits of fraction, {@code Z}), {@code kind},
 * {@code actor}, {@code subject_type}, {@code subject}, {@code detail} (an object of strings, names in the order of
 * their UTF-16 units). Strings are escaped as in RFC 8785 §3.2.2.2, half a surrogate pair as a
 * control character. So no two facts share a leaf. The position is left
 * out, because the tree itself holds it.
 */
public final class MerkleLeaf {
  private static final DateTimeFormatter MICROS = DateTimeFormatter.ofPattern(
          "uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
      .withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter NANOS = DateTimeFormatter.ofPattern(
          "uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z'", Locale.ROOT)
      .withZone(ZoneOffset.UTC);

  private final byte[] octets;

  private MerkleLeaf(byte[] octets) {
    this.octets = octets;
  }

  /** The leaf of a fact; its strings must have been through {@link #text}. */
  public static MerkleLeaf of(
      UUID id,
      Instant at,
      String kind,
      String actor,
      String subjectType,
      String subject,
      Map<String, String> detail) {
    StringBuilder json = new StringBuilder(256).append("{\"v\":1");
    member(json, "id", id.toString());
    // A recorded fact has microseconds; anything finer is kept, so that it does not fit the leaf
    // that was recorded.
    member(json, "at", (at.getNano() % 1000 == 0 ? MICROS : NANOS).format(at));
    member(json, "kind", kind);
    member(json, "actor", actor);
    member(json, "subject_type", subjectType);
    member(json, "subject", subject);
    json.append(",\"detail\":").append(detail(detail)).append('}');
    return new MerkleLeaf(json.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** A leaf as it was kept. */
  public static MerkleLeaf ofOctets(byte[] octets) {
    return new MerkleLeaf(octets.clone());
  }

  /** The canonical JSON of a fact's detail. */
  public static String detail(Map<String, String> detail) {
    StringBuilder json = new StringBuilder("{");
    new TreeMap<>(detail).forEach((name, value) -> {
      if (json.length() > 1) {
        json.append(',');
      }
      quote(json, name);
      json.append(':');
      quote(json, value);
    });
    return json.append('}').toString();
  }

  /** {@code value} with U+FFFD for what PostgreSQL's text or UTF-8 cannot hold: U+0000 and lone surrogates. */
  public static String text(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) == 0 || Character.isSurrogate(value.charAt(i))) {
        return cleaned(value);
      }
    }
    return value;
  }

  private static String cleaned(String value) {
    StringBuilder clean = new StringBuilder(value.length());
    value
        .codePoints()
        .map(point ->
            point == 0 || point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE
                ? 0xFFFD
                : point)
        .forEach(clean::appendCodePoint);
    return clean.toString();
  }

  public byte[] octets() {
    return octets.clone();
  }

  /** The leaf hash of RFC 6962 §2.1. */
  public Digest hash() {
    return MerkleFrontier.leafHash(octets);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MerkleLeaf that && Arrays.equals(octets, that.octets);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(octets);
  }

  @Override
  public String toString() {
    return new String(octets, StandardCharsets.UTF_8);
  }

  private static void member(StringBuilder json, String name, String value) {
    json.append(",\"").append(name).append("\":");
    quote(json, value);
  }

  private static void quote(StringBuilder json, String value) {
    json.append('"');
    int plain = 0;
    for (int i = 0; i < value.length(); i++) {
      char unit = value.charAt(i);
      if (unit >= ' '
          && unit != '"'
          && unit != '\\'
          && !(Character.isSurrogate(unit) && !paired(value, i))) {
        continue;
      }
      json.append(value, plain, i);
      plain = i + 1;
      switch (unit) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\b' -> json.append("\\b");
        case '\t' -> json.append("\\t");
        case '\n' -> json.append("\\n");
        case '\f' -> json.append("\\f");
        case '\r' -> json.append("\\r");
        default -> json.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
      }
    }
    json.append(value, plain, value.length()).append('"');
  }

  /** UTF-8 has no octets for half a pair; the encoder would put a question mark, and two strings would look alike. */
  private static boolean paired(String value, int i) {
    return Character.isHighSurrogate(value.charAt(i))
        ? i + 1 < value.length() && Character.isLowSurrogate(value.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(value.charAt(i - 1));
  }
}
