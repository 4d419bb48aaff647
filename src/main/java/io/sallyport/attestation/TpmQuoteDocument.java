package io.sallyport.attestation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A TPM quote with what is needed to check it, as JSON. Checked for form only.
 *
 * @param nonce as the challenge gave it
 * @param nonceOctets the octets that the quote must carry
 * @param quote TPMS_ATTEST
 * @param signature TPMT_SIGNATURE
 * @param pcrs values by bank, then by number
 */
record TpmQuoteDocument(
    String nonce,
    byte[] nonceOctets,
    Der attestationKeyCertificate,
    byte[] quote,
    byte[] signature,
    SortedMap<String, SortedMap<Integer, byte[]>> pcrs,
    @Nullable KeyCertification keyCertification) {
  /** A quote with two banks of 24 PCRs and a certification has under 8 KiB. */
  static final int LONGEST = 32 * 1024;

  /** What is in one field, in octets: a certificate with post-quantum keys is the largest that may come. */
  private static final int LONGEST_CERTIFICATE = 12 * 1024;

  private static final int LONGEST_STRUCTURE = 2 * 1024;
  private static final int MOST_PCRS = 24;
  private static final int LARGEST_PCR = 64;
  private static final Set<String> MEMBERS =
      Set.of("nonce", "ak_certificate", "quote", "signature", "pcrs", "key_certification");
  private static final Set<String> CERTIFICATION_MEMBERS =
      Set.of("certify_info", "signature", "public");
  private static final HexFormat HEX = HexFormat.of();

  /**
   * What TPM2_Certify gave for the key of the device's certificate, with the same nonce.
   *
   * @param info TPMS_ATTEST
   * @param signature TPMT_SIGNATURE
   * @param publicArea TPM2B_PUBLIC or TPMT_PUBLIC
   */
  record KeyCertification(byte[] info, byte[] signature, byte[] publicArea) {}

  static TpmQuoteDocument read(byte[] evidence) {
    if (evidence.length > LONGEST) {
      throw new Refusal(
          CommonProblem.TOO_LARGE, "A TPM quote may have " + LONGEST + " bytes at most.");
    }
    ObjectNode document = StrictJson.object(evidence, "evidence", MEMBERS);
    String nonce = text(document, "nonce");
    return new TpmQuoteDocument(
        nonce,
        nonce(nonce),
        Der.of(octets(document, "ak_certificate", LONGEST_CERTIFICATE)),
        octets(document, "quote", LONGEST_STRUCTURE),
        octets(document, "signature", LONGEST_STRUCTURE),
        pcrs(document.get("pcrs")),
        certification(document.get("key_certification")));
  }

  private static @Nullable KeyCertification certification(@Nullable JsonNode node) {
    if (node == null) {
      return null;
    }
    ObjectNode document = object(node, "key_certification");
    for (String name : (Iterable<String>) document::fieldNames) {
      if (!CERTIFICATION_MEMBERS.contains(name)) {
        throw invalid("The key_certification may have certify_info, signature and public only.");
      }
    }
    return new KeyCertification(
        octets(document, "certify_info", LONGEST_STRUCTURE),
        octets(document, "signature", LONGEST_STRUCTURE),
        octets(document, "public", LONGEST_STRUCTURE));
  }

  private static SortedMap<String, SortedMap<Integer, byte[]>> pcrs(@Nullable JsonNode node) {
    SortedMap<String, SortedMap<Integer, byte[]>> pcrs = new TreeMap<>();
    for (Map.Entry<String, JsonNode> bank : object(node, "pcrs").properties()) {
      PcrBank known = PcrBank.of(bank.getKey())
          .orElseThrow(
              () -> invalid(
                  "The pcrs may be of the banks sha256 and sha384; SHA-1 is refused and others are not supported."));
      SortedMap<Integer, byte[]> values = new TreeMap<>();
      for (Map.Entry<String, JsonNode> pcr : object(bank.getValue(), "pcrs").properties()) {
        values.put(number(pcr.getKey()), value(pcr.getValue(), known));
      }
      pcrs.put(bank.getKey(), values);
    }
    return pcrs;
  }

  private static int number(String name) {
    for (int pcr = 0; pcr < MOST_PCRS; pcr++) {
      if (Integer.toString(pcr).equals(name)) {
        return pcr;
      }
    }
    throw invalid("A PCR in pcrs is a number from 0 to 23.");
  }

  private static byte[] value(JsonNode node, PcrBank bank) {
    if (node.isTextual() && node.textValue().length() <= 2 * LARGEST_PCR) {
      try {
        byte[] octets = HEX.parseHex(node.textValue());
        if (octets.length == bank.octets() && HEX.formatHex(octets).equals(node.textValue())) {
          return octets;
        }
      } catch (IllegalArgumentException e) {
        // refused below
      }
    }
    throw invalid("A PCR of the bank " + bank.word() + " has " + 2 * bank.octets()
        + " lower-case hexadecimal digits.");
  }

  private static byte[] nonce(String text) {
    try {
      byte[] octets = Base64.getUrlDecoder().decode(text);
      if (octets.length == Digest.LENGTH
          && Base64.getUrlEncoder().withoutPadding().encodeToString(octets).equals(text)) {
        return octets;
      }
    } catch (IllegalArgumentException e) {
      // refused below
    }
    throw invalid("The nonce must be the one of a challenge, as it was given.");
  }

  /** Strict: the one way in which octets are written as base64 with padding (RFC 4648 §3.5). */
  private static byte[] octets(ObjectNode document, String name, int most) {
    String text = text(document, name);
    if (text.length() <= most / 3 * 4 + 4) {
      try {
        byte[] octets = Base64.getDecoder().decode(text);
        if (Base64.getEncoder().encodeToString(octets).equals(text)) {
          return octets;
        }
      } catch (IllegalArgumentException e) {
        // refused below
      }
    }
    throw invalid("The " + name + " must be base64 of at most " + most + " octets.");
  }

  private static String text(ObjectNode document, String name) {
    JsonNode node = document.get(name);
    if (node == null || !node.isTextual()) {
      throw invalid("The " + name + " is missing or not a string.");
    }
    return node.textValue();
  }

  private static ObjectNode object(@Nullable JsonNode node, String name) {
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw invalid("The " + name + " must be a JSON object.");
  }

  private static Refusal invalid(String detail) {
    return new Refusal(AttestationProblem.INVALID_EVIDENCE, detail);
  }
}
