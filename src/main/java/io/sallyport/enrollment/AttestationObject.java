package io.sallyport.enrollment;

import com.upokecenter.cbor.CBOREncodeOptions;
import com.upokecenter.cbor.CBORObject;
import com.upokecenter.cbor.CBORType;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A WebAuthn attestation object with a statement of format {@code tpm} (Web Authentication Level 2 §8.3), without
 * authenticator data, as device-attest-01 has it (draft-ietf-acme-device-attest).
 *
 * @param attestationKey the certificate of the key that signed
 * @param signature TPMT_SIGNATURE
 * @param certInfo TPMS_ATTEST
 * @param pubArea TPMT_PUBLIC
 */
record AttestationObject(Der attestationKey, byte[] signature, byte[] certInfo, byte[] pubArea) {
  /** A chain of three certificates and the statement stay below half of this. */
  private static final int LONGEST = 32 * 1024;

  private static final int MOST_CERTIFICATES = 6;
  private static final CBOREncodeOptions STRICT =
      new CBOREncodeOptions("allowduplicatekeys=false;resolvereferences=false");

  /** COSE algorithms (RFC 9053) by which TPMs sign: ES256, ES384, PS256, RS256. */
  private static final Set<Integer> ALGORITHMS = Set.of(-7, -35, -37, -257);

  /** Refuses with {@code bad-attestation}. */
  static AttestationObject read(byte[] octets) {
    if (octets.length == 0 || octets.length > LONGEST) {
      throw bad("The attestation object is empty, or longer than " + LONGEST + " octets.");
    }
    CBORObject object;
    try {
      object = CBORObject.DecodeFromBytes(octets, STRICT);
    } catch (RuntimeException e) {
      // CBORException, and what the library throws for values that it cannot take.
      throw bad("The attestation object is not one CBOR value, or a key stands twice in it.");
    }
    requireMap(object, "attestation object");
    CBORObject format = object.get("fmt");
    if (format == null || format.getType() != CBORType.TextString) {
      throw bad("The attestation object has no fmt.");
    }
    if (!format.AsString().equals("tpm")) {
      throw bad("The only attestation format that is supported is tpm.");
    }
    CBORObject statement = object.get("attStmt");
    requireMap(statement, "attStmt");
    CBORObject version = statement.get("ver");
    if (version == null
        || version.getType() != CBORType.TextString
        || !version.AsString().equals("2.0")) {
      throw bad("The statement's ver must be 2.0.");
    }
    requireAlgorithm(statement.get("alg"));
    return new AttestationObject(
        Der.of(leaf(statement.get("x5c"))),
        octets(statement.get("sig"), "sig"),
        octets(statement.get("certInfo"), "certInfo"),
        octets(statement.get("pubArea"), "pubArea"));
  }

  private static void requireMap(@Nullable CBORObject value, String name) {
    if (value == null || value.getType() != CBORType.Map) {
      throw bad("The " + name + " is not a map.");
    }
  }

  private static void requireAlgorithm(@Nullable CBORObject value) {
    boolean known = value != null
        && value.getType() == CBORType.Integer
        && value.CanValueFitInInt32()
        && ALGORITHMS.contains(value.AsInt32Value());
    if (!known) {
      throw bad("The statement's alg must be one of ES256, ES384, PS256 and RS256.");
    }
  }

  private static byte[] leaf(@Nullable CBORObject chain) {
    if (chain == null
        || chain.getType() != CBORType.Array
        || chain.size() == 0
        || chain.size() > MOST_CERTIFICATES) {
      throw bad("The statement's x5c must be an array of 1 to " + MOST_CERTIFICATES
          + " certificates, that of the attestation key first.");
    }
    return octets(chain.get(0), "x5c");
  }

  private static byte[] octets(@Nullable CBORObject value, String name) {
    if (value == null
        || value.getType() != CBORType.ByteString
        || value.GetByteString().length == 0) {
      throw bad("The statement's " + name + " must be a byte string.");
    }
    return value.GetByteString();
  }

  private static Refusal bad(String detail) {
    return new Refusal(EnrollmentProblem.BAD_ATTESTATION, detail);
  }
}
