package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.asn1.x9.X962Parameters;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * Which public keys are certified (NIST SP 800-57 part 1, SP 800-89). Checked before the key is used for anything. A key
 * has one encoding here: with two, one key would have two digests and could live on two hardware units (law 3).
 */
public final class KeyRules {
  private static final byte UNCOMPRESSED = 4;
  private static final int LEAST_RSA_BITS = 2048;
  /** Verifying with a larger modulus costs an attacker nothing and the server much. */
  private static final int MOST_RSA_BITS = 8192;

  private static final BigInteger LEAST_EXPONENT = BigInteger.valueOf(65_537);
  private static final int MOST_EXPONENT_BITS = 64;
  private static final Set<ASN1ObjectIdentifier> CURVES =
      Set.of(SECObjectIdentifiers.secp256r1, SECObjectIdentifiers.secp384r1);
  /** ML-DSA: how many octets a public key has (FIPS 204 table 2). */
  private static final Map<ASN1ObjectIdentifier, Integer> MODULE_LATTICE = Map.of(
      NISTObjectIdentifiers.id_ml_dsa_44, 1312,
      NISTObjectIdentifiers.id_ml_dsa_65, 1952,
      NISTObjectIdentifiers.id_ml_dsa_87, 2592);

  private KeyRules() {}

  /** Refuses with {@code weak-key}. */
  public static void check(Der subjectPublicKeyInfo) {
    try {
      SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(subjectPublicKeyInfo.octets());
      ASN1ObjectIdentifier algorithm = info.getAlgorithm().getAlgorithm();
      if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
        ellipticCurve(info);
      } else if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
        rsa(info);
      } else if (algorithm.equals(EdECObjectIdentifiers.id_Ed25519)) {
        edwardsCurve(info);
      } else if (MODULE_LATTICE.containsKey(algorithm)) {
        moduleLattice(info);
      } else {
        throw weak(
            "Use a key on P-256, P-384 or Ed25519, RSA with 2048 to 8192 bits, or ML-DSA-44, -65 or -87.");
      }
    } catch (IOException | RuntimeException e) {
      throw e instanceof Refusal refusal ? refusal : weak("The public key cannot be read.");
    }
  }

  private static void edwardsCurve(SubjectPublicKeyInfo info) {
    require(
        info.getAlgorithm().getParameters() == null,
        "An Ed25519 key has no parameters (RFC 8410).");
    byte[] point = info.getPublicKeyData().getOctets();
    require(
        point.length == Ed25519.PUBLIC_KEY_SIZE && Ed25519.validatePublicKeyFull(point, 0),
        "The public key is not a point of full order on Ed25519.");
  }

  /** Every key of the right length is one (FIPS 204 algorithm 23), so length and encoding are all there is to check. */
  private static void moduleLattice(SubjectPublicKeyInfo info) {
    require(
        info.getAlgorithm().getParameters() == null, "An ML-DSA key has no parameters (RFC 9881).");
    int octets = info.getPublicKeyData().getOctets().length;
    require(
        Integer.valueOf(octets).equals(MODULE_LATTICE.get(info.getAlgorithm().getAlgorithm())),
        "An ML-DSA key must have the length that FIPS 204 gives its kind, not " + octets
            + " octets.");
  }

  private static void ellipticCurve(SubjectPublicKeyInfo info) {
    X962Parameters parameters = X962Parameters.getInstance(info.getAlgorithm().getParameters());
    require(
        parameters.isNamedCurve()
            && CURVES.contains(ASN1ObjectIdentifier.getInstance(parameters.getParameters())),
        "Use the named curve P-256 or P-384.");
    X9ECParameters curve =
        ECNamedCurveTable.getByOID(ASN1ObjectIdentifier.getInstance(parameters.getParameters()));
    byte[] encoded = info.getPublicKeyData().getOctets();
    require(
        encoded.length > 0 && encoded[0] == UNCOMPRESSED,
        "Encode the point uncompressed (RFC 5480 §2.2).");
    ECPoint point;
    try {
      point = curve.getCurve().decodePoint(encoded);
    } catch (IllegalArgumentException offTheCurve) {
      throw weak("The public key is not a point on its curve.");
    }
    require(!point.isInfinity() && point.isValid(), "The public key is not a point on its curve.");
  }

  private static void rsa(SubjectPublicKeyInfo info) throws IOException {
    RSAPublicKey key = RSAPublicKey.getInstance(info.parsePublicKey());
    require(
        DERNull.INSTANCE.equals(info.getAlgorithm().getParameters())
            && Arrays.equals(key.getEncoded("DER"), info.getPublicKeyData().getOctets()),
        "Encode the RSA key in DER, with NULL parameters (RFC 3279 §2.3.1).");
    BigInteger modulus = key.getModulus();
    BigInteger exponent = key.getPublicExponent();
    int bits = modulus.bitLength();
    require(
        modulus.signum() > 0 && bits >= LEAST_RSA_BITS && bits <= MOST_RSA_BITS,
        "An RSA key must have " + LEAST_RSA_BITS + " to " + MOST_RSA_BITS + " bits; this one has "
            + bits + ".");
    require(
        exponent.compareTo(LEAST_EXPONENT) >= 0
            && exponent.testBit(0)
            && exponent.bitLength() <= MOST_EXPONENT_BITS,
        "An RSA key's public exponent must be odd, at least 65537 and at most 64 bits long.");
    require(modulus.testBit(0), "The RSA modulus is even.");
    RsaWeaknesses.find(modulus).ifPresent(weakness -> {
      throw weak(weakness);
    });
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw weak(otherwise);
    }
  }

  private static Refusal weak(String detail) {
    return new Refusal(PkiProblem.WEAK_KEY, detail);
  }
}
