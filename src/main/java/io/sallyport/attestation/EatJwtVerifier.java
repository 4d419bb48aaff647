package io.sallyport.attestation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The signed agent report: an EAT (RFC 9711) as JWT, signed by the key of the device's certificate.
 *
 * <p>Compact JWS (RFC 7515 §3.1) with header {@code alg} and optionally {@code typ} and {@code kid}; the profile is
 * closed, so a claim that is not of it is refused rather than passed over. Safe for any thread.
 */
@Singleton
final class EatJwtVerifier implements EvidenceVerifier {
  static final String MEDIA_TYPE = "application/eat+jwt";
  static final String PROFILE = "tag:sallyport.io,2026:device-report";

  /** A report is under 1 KiB; this leaves room and keeps what one request can make us parse small. */
  static final int LONGEST = 64 * 1024;

  /** How far a device's clock may be off. The nonce is what makes a report fresh; this catches a clock gone wrong. */
  static final Duration SKEW = Duration.ofMinutes(5);

  private static final String SOURCE = "eat+jwt";
  private static final Set<String> HEADERS = Set.of("alg", "typ", "kid");
  private static final Set<String> TYPES = Set.of("jwt", "eat+jwt", MEDIA_TYPE);
  private static final Set<String> CLAIMS = Set.of(
      "eat_nonce", "eat_profile", "iat", "ueid", "swname", "swversion", "swdigest", "oemboot");
  private static final int LONGEST_TEXT = 128;
  private static final Pattern DIGEST = Pattern.compile("sha-256:[0-9a-fA-F]{64}");

  /** RFC 9711 §4.2.1: a type octet and 6 to 32 more. */
  private static final Pattern UEID = Pattern.compile("[A-Za-z0-9_-]{10,44}");

  @Override
  public String mediaType() {
    return MEDIA_TYPE;
  }

  @Override
  public Authentic authenticate(Presenter presenter, byte[] evidence) {
    return authenticate(Certificates.key(presenter.credential().certificate()), evidence);
  }

  /** The report, signed by {@code key}. */
  static Report authenticate(PublicKey key, byte[] evidence) {
    if (evidence.length > LONGEST) {
      throw new Refusal(
          CommonProblem.TOO_LARGE, "Evidence may have " + LONGEST + " bytes at most.");
    }
    String[] parts = new String(evidence, StandardCharsets.ISO_8859_1).split("\\.", -1);
    if (parts.length != 3) {
      throw invalid(
          "The evidence must be a compact JWS: three base64url parts joined by dots, and nothing else.");
    }
    ObjectNode header = StrictJson.object(decode(parts[0], "header"), "header", HEADERS);
    byte[] payload = decode(parts[1], "payload");
    byte[] signature = decode(parts[2], "signature");
    requireHeader(header);
    requireSignature(key, header, parts[0] + "." + parts[1], signature);
    ObjectNode claims = StrictJson.object(payload, "payload", CLAIMS);
    return new Report(text(claims, "eat_nonce"), claims);
  }

  private static void requireHeader(ObjectNode header) {
    if (header.has("typ") && !TYPES.contains(text(header, "typ").toLowerCase(Locale.ROOT))) {
      throw invalid("The header's typ must be eat+jwt.");
    }
    if (header.has("kid")) {
      text(header, "kid");
    }
  }

  private static void requireSignature(
      PublicKey key, ObjectNode header, String signed, byte[] signature) {
    JwsAlgorithm algorithm = JwsAlgorithm.of(key)
        .orElseThrow(() -> new Refusal(
            AttestationProblem.EVIDENCE_SIGNATURE,
            "Evidence cannot be signed with this kind of certificate key."));
    if (!algorithm.word().equals(text(header, "alg"))
        || !algorithm.verifies(key, signed.getBytes(StandardCharsets.US_ASCII), signature)) {
      throw new Refusal(
          AttestationProblem.EVIDENCE_SIGNATURE,
          "Sign the evidence with " + algorithm.word()
              + " by the key of the device certificate on this connection.");
    }
  }

