package io.sallyport.enrollment;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.enrollment.SignedJson.Unreadable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a voucher (RFC 8366 §5.3) or a request for one (RFC 8995 §3.4) says, in JSON that cannot be read in two ways.
 * Binary values are as they stand there, in base64.
 */
record VoucherText(
    @Nullable Instant createdOn,
    @Nullable Instant expiresOn,
    @Nullable String assertion,
    String serialNumber,
    @Nullable String idevidIssuer,
    @Nullable String pinnedDomainCert,
    @Nullable Boolean revocationChecks,
    @Nullable String nonce,
    @Nullable Instant lastRenewal,
    @Nullable String priorRequest,
    @Nullable String proximityCertificate) {
  static final String VOUCHER = "ietf-voucher:voucher";
  static final String REQUEST = "ietf-voucher-request:voucher";

  private static final int LEAST_NONCE = 8;
  private static final int MOST_NONCE = 32;
  /** 802.1AR lets a serial number have 64 characters. */
  private static final int LONGEST_SERIAL_NUMBER = 64;

  private static final Set<String> OF_VOUCHERS = Set.of(
      "created-on",
      "expires-on",
      "assertion",
      "serial-number",
      "idevid-issuer",
      "pinned-domain-cert",
      "domain-cert-revocation-checks",
      "nonce",
      "last-renewal-date");
  private static final Set<String> OF_REQUESTS =
      Set.of("prior-signed-voucher-request", "proximity-registrar-cert");

  private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder()
              .maxNestingDepth(2)
              .maxStringLength(SignedJson.LONGEST)
              .build())
          .build())
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
      .build();

  /** @param name {@link #VOUCHER} or {@link #REQUEST} */
  static VoucherText read(byte[] json, String name) throws Unreadable {
    ObjectNode members = members(json, name);
    for (String member : (Iterable<String>) members::fieldNames) {
      if (!OF_VOUCHERS.contains(member)
          && !(name.equals(REQUEST) && OF_REQUESTS.contains(member))) {
        throw new Unreadable("has a member that RFC 8366 does not have");
      }
    }
    VoucherText read = new VoucherText(
        time(members, "created-on"),
        time(members, "expires-on"),
        text(members, "assertion"),
        serialNumber(members),
        binary(members, "idevid-issuer"),
        binary(members, "pinned-domain-cert"),
        flag(members, "domain-cert-revocation-checks"),
        binary(members, "nonce"),
        time(members, "last-renewal-date"),
        binary(members, "prior-signed-voucher-request"),
        binary(members, "proximity-registrar-cert"));
    read.requireCoherent();
    return read;
  }

  private static ObjectNode members(byte[] json, String name) throws Unreadable {
    JsonNode read;
    try {
      // Decoded here: the parser would also take UTF-16 and UTF-32.
      read = JSON.readTree(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString());
    } catch (CharacterCodingException | JsonProcessingException e) {
      throw new Unreadable("must be one JSON object in UTF-8 in which no member stands twice");
    }
    if (read instanceof ObjectNode outer
        && outer.size() == 1
        && outer.get(name) instanceof ObjectNode inner) {
      return inner;
    }
    throw new Unreadable("must be one JSON object with the one member \"" + name + "\"");
  }

  private void requireCoherent() throws Unreadable {
    if (nonce != null) {
      int octets = octets(nonce).length;
      if (octets < LEAST_NONCE || octets > MOST_NONCE) {
        throw new Unreadable("has a nonce that is not of 8 to 32 octets");
      }
      if (expiresOn != null) {
        throw new Unreadable("has a nonce and an end, of which it may have one");
      }
    }
    if (lastRenewal != null && expiresOn == null) {
      throw new Unreadable("has a last-renewal-date and no end");
    }
  }

  private static String serialNumber(ObjectNode members) throws Unreadable {
    String serialNumber = text(members, "serial-number");
    if (serialNumber == null
        || serialNumber.isEmpty()
        || serialNumber.length() > LONGEST_SERIAL_NUMBER
        || serialNumber.chars().anyMatch(Character::isISOControl)) {
      throw new Unreadable("has no serial-number of 1 to 64 characters");
    }
    return serialNumber;
  }

  private static @Nullable String text(ObjectNode members, String name) throws Unreadable {
    JsonNode value = members.get(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      throw new Unreadable("has a " + name + " that is no text");
    }
    return value.textValue();
  }

  private static @Nullable Boolean flag(ObjectNode members, String name) throws Unreadable {
    JsonNode value = members.get(name);
    if (value == null) {
      return null;
    }
    if (!value.isBoolean()) {
      throw new Unreadable("has a " + name + " that is neither true nor false");
    }
    return value.booleanValue();
  }

  private static @Nullable Instant time(ObjectNode members, String name) throws Unreadable {
    String value = text(members, name);
    try {
      return value == null ? null : OffsetDateTime.parse(value).toInstant();
    } catch (DateTimeException e) {
      throw new Unreadable("has a " + name + " that is no date and time (RFC 3339)");
    }
  }

  private static @Nullable String binary(ObjectNode members, String name) throws Unreadable {
    String value = text(members, name);
    if (value != null) {
      try {
        if (octets(value).length == 0) {
          throw new Unreadable("has an empty " + name);
        }
      } catch (IllegalArgumentException e) {
        throw new Unreadable("has a " + name + " that is not base64");
      }
    }
    return value;
  }

  static byte[] octets(String base64) {
    return Base64.getDecoder().decode(base64);
  }

  static String base64(byte[] octets) {
    return Base64.getEncoder().encodeToString(octets);
  }

  /** As a voucher; the same text always gives the same octets. */
  byte[] voucher() {
    ObjectNode members = JSON.createObjectNode();
    put(members, "created-on", createdOn);
    put(members, "expires-on", expiresOn);
    put(members, "assertion", assertion);
    put(members, "serial-number", serialNumber);
    put(members, "idevid-issuer", idevidIssuer);
    put(members, "pinned-domain-cert", pinnedDomainCert);
    if (revocationChecks != null) {
      members.put("domain-cert-revocation-checks", revocationChecks);
    }
    put(members, "nonce", nonce);
    put(members, "last-renewal-date", lastRenewal);
    try {
      return JSON.writeValueAsBytes(JSON.createObjectNode().set(VOUCHER, members));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a voucher could not be written", e);
    }
  }

  private static void put(ObjectNode members, String name, @Nullable Object value) {
    if (value != null) {
      members.put(name, value.toString());
    }
  }
}
