package io.sallyport.testing;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Security;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.math.ec.ECPoint;
import org.jspecify.annotations.Nullable;

/** Public keys that nobody should certify, by what is wrong with them. */
public final class OddKeys {
  private static final BigInteger F4 = BigInteger.valueOf(65_537);
  /** The same keys in every run. */
  private static final Random RANDOM = new Random(20_260_101);

  private static final int[] ROCA_PRIMES = {
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157
  };

  private OddKeys() {}

  /** Every odd key as a SubjectPublicKeyInfo. */
  public static Map<String, byte[]> all() {
    BigInteger good = modulus(2048);
    byte[] point = TestPki.key().getPublic().getEncoded();
    ECPoint inside = CustomNamedCurves.getByName("P-256").getG();
    byte[] offCurve = inside.getEncoded(false);
    offCurve[offCurve.length - 1] ^= 1;
    Map<String, byte[]> odd = new LinkedHashMap<>();
    odd.put("RSA-1024", TestPki.rsa(1024).getPublic().getEncoded());
    odd.put("RSA-16384", rsa(BigInteger.ONE.shiftLeft(16_383).setBit(0), F4));
    odd.put("an even modulus", rsa(good.clearBit(0), F4));
    odd.put("a negative modulus", rsa(good.negate(), F4));
    odd.put("exponent 1", rsa(good, BigInteger.ONE));
    odd.put("exponent 3", exponent(3));
    odd.put("an even exponent", rsa(good, F4.add(BigInteger.ONE)));
    odd.put("an exponent of 65 bits", rsa(good, BigInteger.ONE.shiftLeft(64).setBit(0)));
    odd.put("a small factor", rsa(prime(2039).multiply(BigInteger.valueOf(751)), F4));
    odd.put("close primes", closePrimes());
    odd.put("a square", square());
    odd.put("the flawed generator (ROCA)", roca());
    odd.put("P-224", bouncy("P-224"));
    odd.put("secp256k1", bouncy("secp256k1"));
    odd.put("a point that is not on the curve", p256(offCurve));
    odd.put("a compressed point", p256(inside.getEncoded(true)));
    odd.put("the point at infinity", p256(new byte[1]));
    odd.put("no point", p256(new byte[0]));
    odd.put(
        "a curve without a name",
        info(X9ObjectIdentifiers.id_ecPublicKey, null, inside.getEncoded(false)));
    odd.put(
        "an inherited curve",
        info(X9ObjectIdentifiers.id_ecPublicKey, DERNull.INSTANCE, inside.getEncoded(false)));
    odd.put("an Ed25519 key of order 1", ed25519(new byte[] {1}));
    odd.put(
        "an RSA key without NULL parameters",
        withoutParameters(TestPki.rsa(2048).getPublic()));
    odd.put(
        "an RSA key that cannot be read",
        info(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE, new byte[5]));
    odd.put(
        "an ML-DSA key that is cut short",
        info(NISTObjectIdentifiers.id_ml_dsa_44, null, new byte[1311]));
    odd.put(
        "an ML-DSA key of another kind",
        info(NISTObjectIdentifiers.id_ml_dsa_87, null, new byte[1952]));
    odd.put(
        "an ML-DSA key with parameters",
        info(NISTObjectIdentifiers.id_ml_dsa_65, DERNull.INSTANCE, new byte[1952]));
    odd.put("a DSA key", info(new ASN1ObjectIdentifier("1.2.840.10040.4.1"), null, point));
    return odd;
  }

  /** A request for any key; its signature is only octets. */
  public static byte[] request(byte[] subjectPublicKeyInfo, String subject) {
    try {
      DERSequence info = new DERSequence(new ASN1Encodable[] {
        new ASN1Integer(0),
        new X500Name(subject),
        SubjectPublicKeyInfo.getInstance(subjectPublicKeyInfo),
        new DERTaggedObject(false, 0, new DERSet())
      });
      return new DERSequence(new ASN1Encodable[] {
            info,
            new AlgorithmIdentifier(
                PKCSObjectIdentifiers.sha256WithRSAEncryption, DERNull.INSTANCE),
            new DERBitString(new byte[256])
          })
          .getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public static byte[] rsa(BigInteger modulus, BigInteger exponent) {
    try {
      return new SubjectPublicKeyInfo(
              new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
              new RSAPublicKey(modulus, exponent))
          .getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A modulus of two honest primes. */
  public static BigInteger modulus(int bits) {
    return ((java.security.interfaces.RSAPublicKey) TestPki.rsa(bits).getPublic()).getModulus();
  }

  public static BigInteger closePrimeModulus() {
    BigInteger p = prime(1024);
    return p.multiply(p.add(BigInteger.TWO).nextProbablePrime());
  }

  /** Both primes are k·M + (65537^a mod M), as the Infineon generator made them (CVE-2017-15361). */
  public static BigInteger rocaModulus() {
    BigInteger m = BigInteger.ONE;
    for (int prime : ROCA_PRIMES) {
      m = m.multiply(BigInteger.valueOf(prime));
    }
    return rocaPrime(m, 1021).multiply(rocaPrime(m, 1031));
  }

  private static BigInteger rocaPrime(BigInteger m, int exponent) {
    BigInteger rest = F4.modPow(BigInteger.valueOf(exponent), m);
    BigInteger k = new BigInteger(1024 - m.bitLength(), RANDOM).setBit(1024 - m.bitLength() - 1);
    BigInteger candidate = k.multiply(m).add(rest);
    while (!candidate.isProbablePrime(30)) {
      candidate = candidate.add(m);
    }
    return candidate;
  }

  private static byte[] closePrimes() {
    return rsa(closePrimeModulus(), F4);
  }

  private static byte[] square() {
    BigInteger p = prime(1024);
    return rsa(p.multiply(p), F4);
  }

  private static byte[] roca() {
    return rsa(rocaModulus(), F4);
  }

  /** The two highest bits are set, so that a product of two has twice the length. */
  private static BigInteger prime(int bits) {
    return new BigInteger(bits, RANDOM).setBit(bits - 1).setBit(bits - 2).nextProbablePrime();
  }

  private static byte[] exponent(int exponent) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(new RSAKeyGenParameterSpec(2048, BigInteger.valueOf(exponent)));
      return generator.generateKeyPair().getPublic().getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bouncy(String curve) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(
          "EC",
          Security.getProvider("BC") == null
              ? new BouncyCastleProvider()
              : Security.getProvider("BC"));
      generator.initialize(new ECGenParameterSpec(curve));
      KeyPair pair = generator.generateKeyPair();
      return pair.getPublic().getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] p256(byte[] point) {
    return info(X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp256r1, point);
  }

  private static byte[] ed25519(byte[] start) {
    byte[] point = new byte[32];
    System.arraycopy(start, 0, point, 0, start.length);
    return info(EdECObjectIdentifiers.id_Ed25519, null, point);
  }

  private static byte[] withoutParameters(PublicKey key) {
    SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(key.getEncoded());
    return info(
        PKCSObjectIdentifiers.rsaEncryption, null, info.getPublicKeyData().getOctets());
  }

  private static byte[] info(
      ASN1ObjectIdentifier algorithm, @Nullable ASN1Encodable parameters, byte[] key) {
    try {
      return new SubjectPublicKeyInfo(
              parameters == null
                  ? new AlgorithmIdentifier(algorithm)
                  : new AlgorithmIdentifier(algorithm, parameters),
              key)
          .getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
