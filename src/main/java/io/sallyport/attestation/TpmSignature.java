package io.sallyport.attestation;

import static io.sallyport.attestation.TpmConstants.ALG_ECDSA;
import static io.sallyport.attestation.TpmConstants.ALG_RSAPSS;
import static io.sallyport.attestation.TpmConstants.ALG_RSASSA;
import static io.sallyport.attestation.TpmConstants.ALG_SHA1;
import static io.sallyport.attestation.TpmConstants.ALG_SHA256;

import io.sallyport.kernel.Refusal;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.RSAKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * TPMT_SIGNATURE (TPM 2.0 Library, Part 2 §11.3.4) with an allow-listed scheme: ECDSA on P-256, RSASSA or RSAPSS, each
 * with SHA-256.
 *
 * @param octets for ECDSA r and s, 32 octets each
 */
record TpmSignature(int scheme, byte[] octets) {
  /** Refused before it is read: the signature of an RSA key with 4096 bits has 518 octets. */
  static final int LONGEST = 520;

  private static final int P256_OCTETS = 32;
  private static final int LARGEST_RSA_OCTETS = 512;
  private static final int SHA256_OCTETS = 32;

  /** Refuses {@code invalid-evidence}, and any other scheme or hash with {@code evidence-signature}. */
  static TpmSignature read(byte[] octets) {
    TpmReader reader = new TpmReader(octets, "signature", AttestationProblem.INVALID_EVIDENCE);
    if (octets.length > LONGEST) {
      throw reader.refusal("it has more than " + LONGEST + " octets");
    }
    int scheme = reader.u16("scheme");
    if (scheme != ALG_ECDSA && scheme != ALG_RSASSA && scheme != ALG_RSAPSS) {
      throw refused("Sign by ECDSA, RSASSA or RSAPSS; other schemes are not supported.");
    }
    int hash = reader.u16("hash");
    if (hash == ALG_SHA1) {
      throw refused("Signatures with SHA-1 are refused; sign with SHA-256.");
    }
    if (hash != ALG_SHA256) {
      throw refused("Sign with SHA-256; other hashes are not supported.");
    }
    byte[] value;
    if (scheme == ALG_ECDSA) {
      ByteBuffer both = ByteBuffer.allocate(2 * P256_OCTETS);
      padded(reader.sized(P256_OCTETS, "r"), both);
      padded(reader.sized(P256_OCTETS, "s"), both);
      value = both.array();
    } else {
      value = reader.sized(LARGEST_RSA_OCTETS, "value");
    }
    reader.end();
    return new TpmSignature(scheme, value);
  }

  /** Refuses with {@code evidence-signature} unless {@code key} signed {@code message}. */
  void require(PublicKey key, byte[] message) {
    boolean rsa = key instanceof RSAKey;
    if (rsa != (scheme != ALG_ECDSA) || !verified(key, message)) {
      throw refused("This was not signed by the attestation key whose certificate came with it.");
    }
  }

  private boolean verified(PublicKey key, byte[] message) {
    if (scheme == ALG_ECDSA) {
      return verified("SHA256withECDSAinP1363Format", null, key, message);
    }
    if (scheme == ALG_RSASSA) {
      return verified("SHA256withRSA", null, key, message);
    }
    // Part 1 §B.7: the salt is as long as the hash, or with some TPMs as long as fits.
    int longest = (((RSAKey) key).getModulus().bitLength() + 6) / Byte.SIZE - SHA256_OCTETS - 2;
    return verified("RSASSA-PSS", salt(SHA256_OCTETS), key, message)
        || verified("RSASSA-PSS", salt(longest), key, message);
  }

  private static PSSParameterSpec salt(int octets) {
    return new PSSParameterSpec(
        "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, octets, PSSParameterSpec.TRAILER_FIELD_BC);
  }

  private boolean verified(
      String algorithm, @Nullable PSSParameterSpec parameters, PublicKey key, byte[] message) {
    try {
      Signature verification = Signature.getInstance(algorithm);
      verification.initVerify(key);
      if (parameters != null) {
        verification.setParameter(parameters);
      }
      verification.update(message);
      return verification.verify(octets);
    } catch (SignatureException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot verify " + algorithm, e);
    }
  }

  private static void padded(byte[] number, ByteBuffer into) {
    into.put(new byte[P256_OCTETS - number.length]).put(number);
  }

  private static Refusal refused(String detail) {
    return new Refusal(AttestationProblem.EVIDENCE_SIGNATURE, detail);
  }
}
