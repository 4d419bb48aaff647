package io.sallyport.attestation;

import static io.sallyport.attestation.TpmConstants.ALG_AES;
import static io.sallyport.attestation.TpmConstants.ALG_ECC;
import static io.sallyport.attestation.TpmConstants.ALG_ECDSA;
import static io.sallyport.attestation.TpmConstants.ALG_NULL;
import static io.sallyport.attestation.TpmConstants.ALG_RSA;
import static io.sallyport.attestation.TpmConstants.ALG_RSAPSS;
import static io.sallyport.attestation.TpmConstants.ALG_RSASSA;
import static io.sallyport.attestation.TpmConstants.ALG_SHA1;
import static io.sallyport.attestation.TpmConstants.ALG_SHA256;
import static io.sallyport.attestation.TpmConstants.DECRYPT;
import static io.sallyport.attestation.TpmConstants.ECC_NIST_P256;
import static io.sallyport.attestation.TpmConstants.ECC_NIST_P384;
import static io.sallyport.attestation.TpmConstants.FIXED_PARENT;
import static io.sallyport.attestation.TpmConstants.FIXED_TPM;
import static io.sallyport.attestation.TpmConstants.RESTRICTED;
import static io.sallyport.attestation.TpmConstants.SENSITIVE_DATA_ORIGIN;
import static io.sallyport.attestation.TpmConstants.SIGN;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.KeyRules;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/**
 * The public area of a key in a TPM, TPMT_PUBLIC (TPM 2.0 Library, Part 2 §12.2.4), of the kinds that can sign: RSA, and
 * ECC on P-256 and P-384.
 *
 * @param scheme the one signature scheme of the key, or TPM_ALG_NULL for any
 * @param schemeHash the hash of that scheme, or TPM_ALG_NULL
 * @param symmetric TPM_ALG_NULL unless the key protects other keys
 * @param name algorithm and digest that identify the key everywhere (Part 1 §16), recomputed here
 * @param subjectPublicKeyInfo the key in its one encoding
 */
