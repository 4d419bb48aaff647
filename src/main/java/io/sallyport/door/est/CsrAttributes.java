package io.sallyport.door.est;

import io.sallyport.enrollment.AnnouncedRequest;
import io.sallyport.enrollment.AnnouncedRequest.SubjectPart;
import io.sallyport.pki.KeyKind;
import java.io.IOException;
import java.math.BigInteger;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.jspecify.annotations.Nullable;

/**
 * CsrAttrs (RFC 7030 §4.5.2), and in it the CertificationRequestInfo template (RFC 9908 §3.4) when there is one. Clients
 * that know the template look at nothing else; the others read the same from the attributes beside it.
 */
final class CsrAttributes {
  /** id-aa-certificationRequestInfoTemplate. */
  private static final ASN1ObjectIdentifier TEMPLATE =
      new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.61");

  private static final int PLACEHOLDER_EXPONENT = 65_537;

  private CsrAttributes() {}

  static byte[] encode(AnnouncedRequest announced) {
    ASN1EncodableVector all = new ASN1EncodableVector();
    if (announced.challengePassword()) {
      all.add(PKCSObjectIdentifiers.pkcs_9_at_challengePassword);
    }
    keys(announced.keys()).forEach(all::add);
    Extensions extensions = extensions(announced.purposes());
    if (extensions != null) {
      all.add(asked(extensions));
    }
    if (announced.template()) {
      all.add(new Attribute(TEMPLATE, new DERSet(template(announced, extensions))));
    }
    try {
      return new DERSequence(all).getEncoded(ASN1Encoding.DER);
    } catch (IOException e) {
      throw new IllegalStateException("csrattrs cannot be encoded", e);
    }
  }

  /** The type of key, with its curves or with the least length of its modulus. */
  private static Stream<ASN1Encodable> keys(List<KeyKind> kinds) {
    ASN1EncodableVector curves = new ASN1EncodableVector();
    kinds.stream().filter(kind -> curve(kind) != null).forEach(kind -> curves.add(curve(kind)));
    Stream<ASN1Encodable> elliptic = curves.size() == 0
        ? Stream.of()
        : Stream.of(new Attribute(X9ObjectIdentifiers.id_ecPublicKey, new DERSet(curves)));
    Stream<ASN1Encodable> rsa = kinds.stream()
        .mapToInt(CsrAttributes::bits)
        .filter(bits -> bits > 0)
        .sorted()
        .limit(1)
        .mapToObj(bits ->
            new Attribute(PKCSObjectIdentifiers.rsaEncryption, new DERSet(new ASN1Integer(bits))));
    Stream<ASN1Encodable> others = kinds.stream()
        .filter(kind -> curve(kind) == null && bits(kind) == 0)
        .map(CsrAttributes::algorithm);
    return Stream.of(elliptic, rsa, others).flatMap(one -> one);
  }

  private static ASN1ObjectIdentifier algorithm(KeyKind kind) {
    return switch (kind) {
      case EC_P256, EC_P384 -> X9ObjectIdentifiers.id_ecPublicKey;
      case ED25519 -> EdECObjectIdentifiers.id_Ed25519;
      case RSA_2048, RSA_3072, RSA_4096 -> PKCSObjectIdentifiers.rsaEncryption;
      case ML_DSA_44 -> NISTObjectIdentifiers.id_ml_dsa_44;
      case ML_DSA_65 -> NISTObjectIdentifiers.id_ml_dsa_65;
      case ML_DSA_87 -> NISTObjectIdentifiers.id_ml_dsa_87;
    };
  }

  private static @Nullable ASN1ObjectIdentifier curve(KeyKind kind) {
    return switch (kind) {
      case EC_P256 -> SECObjectIdentifiers.secp256r1;
      case EC_P384 -> SECObjectIdentifiers.secp384r1;
      case ED25519, RSA_2048, RSA_3072, RSA_4096, ML_DSA_44, ML_DSA_65, ML_DSA_87 -> null;
    };
  }

  /** Of the modulus, 0 for what has none. */
  private static int bits(KeyKind kind) {
    return switch (kind) {
      case RSA_2048 -> 2048;
      case RSA_3072 -> 3072;
      case RSA_4096 -> 4096;
      case EC_P256, EC_P384, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87 -> 0;
    };
  }

  private static @Nullable Extensions extensions(List<String> purposes) {
    if (purposes.isEmpty()) {
      return null;
    }
    KeyPurposeId[] ids = purposes.stream()
        .map(oid -> KeyPurposeId.getInstance(new ASN1ObjectIdentifier(oid)))
        .toArray(KeyPurposeId[]::new);
    try {
      return new Extensions(new Extension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(ids).getEncoded(ASN1Encoding.DER)));
    } catch (IOException e) {
      throw new IllegalStateException("an extension cannot be encoded", e);
    }
  }

  private static Attribute asked(Extensions extensions) {
    return new Attribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, new DERSet(extensions));
  }

  private static DERSequence template(AnnouncedRequest announced, @Nullable Extensions extensions) {
    ASN1EncodableVector template = new ASN1EncodableVector();
    template.add(new ASN1Integer(0));
    if (!announced.subject().isEmpty()) {
      ASN1EncodableVector name = new ASN1EncodableVector();
      announced.subject().forEach(part -> name.add(new DERSet(part(part))));
      template.add(new DERSequence(name));
    }
    if (announced.keys().size() == 1) {
      template.add(new DERTaggedObject(false, 0, key(announced.keys().getFirst())));
    }
    template.add(new DERTaggedObject(
        false, 1, extensions == null ? new DERSet() : new DERSet(asked(extensions))));
    return new DERSequence(template);
  }

  /** Without a value the client fills in its own. */
  private static DERSequence part(SubjectPart part) {
    return part.value() == null
        ? new DERSequence(part.type())
        : new DERSequence(new ASN1Encodable[] {
          part.type(), BCStyle.INSTANCE.stringToValue(part.type(), part.value())
        });
  }

  /** The key itself is left out, but for RSA, where one of the right length stands for its length. */
  private static DERSequence key(KeyKind kind) {
    ASN1ObjectIdentifier curve = curve(kind);
    if (curve != null) {
      return new DERSequence(new AlgorithmIdentifier(algorithm(kind), curve));
    }
    int bits = bits(kind);
    if (bits == 0) {
      return new DERSequence(new AlgorithmIdentifier(algorithm(kind)));
    }
    BigInteger modulus = BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
    try {
      return new DERSequence(new ASN1Encodable[] {
        new AlgorithmIdentifier(algorithm(kind), DERNull.INSTANCE),
        new DERBitString(new RSAPublicKey(modulus, BigInteger.valueOf(PLACEHOLDER_EXPONENT))
            .getEncoded(ASN1Encoding.DER))
      });
    } catch (IOException e) {
      throw new IllegalStateException("a placeholder cannot be encoded", e);
    }
  }
}
