package io.sallyport.kernel;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.asn1.x509.GeneralName;
import org.jspecify.annotations.Nullable;

/**
 * A part of a name space that a CA is bound to or kept out of (RFC 5280 §4.2.1.10).
 *
 * @param value as people write it: {@code plant.example}, {@code .plant.example}, {@code O=Plant,C=DE}, {@code 10.0.0.0/8}
 */
public record NameSubtree(Kind kind, String value) {
  private static final Pattern HOST = Pattern.compile(
      "(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");

  private static final int LONGEST_NAME = 400;
  private static final int IPV4 = 4;

  /** The kinds of names that certificates of this server carry. */
  public enum Kind {
    /** A host and all below it. */
    DNS("dns", GeneralName.dNSName),
    /** The host of a URI; with a leading dot all below it, and not itself. */
    URI("uri", GeneralName.uniformResourceIdentifier),
    /** A distinguished name (RFC 4514) and all below it. */
    DIRECTORY("dn", GeneralName.directoryName),
    /** A prefix. */
    IP("ip", GeneralName.iPAddress);

    private final String word;
    private final int tag;

    Kind(String word, int tag) {
      this.word = word;
      this.tag = tag;
    }

    /** The tag of the GeneralName. */
    public int tag() {
      return tag;
    }
  }

  /** Refuses with {@link IllegalArgumentException} and a sentence. */
  public NameSubtree {
    String wrong = switch (kind) {
      case DNS -> HOST.matcher(value).matches() ? null : "is no DNS name";
      case URI ->
        HOST.matcher(value.startsWith(".") ? value.substring(1) : value).matches()
            ? null
            : "is no host, nor a dot and a domain";
      case DIRECTORY -> directory(value) == null ? "is no distinguished name (RFC 4514)" : null;
      case IP -> {
        IpPrefix prefix = IpPrefix.parse(value);
        yield prefix == null || !prefix.isCanonical()
            ? "is no prefix such as 10.0.0.0/8 or 2001:db8::/32"
            : null;
      }
    };
    if (wrong != null) {
      throw new IllegalArgumentException("\"" + kind.word + ":" + value + "\" " + wrong + ".");
    }
  }

  /** Reads {@code dns:plant.example}, {@code uri:.plant.example}, {@code dn:O=Plant}, {@code ip:10.0.0.0/8}. */
  public static NameSubtree parse(String text) {
    int colon = text.indexOf(':');
    String word = colon < 0 ? text : text.substring(0, colon);
    for (Kind kind : Kind.values()) {
      if (kind.word.equals(word.toLowerCase(Locale.ROOT)) && colon > 0) {
        return new NameSubtree(kind, text.substring(colon + 1).strip());
      }
    }
    throw new IllegalArgumentException(
        "A name constraint is written dns:plant.example, uri:.plant.example,"
            + " dn:O=Plant or ip:10.0.0.0/8.");
  }

  /** What stands in a certificate; null when it is of a kind that is not known here. */
  public static @Nullable NameSubtree of(GeneralName base) {
    try {
      for (Kind kind : Kind.values()) {
        if (kind.tag == base.getTagNo()) {
          return new NameSubtree(
              kind,
              switch (kind) {
                case DNS, URI -> base.getName().toString();
                case DIRECTORY -> BCStyle.INSTANCE.toString(X500Name.getInstance(base.getName()));
                case IP -> prefix(ASN1OctetString.getInstance(base.getName()).getOctets());
              });
        }
      }
    } catch (IllegalArgumentException unusual) {
      return null;
    }
    return null;
  }

  private static String prefix(byte[] octets) {
    int half = octets.length / 2;
    int length = 0;
    while (length < half * Byte.SIZE
        && (octets[half + length / Byte.SIZE] >> (7 - length % Byte.SIZE) & 1) == 1) {
      length++;
    }
    try {
      return java.net.InetAddress.getByAddress(Arrays.copyOf(octets, half)).getHostAddress() + "/"
          + length;
    } catch (java.net.UnknownHostException e) {
      throw new IllegalArgumentException("not an address and its mask", e);
    }
  }

  /** As the certificate has it. */
  public GeneralName general() {
    return switch (kind) {
      case DNS, URI -> new GeneralName(kind.tag, value);
      case DIRECTORY -> new GeneralName(new X500Name(BCStyle.INSTANCE, value));
      case IP -> new GeneralName(kind.tag, new DEROctetString(mask()));
    };
  }

  private byte[] mask() {
    GeneralName address = new GeneralName(GeneralName.iPAddress, value.replaceAll("/.*", ""));
    byte[] octets = ASN1OctetString.getInstance(address.getName()).getOctets();
    IpPrefix prefix = prefix();
    int length = octets.length == IPV4 ? prefix.length() - 96 : prefix.length();
    byte[] both = Arrays.copyOf(octets, octets.length * 2);
    for (int bit = 0; bit < length; bit++) {
      both[octets.length + bit / Byte.SIZE] |= (byte) (0x80 >> bit % Byte.SIZE);
    }
    return both;
  }

  private IpPrefix prefix() {
    IpPrefix prefix = IpPrefix.parse(value);
    if (prefix == null) {
      throw new IllegalStateException(value + " was a prefix");
    }
    return prefix;
  }

  /** Whether this host is the one or below it. */
  public boolean coversHost(String host) {
    // The same host with the root's dot.
    String lower = host.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
    String base = value.toLowerCase(Locale.ROOT);
    return switch (kind) {
      case DNS -> lower.equals(base) || lower.endsWith("." + base);
      case URI -> base.startsWith(".") ? lower.endsWith(base) : lower.equals(base);
      case DIRECTORY, IP -> false;
    };
  }

  public boolean covers(IpPrefix address) {
    return kind == Kind.IP && prefix().covers(address);
  }

  /** Whether the name begins with this one, attribute by attribute, the most significant first. */
  public boolean covers(X500Name name) {
    X500Name base = kind == Kind.DIRECTORY ? directory(value) : null;
    if (base == null) {
      return false;
    }
    RDN[] mine = base.getRDNs();
    RDN[] its = name.getRDNs();
    if (mine.length > its.length) {
      return false;
    }
    for (int i = 0; i < mine.length; i++) {
      if (!IETFUtils.rDNAreEqual(mine[i], its[i])) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable X500Name directory(String text) {
    try {
      X500Name name = new X500Name(BCStyle.INSTANCE, text);
      return text.isBlank() || text.length() > LONGEST_NAME || name.getRDNs().length == 0
          ? null
          : name;
    } catch (IllegalArgumentException notOne) {
      return null;
    }
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return kind.word + ":" + value;
  }
}
