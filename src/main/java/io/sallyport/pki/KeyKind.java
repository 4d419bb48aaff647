package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** Kinds of public keys that a certificate profile can ask for. */
public enum KeyKind {
  EC_P256,
  EC_P384,
  ED25519,
  /** With 2,048 bits or more; the others likewise. */
  RSA_2048,
  RSA_3072,
  RSA_4096,
  ML_DSA_44,
  ML_DSA_65,
  ML_DSA_87;

  /** As documents write it: {@code ec-p256}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Optional<KeyKind> ofWord(String word) {
    return Stream.of(values()).filter(kind -> kind.word().equals(word)).findFirst();
  }

  /** The closest kind of a key that is acceptable. */
  public static Optional<KeyKind> of(Der subjectPublicKeyInfo) {
    return Stream.of(values())
        .filter(kind -> kind.holds(subjectPublicKeyInfo))
        .reduce((lesser, closer) -> closer);
  }

  /** Of a key that {@link KeyRules} let pass. */
  boolean holds(Der subjectPublicKeyInfo) {
    SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(subjectPublicKeyInfo.octets());
    ASN1ObjectIdentifier algorithm = info.getAlgorithm().getAlgorithm();
    ASN1Encodable parameters = info.getAlgorithm().getParameters();
    return switch (this) {
      case EC_P256 -> curve(algorithm, parameters, SECObjectIdentifiers.secp256r1);
      case EC_P384 -> curve(algorithm, parameters, SECObjectIdentifiers.secp384r1);
      case ED25519 -> algorithm.equals(EdECObjectIdentifiers.id_Ed25519);
      case RSA_2048 -> bits(info) >= 2048;
      case RSA_3072 -> bits(info) >= 3072;
      case RSA_4096 -> bits(info) >= 4096;
      case ML_DSA_44 -> algorithm.equals(NISTObjectIdentifiers.id_ml_dsa_44);
      case ML_DSA_65 -> algorithm.equals(NISTObjectIdentifiers.id_ml_dsa_65);
      case ML_DSA_87 -> algorithm.equals(NISTObjectIdentifiers.id_ml_dsa_87);
    };
  }

  private static boolean curve(
      ASN1ObjectIdentifier algorithm, ASN1Encodable parameters, ASN1ObjectIdentifier curve) {
    return algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)
        && curve.equals(parameters.toASN1Primitive());
  }

  /** Of the modulus; 0 for a key that is not RSA. */
  private static int bits(SubjectPublicKeyInfo info) {
    try {
      return info.getAlgorithm().getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption)
          ? RSAPublicKey.getInstance(info.parsePublicKey()).getModulus().bitLength()
          : 0;
    } catch (IOException e) {
      return 0;
    }
  }
}
