package io.sallyport.cli;

import java.io.IOException;
import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/** Which keys of authorities an offline root certifies: those that a server makes (NIST SP 800-57 part 1). */
final class OfflineKeys {
  private static final int LEAST_RSA_BITS = 3072;
  private static final int MOST_RSA_BITS = 8192;
  private static final BigInteger LEAST_EXPONENT = BigInteger.valueOf(65_537);
  private static final int MOST_EXPONENT_BITS = 64;
  private static final Set<ASN1Encodable> CURVES =
      Set.of(SECObjectIdentifiers.secp256r1, SECObjectIdentifiers.secp384r1);
  /** ML-DSA: how many octets a public key has (FIPS 204 table 2). */
  private static final Map<ASN1ObjectIdentifier, Integer> MODULE_LATTICE = Map.of(
      NISTObjectIdentifiers.id_ml_dsa_44, 1312,
      NISTObjectIdentifiers.id_ml_dsa_65, 1952,
      NISTObjectIdentifiers.id_ml_dsa_87, 2592);

  private OfflineKeys() {}

  /** What is wrong with it, in one sentence. */
  static Optional<String> fault(SubjectPublicKeyInfo key) {
    ASN1ObjectIdentifier algorithm = key.getAlgorithm().getAlgorithm();
    byte[] octets = key.getPublicKeyData().getOctets();
    try {
      if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
        return rsa(RSAPublicKey.getInstance(key.parsePublicKey()));
      }
      if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
        return ellipticCurve(key.getAlgorithm().getParameters(), octets);
      }
    } catch (IOException | RuntimeException e) {
      return Optional.of("it cannot be read.");
    }
    boolean known = algorithm.equals(EdECObjectIdentifiers.id_Ed25519)
        ? octets.length == Ed25519.PUBLIC_KEY_SIZE && Ed25519.validatePublicKeyFull(octets, 0)
        : Integer.valueOf(octets.length).equals(MODULE_LATTICE.get(algorithm));
    return known ? Optional.empty() : Optional.of(allowed());
  }

  private static Optional<String> rsa(RSAPublicKey key) {
    int bits = key.getModulus().bitLength();
    if (bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS) {
      return Optional.of("RSA has " + bits + " bits, and an authority's has " + LEAST_RSA_BITS
          + " to " + MOST_RSA_BITS + ".");
    }
    BigInteger exponent = key.getPublicExponent();
    return exponent.compareTo(LEAST_EXPONENT) < 0
            || exponent.bitLength() > MOST_EXPONENT_BITS
            || !exponent.testBit(0)
            || !key.getModulus().testBit(0)
        ? Optional.of(
            "its exponent or modulus is even, or the exponent is below 65537 or longer than 64 bits.")
        : Optional.empty();
  }

  private static Optional<String> ellipticCurve(ASN1Encodable curve, byte[] point) {
    if (!(curve instanceof ASN1ObjectIdentifier name) || !CURVES.contains(name)) {
      return Optional.of(allowed());
    }
    // Refuses a point that is not on the curve.
    return ECNamedCurveTable.getByOID(name).getCurve().decodePoint(point).isInfinity()
        ? Optional.of("it is not a point of its curve.")
        : Optional.empty();
  }

  private static String allowed() {
    return "use P-256, P-384, RSA with 3072 bits or more, Ed25519, or ML-DSA-44, -65 or -87.";
  }
}
