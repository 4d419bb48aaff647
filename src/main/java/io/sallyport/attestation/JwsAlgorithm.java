package io.sallyport.attestation;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** The one JWS algorithm that each kind of key is used with (RFC 7518 §3.1, RFC 8037 §3.1): the key decides, not the token. */
enum JwsAlgorithm {
  ES256("ES256", "SHA256withECDSAinP1363Format", 64),
  ES384("ES384", "SHA384withECDSAinP1363Format", 96),
  RS256("RS256", "SHA256withRSA", JwsAlgorithm.AS_THE_KEY),
  EDDSA("EdDSA", "Ed25519", 64);

  private static final int AS_THE_KEY = -1;

  private final String word;
  private final String jca;
  private final int length;

  JwsAlgorithm(String word, String jca, int length) {
    this.word = word;
    this.jca = jca;
    this.length = length;
  }

  /** Empty for a kind of key that evidence cannot be signed with. */
  static Optional<JwsAlgorithm> of(PublicKey key) {
    // By the encoded key: which Java type a key has depends on the provider.
    AlgorithmIdentifier kind =
        SubjectPublicKeyInfo.getInstance(key.getEncoded()).getAlgorithm();
    ASN1ObjectIdentifier algorithm = kind.getAlgorithm();
    if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
      if (SECObjectIdentifiers.secp256r1.equals(kind.getParameters())) {
        return Optional.of(ES256);
      }
      return SECObjectIdentifiers.secp384r1.equals(kind.getParameters())
          ? Optional.of(ES384)
          : Optional.empty();
    }
    if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
      return Optional.of(RS256);
    }
    return algorithm.equals(EdECObjectIdentifiers.id_Ed25519)
        ? Optional.of(EDDSA)
        : Optional.empty();
  }

  /** The name in the {@code alg} header. */
  String word() {
    return word;
  }

  boolean verifies(PublicKey key, byte[] signed, byte[] signature) {
    if (length != AS_THE_KEY && signature.length != length) {
      return false;
    }
    try {
      Signature verification = Signature.getInstance(jca);
      verification.initVerify(key);
      verification.update(signed);
      return verification.verify(signature);
    } catch (SignatureException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          "this JVM cannot verify " + word + " by the key of an issued certificate", e);
    }
  }
}
