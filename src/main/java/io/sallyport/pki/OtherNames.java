package io.sallyport.pki;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.OtherName;

/** Subject alternative names of devices: PermanentIdentifier (RFC 4043 §2) and hardwareModuleName (RFC 4108 §5). */
public final class OtherNames {
  private static final ASN1ObjectIdentifier PERMANENT_IDENTIFIER =
      new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.3");
  private static final ASN1ObjectIdentifier HARDWARE_MODULE_NAME =
      new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.4");

  private OtherNames() {}

  /** Without an assigner. */
  static GeneralName permanentIdentifier(String value) {
    return new GeneralName(
        GeneralName.otherName,
        new OtherName(PERMANENT_IDENTIFIER, new DERSequence(new DERUTF8String(value))));
  }

  static GeneralName hardwareModule(String type, String serialNumber) {
    return new GeneralName(
        GeneralName.otherName,
        new OtherName(HARDWARE_MODULE_NAME, new DERSequence(new ASN1Encodable[] {
          new ASN1ObjectIdentifier(type),
          new DEROctetString(serialNumber.getBytes(StandardCharsets.UTF_8))
        })));
  }

  /** The value, when {@code name} is a permanent identifier that has a value and nothing else. */
  public static Optional<String> permanentIdentifier(GeneralName name) {
    if (name.getTagNo() != GeneralName.otherName) {
      return Optional.empty();
    }
    try {
      OtherName other = OtherName.getInstance(name.getName());
      if (!other.getTypeID().equals(PERMANENT_IDENTIFIER)) {
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
