package io.sallyport.door.acme;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.enrollment.Accounts.AccountKey;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.KeyRules;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/**
 * A public key that signs requests, with the one JWS algorithm that it is used with (RFC 7518 §3.1, RFC 8037 §3.1): the key
 * decides, not the request.
 */
record SigningKey(Der subjectPublicKeyInfo, Algorithm algorithm) {
  private static final byte UNCOMPRESSED = 4;
  private static final int LONGEST_MODULUS = 1024;

  /** The algorithms that requests are signed with. */
  enum Algorithm {
    ES256("ES256", "EC", "SHA256withECDSAinP1363Format", 32),
    ES384("ES384", "EC", "SHA384withECDSAinP1363Format", 48),
    RS256("RS256", "RSA", "SHA256withRSA", 0),
    EDDSA("EdDSA", "Ed25519", "Ed25519", 32);

    private final String word;
    private final String factory;
    private final String signature;
    /** Octets of a coordinate; a signature has twice as many. */
    private final int size;

    Algorithm(String word, String factory, String signature, int size) {
      this.word = word;
      this.factory = factory;
      this.signature = signature;
      this.size = size;
    }

    String word() {
      return word;
    }

    static List<String> words() {
      return Stream.of(values()).map(Algorithm::word).toList();
    }
  }

  /** Reads a JWK (RFC 7517); refuses with {@code bad-public-key} what is weak, unsupported or carries a private key. */
  static SigningKey read(ObjectNode jwk) {
    if (jwk.has("d") || jwk.has("k")) {
      throw bad("The JWK carries a secret; send the public key only, and make a new one.");
    }
    try {
      SigningKey key = switch (StrictJson.required(jwk, "kty")) {
        case "EC" -> ec(jwk);
        case "RSA" -> rsa(jwk);
        case "OKP" -> ed25519(jwk);
        default -> throw bad("The key type must be EC, RSA or OKP.");
      };
      KeyRules.check(key.subjectPublicKeyInfo);
      return key;
    } catch (IOException e) {
      throw bad("The key cannot be read.");
    } catch (Refusal refusal) {
      throw bad(refusal.detail());
    }
  }

  private static SigningKey ec(ObjectNode jwk) throws IOException {
    Algorithm algorithm = switch (StrictJson.required(jwk, "crv")) {
      case "P-256" -> Algorithm.ES256;
      case "P-384" -> Algorithm.ES384;
      default -> throw bad("The curve must be P-256 or P-384.");
    };
    ASN1ObjectIdentifier curve = algorithm == Algorithm.ES256
        ? SECObjectIdentifiers.secp256r1
        : SECObjectIdentifiers.secp384r1;
    byte[] point = ByteBuffer.allocate(1 + 2 * algorithm.size)
        .put(UNCOMPRESSED)
        .put(coordinate(jwk, "x", algorithm))
        .put(coordinate(jwk, "y", algorithm))
        .array();
    return key(algorithm, X9ObjectIdentifiers.id_ecPublicKey, curve, point);
  }

  private static SigningKey ed25519(ObjectNode jwk) throws IOException {
    if (!StrictJson.required(jwk, "crv").equals("Ed25519")) {
      throw bad("The curve must be Ed25519.");
    }
    return new SigningKey(
        Der.of(new SubjectPublicKeyInfo(
                new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519),
                coordinate(jwk, "x", Algorithm.EDDSA))
            .getEncoded("DER")),
        Algorithm.EDDSA);
  }

  private static byte[] coordinate(ObjectNode jwk, String name, Algorithm algorithm) {
    byte[] octets = StrictJson.decode(StrictJson.required(jwk, name), name);
    if (octets.length != algorithm.size) {
      throw bad("The member " + name + " must have " + algorithm.size + " octets.");
    }
    return octets;
  }

  private static SigningKey rsa(ObjectNode jwk) throws IOException {
    return key(
        Algorithm.RS256,
        PKCSObjectIdentifiers.rsaEncryption,
        DERNull.INSTANCE,
        new RSAPublicKey(number(jwk, "n"), number(jwk, "e")).getEncoded("DER"));
  }

  private static BigInteger number(ObjectNode jwk, String name) {
    byte[] octets = StrictJson.decode(StrictJson.required(jwk, name), name);
    if (octets.length == 0 || octets.length > LONGEST_MODULUS || octets[0] == 0) {
      throw bad("The member " + name + " must be a positive number without leading zeros.");
    }
    return new BigInteger(1, octets);
  }

  private static SigningKey key(
      Algorithm algorithm, ASN1ObjectIdentifier kind, ASN1Encodable parameters, byte[] bits)
      throws IOException {
    return new SigningKey(
        Der.of(new SubjectPublicKeyInfo(new AlgorithmIdentifier(kind, parameters), bits)
            .getEncoded("DER")),
        algorithm);
  }

  /** The key of an account, which {@link #read} let pass once. */
  static SigningKey of(Der subjectPublicKeyInfo) {
    AlgorithmIdentifier kind =
        SubjectPublicKeyInfo.getInstance(subjectPublicKeyInfo.octets()).getAlgorithm();
    ASN1ObjectIdentifier algorithm = kind.getAlgorithm();
    if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
      return new SigningKey(subjectPublicKeyInfo, Algorithm.RS256);
    }
    if (algorithm.equals(EdECObjectIdentifiers.id_Ed25519)) {
      return new SigningKey(subjectPublicKeyInfo, Algorithm.EDDSA);
    }
    return new SigningKey(
        subjectPublicKeyInfo,
        SECObjectIdentifiers.secp256r1.equals(kind.getParameters())
            ? Algorithm.ES256
            : Algorithm.ES384);
  }

  boolean verifies(byte[] signed, byte[] signature) {
    if (algorithm.size != 0 && signature.length != 2 * algorithm.size) {
      return false;
    }
    try {
      Signature verification = Signature.getInstance(algorithm.signature);
      verification.initVerify(KeyFactory.getInstance(algorithm.factory)
          .generatePublic(new X509EncodedKeySpec(subjectPublicKeyInfo.octets())));
      verification.update(signed);
      return verification.verify(signature);
    } catch (SignatureException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot verify " + algorithm.word, e);
    }
  }

  /** With the thumbprint of RFC 7638, which is made from the JWK's required members in one order. */
  static AccountKey accountKey(SigningKey key, ObjectNode jwk) {
    String canonical = switch (key.algorithm) {
      case ES256, ES384 ->
        "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}"
            .formatted(text(jwk, "crv"), text(jwk, "x"), text(jwk, "y"));
      case RS256 ->
        "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}".formatted(text(jwk, "e"), text(jwk, "n"));
      case EDDSA ->
        "{\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"}".formatted(text(jwk, "crv"), text(jwk, "x"));
    };
    return new AccountKey(
        key.subjectPublicKeyInfo,
        Digest.of(canonical.getBytes(StandardCharsets.US_ASCII)).base64Url());
  }

  private static String text(ObjectNode jwk, String name) {
    return StrictJson.required(jwk, name);
  }

  private static Refusal bad(String detail) {
    return new Refusal(AcmeProblem.BAD_PUBLIC_KEY, detail);
  }
}
