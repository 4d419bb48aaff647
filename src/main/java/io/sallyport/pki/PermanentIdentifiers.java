package io.sallyport.pki;

import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.OtherName;

/** PermanentIdentifier as a subject alternative name (RFC 4043 §2), without an assigner. */
public final class PermanentIdentifiers {
  private static final ASN1ObjectIdentifier TYPE = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.3");

  private PermanentIdentifiers() {}

  static GeneralName name(String value) {
    return new GeneralName(
        GeneralName.otherName, new OtherName(TYPE, new DERSequence(new DERUTF8String(value))));
  }

  /** The value, when {@code name} is a permanent identifier that has a value and nothing else. */
  public static Optional<String> value(GeneralName name) {
    if (name.getTagNo() != GeneralName.otherName) {
      return Optional.empty();
    }
    try {
      OtherName other = OtherName.getInstance(name.getName());
      if (!other.getTypeID().equals(TYPE)) {
        return Optional.empty();
      }
      ASN1Sequence identifier = ASN1Sequence.getInstance(other.getValue());
      ASN1Encodable value = identifier.size() == 1 ? identifier.getObjectAt(0) : null;
      return value instanceof ASN1UTF8String text
          ? Optional.of(text.getString())
          : Optional.empty();
    } catch (IllegalArgumentException notAnIdentifier) {
      return Optional.empty();
    }
  }
}
