package io.sallyport.keys;

import io.sallyport.kernel.Der;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.NoSuchProviderException;
import java.security.Provider;
import java.security.Signature;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import org.jspecify.annotations.Nullable;

/** The kinds of key that this server makes, with the signature algorithm that each is used with. */
public enum KeyAlgorithm {
  EC_P256("EC", "SHA256withECDSA", new ECGenParameterSpec("secp256r1")),
  EC_P384("EC", "SHA384withECDSA", new ECGenParameterSpec("secp384r1")),
  RSA_3072("RSA", "SHA256withRSA", new RSAKeyGenParameterSpec(3072, RSAKeyGenParameterSpec.F4)),
  RSA_4096("RSA", "SHA384withRSA", new RSAKeyGenParameterSpec(4096, RSAKeyGenParameterSpec.F4)),
  ED25519("Ed25519", "Ed25519", null),
  /** FIPS 204, in certificates by RFC 9881. */
  ML_DSA_44("ML-DSA-44", "ML-DSA-44", null),
  ML_DSA_65("ML-DSA-65", "ML-DSA-65", null),
  ML_DSA_87("ML-DSA-87", "ML-DSA-87", null);

  /** The JDK's own provider of ML-DSA. */
  private static final String JDK = "SUN";

  private final String family;
  private final String signature;
  private final @Nullable AlgorithmParameterSpec parameters;

  KeyAlgorithm(String family, String signature, @Nullable AlgorithmParameterSpec parameters) {
    this.family = family;
    this.signature = signature;
    this.parameters = parameters;
  }

  /** The JCA name of the key's family. */
  public String family() {
    return family;
  }

  /** The JCA name of the signature algorithm. */
  public String signature() {
    return signature;
  }

  /** Name and version of the provider that signs with keys of this kind that are kept in software. */
  public String provider() {
    try {
      Provider provider = signer().getProvider();
      return provider.getName() + " " + provider.getVersionStr();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot sign with " + this, e);
    }
  }

  /**
   * Whether {@code signature} over {@code data} is by the key; false too for a key of another kind.
   *
   * @param key a SubjectPublicKeyInfo
   */
  public boolean verifies(Der key, byte[] data, byte[] signature) {
    try {
      Signature verifier = signer();
      verifier.initVerify(factory().generatePublic(new X509EncodedKeySpec(key.octets())));
      verifier.update(data);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  KeyPair pair() throws GeneralSecurityException {
    return pair(
        postQuantum()
            ? KeyPairGenerator.getInstance(family, JDK)
            : KeyPairGenerator.getInstance(family));
  }

  /** A pair from {@code generator}, which is for this family. */
  KeyPair pair(KeyPairGenerator generator) throws GeneralSecurityException {
    if (parameters != null) {
      generator.initialize(parameters);
    }
    return generator.generateKeyPair();
  }

  KeyFactory factory() throws NoSuchAlgorithmException, NoSuchProviderException {
    return postQuantum() ? KeyFactory.getInstance(family, JDK) : KeyFactory.getInstance(family);
  }

  Signature signer() throws NoSuchAlgorithmException, NoSuchProviderException {
    return postQuantum() ? Signature.getInstance(signature, JDK) : Signature.getInstance(signature);
  }

  /**
   * Their private keys have three encodings (RFC 9881 §6), and no provider here reads those of another: one provider makes
   * them, stores them and signs with them.
   */
  private boolean postQuantum() {
    return family.startsWith("ML-DSA");
  }
}