record TpmPublic(
    int type,
    int attributes,
    int symmetric,
    int scheme,
    int schemeHash,
    Name name,
    Der subjectPublicKeyInfo) {
  /** A public area with the largest RSA key has under 600 octets. */
  private static final int LONGEST = 1024;

  private static final int LARGEST_RSA_OCTETS = 512;
  private static final long DEFAULT_EXPONENT = 65_537;
  private static final byte UNCOMPRESSED = 4;

  /** A Name with SHA-256. */
  record Name(Digest digest) {
    static final int LENGTH = 2 + Digest.LENGTH;

    byte[] octets() {
      return ByteBuffer.allocate(LENGTH)
          .putShort((short) ALG_SHA256)
          .put(digest.octets())
          .array();
    }

    boolean is(byte[] other) {
      return Arrays.equals(octets(), other);
    }
  }

  /**
   * Reads TPMT_PUBLIC, or TPM2B_PUBLIC, which has its size in front.
   *
   * @param what what the key is, for refusals
   */
  static TpmPublic read(byte[] octets, String what, Problem problem) {
    if (octets.length > LONGEST) {
      throw new Refusal(problem, "The " + what + " has more than " + LONGEST + " octets.");
    }
    byte[] area = unsized(octets);
    TpmReader reader = new TpmReader(area, what, problem);
    int type = reader.u16("type");
    reader.expect(ALG_SHA256, reader.u16("name algorithm"), "name algorithm");
    int attributes = reader.u32("attributes");
    reader.sized(TpmConstants.LARGEST_DIGEST, "policy");
    int symmetric = reader.u16("symmetric algorithm");
    if (symmetric == ALG_AES) {
      reader.u16("symmetric key size");
      reader.u16("symmetric mode");
    } else {
      reader.expect(ALG_NULL, symmetric, "symmetric algorithm");
    }
    int scheme = reader.u16("scheme");
    int schemeHash = ALG_NULL;
    switch (scheme) {
      case ALG_NULL -> {}
      case ALG_RSASSA, ALG_RSAPSS, ALG_ECDSA -> schemeHash = reader.u16("scheme's hash");
      default ->
        throw reader.refusal(
            "its scheme is none of ECDSA, RSASSA and RSAPSS, and others are not supported");
    }
    SubjectPublicKeyInfo key = switch (type) {
      case ALG_RSA -> rsa(reader);
      case ALG_ECC -> ecc(reader);
      default -> throw reader.refusal("it is neither an RSA nor an ECC key");
    };
    reader.end();
    Der encoded = encoded(key);
    try {
      KeyRules.check(encoded);
    } catch (Refusal weak) {
      throw new Refusal(problem, "The " + what + " cannot be taken. " + weak.detail());
    }
    return new TpmPublic(
        type, attributes, symmetric, scheme, schemeHash, new Name(Digest.of(area)), encoded);
  }

  /** Refuses what is no attestation key: one that its TPM alone has, and that signs only what the TPM made itself. */
  void requireAttestationKey() {
    requireAttribute(FIXED_TPM, "fixedTPM");
    requireAttribute(FIXED_PARENT, "fixedParent");
    requireAttribute(SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin");
    requireAttribute(RESTRICTED, "restricted");
    requireAttribute(SIGN, "sign");
    if ((attributes & DECRYPT) != 0) {
      throw notAcceptable("it may decrypt, and an attestation key only signs");
    }
    if (symmetric != ALG_NULL) {
      throw notAcceptable("a signing key has no symmetric algorithm");
    }
    if (schemeHash == ALG_SHA1) {
      throw notAcceptable("SHA-1 is refused; make it with SHA-256");
    }
    boolean known = type == ALG_ECC
        ? scheme == ALG_ECDSA && onP256()
        : scheme == ALG_RSASSA || scheme == ALG_RSAPSS;
    if (!known || schemeHash != ALG_SHA256) {
      throw notAcceptable(
          "it must sign by ECDSA on P-256 or by RSASSA or RSAPSS, each with SHA-256; others are not supported");
    }
  }

  /** Whether the private key was made by its TPM and cannot leave it. */
  boolean bornAndKeptInTpm() {
    int needed = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN;
    return (attributes & needed) == needed;
  }

  private void requireAttribute(int attribute, String name) {
    if ((attributes & attribute) == 0) {
      throw notAcceptable("it has not the attribute " + name);
    }
  }

  private static Refusal notAcceptable(String complaint) {
    return new Refusal(
        AttestationProblem.INVALID_ATTESTATION_KEY,
        "The attestation key cannot be taken: " + complaint + ".");
  }

  private boolean onP256() {
    return SECObjectIdentifiers.secp256r1.equals(
        SubjectPublicKeyInfo.getInstance(subjectPublicKeyInfo.octets())
            .getAlgorithm()
            .getParameters());
  }

  /** A type of key is 1 or 35: no structure of that size is a key, so the size in front is told from the type. */
  private static byte[] unsized(byte[] octets) {
    boolean sized = octets.length >= Short.BYTES
        && Short.toUnsignedInt(ByteBuffer.wrap(octets).getShort()) == octets.length - Short.BYTES;
    return sized ? Arrays.copyOfRange(octets, Short.BYTES, octets.length) : octets;
  }

  private static SubjectPublicKeyInfo rsa(TpmReader reader) {
    int bits = reader.u16("key size");
    long exponent = Integer.toUnsignedLong(reader.u32("exponent"));
    byte[] modulus = reader.sized(LARGEST_RSA_OCTETS, "modulus");
    BigInteger n = new BigInteger(1, modulus);
    if (n.bitLength() != bits || modulus.length * Byte.SIZE != bits) {
      throw reader.refusal("its modulus has not the size that it states");
    }
    RSAPublicKey key =
        new RSAPublicKey(n, BigInteger.valueOf(exponent == 0 ? DEFAULT_EXPONENT : exponent));
    try {
      return new SubjectPublicKeyInfo(
          new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE), key);
    } catch (IOException e) {
      throw new IllegalStateException("an RSA key cannot be encoded", e);
    }
  }

  private static SubjectPublicKeyInfo ecc(TpmReader reader) {
    int curve = reader.u16("curve");
    ASN1ObjectIdentifier oid = switch (curve) {
      case ECC_NIST_P256 -> SECObjectIdentifiers.secp256r1;
      case ECC_NIST_P384 -> SECObjectIdentifiers.secp384r1;
      default -> throw reader.refusal("its curve is neither P-256 nor P-384");
    };
    int length = curve == ECC_NIST_P256 ? 32 : 48;
    reader.expect(ALG_NULL, reader.u16("key derivation"), "key derivation");
    ByteBuffer point = ByteBuffer.allocate(1 + 2 * length).put(UNCOMPRESSED);
    padded(reader.sized(length, "x"), length, point);
    padded(reader.sized(length, "y"), length, point);
    return new SubjectPublicKeyInfo(
        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, oid), point.array());
  }

  private static void padded(byte[] coordinate, int length, ByteBuffer into) {
    into.put(new byte[length - coordinate.length]).put(coordinate);
  }

  private static Der encoded(SubjectPublicKeyInfo key) {
    try {
      return Der.of(key.getEncoded("DER"));
    } catch (IOException e) {
      throw new IllegalStateException("a public key cannot be encoded", e);
    }
  }
}
