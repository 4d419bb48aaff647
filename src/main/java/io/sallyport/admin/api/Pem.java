package io.sallyport.admin.api;

import io.sallyport.kernel.Der;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Credential;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads and writes the textual encoding of RFC 7468; what the octets mean is for others to say. */
final class Pem {
  /** The largest certificate or request that anybody has a use for; post-quantum signatures included. */
  private static final int LONGEST = 64 * 1024;

  /** A revocation list, up to what the body of a request may have. */
  private static final int LONGEST_LIST = 1 << 20;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----\\s([A-Za-z0-9+/=\\s]*+)-----END \\1-----");

  private Pem() {}

  /** The one object in {@code text}, whose label ends with {@code label}. */
  static Der one(String field, String label, String text) {
    List<Der> all = all(field, label, text);
    if (all.size() != 1) {
      throw Fields.malformed(field, "has more than one " + label + " in it");
    }
    return all.getFirst();
  }

  /** The one revocation list in {@code text}. */
  static Der list(String field, String text) {
    List<Der> all = all(field, "X509 CRL", text, LONGEST_LIST);
    if (all.size() != 1) {
      throw Fields.malformed(field, "has more than one revocation list in it");
    }
    return all.getFirst();
  }

  /** The objects in {@code text}, one or more, whose labels end with {@code label}. */
  static List<Der> all(String field, String label, String text) {
    return all(field, label, text, LONGEST);
  }

  private static List<Der> all(String field, String label, String text, int longest) {
    if (text.length() > longest) {
      throw Fields.malformed(field, "has more than " + longest + " characters");
    }
    List<Der> found = new ArrayList<>();
    Matcher blocks = BLOCK.matcher(text);
    while (blocks.find()) {
      if (!blocks.group(1).equals(label) && !blocks.group(1).equals("NEW " + label)) {
        throw Fields.malformed(
            field, "has a PEM " + blocks.group(1) + " in it where a " + label + " is expected");
      }
      found.add(Der.of(octets(field, blocks.group(2))));
    }
    if (found.isEmpty()) {
      throw Fields.malformed(field, "is not a PEM " + label);
    }
    return found;
  }

  /** From the authority that issued a credential to the root. */
  static List<String> chain(Authorities authorities, Credential credential) {
    return authorities.chain(credential.authority()).stream()
        .map(certificate -> certificate.pem("CERTIFICATE"))
        .toList();
  }

  private static byte[] octets(String field, String base64) {
    try {
      return Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw Fields.malformed(field, "is not PEM: its base64 is damaged");
    }
  }
}