  /** Strict: the one way in which octets are written as unpadded base64url, and no other (RFC 4648 §3.5). */
  private static byte[] decode(String part, String what) {
    try {
      byte[] octets = Base64.getUrlDecoder().decode(part);
      if (Base64.getUrlEncoder().withoutPadding().encodeToString(octets).equals(part)) {
        return octets;
      }
    } catch (IllegalArgumentException notBase64) {
      // refused below
    }
    throw invalid("The " + what + " must be unpadded base64url.");
  }

  /** A report whose signature holds. */
  record Report(String nonce, ObjectNode claims) implements Authentic {
    @Override
    public Findings appraise(DeviceProfile profile, Instant now) {
      DeviceReport report = report(now);
      if (!profile.pcrs().isEmpty()) {
        // Otherwise a device whose TPM spoke against it would speak for itself.
        throw new Refusal(
            AttestationProblem.UNSUPPORTED_EVIDENCE,
            "The profile " + profile.name() + " has reference values for a TPM; send its quote as "
                + TpmQuoteVerifier.MEDIA_TYPE + ".");
      }
      return DeviceReportAppraiser.findings(report, profile);
    }

    /** What it says, checked for form and time. */
    DeviceReport report(Instant now) {
      if (!PROFILE.equals(text(claims, "eat_profile"))) {
        throw new Refusal(
            AttestationProblem.UNSUPPORTED_EVIDENCE, "The eat_profile must be " + PROFILE + ".");
      }
      requireNow(now);
      if (claims.has("ueid") && !UEID.matcher(text(claims, "ueid")).matches()) {
        throw invalid("The ueid must be 7 to 33 octets in base64url.");
      }
      String digest = text(claims, "swdigest");
      if (!DIGEST.matcher(digest).matches()) {
        throw invalid("The swdigest must be sha-256: and 64 hexadecimal digits.");
      }
      JsonNode secureBoot = claims.get("oemboot");
      if (secureBoot == null || !secureBoot.isBoolean()) {
        throw invalid("The oemboot must be true or false.");
      }
      return new DeviceReport(
          SOURCE,
          Assurance.SIGNED_SOFTWARE,
          text(claims, "swname"),
          version(),
          digest.toLowerCase(Locale.ROOT),
          secureBoot.booleanValue());
    }

    private void requireNow(Instant now) {
      JsonNode issuedAt = claims.get("iat");
      if (issuedAt == null || !issuedAt.isIntegralNumber() || !issuedAt.canConvertToLong()) {
        throw invalid("The iat must be a whole number of seconds since 1970.");
      }
      long seconds = issuedAt.longValue();
      if (seconds < now.minus(SKEW).getEpochSecond() || seconds > now.plus(SKEW).getEpochSecond()) {
        throw new Refusal(
            AttestationProblem.STALE_EVIDENCE,
            "The iat is more than " + SKEW.toMinutes() + " minutes from " + now
                + "; set the device's clock.");
      }
    }

    /** A string, or RFC 9711 §4.2.7: an array of the version and optionally its scheme. */
    private String version() {
      JsonNode version = claims.get("swversion");
      if (version == null || !version.isArray()) {
        return text(claims, "swversion");
      }
      boolean wellFormed = version.size() == 1
          || version.size() == 2
              && (version.get(1).isTextual() || version.get(1).isIntegralNumber());
      if (!wellFormed) {
        throw invalid("The swversion must be a string, or an array of it and its scheme.");
      }
      return text(version.get(0), "swversion");
    }
  }

  private static String text(ObjectNode object, String name) {
    return text(object.get(name), name);
  }

  /** Text that can be stored, logged and shown as it is. */
  private static String text(@Nullable JsonNode node, String name) {
    if (node == null || !node.isTextual()) {
      throw invalid("The " + name + " is missing or not a string.");
    }
    String text = node.textValue();
    boolean printable = text.codePoints()
        .noneMatch(c -> Character.isISOControl(c)
            || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    if (text.isEmpty() || text.length() > LONGEST_TEXT || !printable) {
      throw invalid("The " + name + " must have 1 to " + LONGEST_TEXT
          + " characters and no control characters.");
    }
    return text;
  }

  private static Refusal invalid(String detail) {
    return new Refusal(AttestationProblem.INVALID_EVIDENCE, detail);
  }
}
