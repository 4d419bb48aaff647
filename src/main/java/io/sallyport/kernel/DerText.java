package io.sallyport.kernel;

import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1String;

/** Texts in DER that come from outside: their octets need not be of the encoding that their type says. */
public final class DerText {
  private DerText() {}

  /**
   * The text, when it is a string of any ASN.1 type and its octets are of that type. One with NUL in it is none: no name
   * has it, and no database takes it.
   */
  public static Optional<String> of(ASN1Encodable value) {
    try {
      return value instanceof ASN1String text
          ? Optional.of(text.getString()).filter(read -> read.indexOf(0) < 0)
          : Optional.empty();
    } catch (IllegalArgumentException notOfItsType) {
      return Optional.empty();
    }
  }
}
