package io.sallyport.cli;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Map;
import java.util.TreeMap;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;

/** A kind of key that a root kept off the server has, and how it signs. */
record RootKeyKind(String family, String parameter, String signature) {
  private static final String JDK = "SUN";
  private static final Map<String, RootKeyKind> KINDS = new TreeMap<>(Map.of(
      "ec-p256", new RootKeyKind("EC", "secp256r1", "SHA256withECDSA"),
      "ec-p384", new RootKeyKind("EC", "secp384r1", "SHA384withECDSA"),
      "rsa-3072", new RootKeyKind("RSA", "3072", "SHA256withRSA"),
      "rsa-4096", new RootKeyKind("RSA", "4096", "SHA384withRSA"),
      "ed25519", new RootKeyKind("Ed25519", "", "Ed25519"),
      "ml-dsa-44", new RootKeyKind("ML-DSA-44", "", "ML-DSA-44"),
      "ml-dsa-65", new RootKeyKind("ML-DSA-65", "", "ML-DSA-65"),
      "ml-dsa-87", new RootKeyKind("ML-DSA-87", "", "ML-DSA-87")));

  static RootKeyKind named(String name) {
    RootKeyKind kind = KINDS.get(name);
    if (kind == null) {
      throw Failure.usage("--key is one of " + String.join(", ", KINDS.keySet()) + ".");
    }
    return kind;
  }

  static RootKeyKind of(X509Certificate root) {
    return KINDS.values().stream()
        .filter(kind -> kind.signature.equalsIgnoreCase(root.getSigAlgName())
            || kind.algorithm().getAlgorithm().getId().equals(root.getSigAlgOID()))
        .findFirst()
        .orElseThrow(() ->
            Failure.usage("A root that signs by " + root.getSigAlgName() + " is not supported."));
  }

  /** Of whichever kind it is; refuses what is none. */
  static PrivateKey key(byte[] pkcs8) throws GeneralSecurityException {
    for (RootKeyKind kind : KINDS.values()) {
      try {
        return kind.factory().generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      } catch (GeneralSecurityException another) {
        // Tried as the next kind.
      }
    }
    throw new GeneralSecurityException("no key of a root");
  }

  AlgorithmIdentifier algorithm() {
    return new DefaultSignatureAlgorithmIdentifierFinder().find(signature);
  }

  KeyPair pair() throws GeneralSecurityException {
    KeyPairGenerator generator =
        own() ? KeyPairGenerator.getInstance(family, JDK) : KeyPairGenerator.getInstance(family);
    if (family.equals("EC")) {
      generator.initialize(new ECGenParameterSpec(parameter));
    } else if (family.equals("RSA")) {
      generator.initialize(Integer.parseInt(parameter));
    }
    return generator.generateKeyPair();
  }

  /** A certificate or a list: what is signed, by what and the signature (RFC 5280 §4.1, §5.1). */
  byte[] signed(byte[] tbs, PrivateKey key) throws GeneralSecurityException, IOException {
    Signature signer =
        own() ? Signature.getInstance(signature, JDK) : Signature.getInstance(signature);
    signer.initSign(key);
    signer.update(tbs);
    ASN1EncodableVector parts = new ASN1EncodableVector();
    parts.add(ASN1Primitive.fromByteArray(tbs));
    parts.add(algorithm());
    parts.add(new DERBitString(signer.sign()));
    return new DERSequence(parts).getEncoded("DER");
  }

  private KeyFactory factory() throws GeneralSecurityException {
    return own() ? KeyFactory.getInstance(family, JDK) : KeyFactory.getInstance(family);
  }

  /** Private keys of ML-DSA have several encodings: one provider makes, reads and uses them. */
  private boolean own() {
    return family.startsWith("ML-DSA");
  }
}
