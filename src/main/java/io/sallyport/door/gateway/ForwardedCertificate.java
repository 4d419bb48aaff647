package io.sallyport.door.gateway;

import io.sallyport.door.Request;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The certificate on the connection between device and gateway, as the gateway says: {@code X-SSL-Client-Escaped-Cert}
 * (nginx {@code $ssl_client_escaped_cert}) or {@code X-Forwarded-Client-Cert} (Envoy) with {@code Hash} or {@code Cert}. Its
 * key was proven there; here only its thumbprint counts.
 */
final class ForwardedCertificate {
  /** A certificate with an RSA-4096 key, escaped, is half of this; the front takes no longer header either. */
  private static final int LONGEST = 8 * 1024;

  private static final Pattern PEM = Pattern.compile(
      "\\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----\\s*");
  private static final Pattern HASH = Pattern.compile("[0-9a-fA-F]{64}");
  /** One element of XFCC: key=value, the value bare or quoted with backslashes. */
  private static final Pattern PAIR =
      Pattern.compile("([A-Za-z]+)=(\"((?:[^\"\\\\]|\\\\.)*)\"|[^\",;=]*)");

  private ForwardedCertificate() {}

  /** Empty when the device showed none; refuses with {@code unauthenticated} what cannot be read. */
  static Optional<Digest> thumbprint(Request request) {
    String escaped = Headers.one(request, "X-SSL-Client-Escaped-Cert");
    String forwarded = Headers.one(request, "X-Forwarded-Client-Cert");
    if (escaped != null && forwarded != null) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "X-SSL-Client-Escaped-Cert and X-Forwarded-Client-Cert are both there; one is not the gateway's.");
    }
    if (escaped != null) {
      return Optional.of(ofPem(escaped));
    }
    return forwarded == null ? Optional.empty() : ofElement(forwarded);
  }

  private static Digest ofPem(String escaped) {
    if (escaped.length() > LONGEST) {
      throw unreadable();
    }
    try {
      // URLDecoder takes + for a blank, which base64 means as itself.
      String text = URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.US_ASCII);
      Matcher pem = PEM.matcher(text);
      if (!pem.matches()) {
        throw unreadable();
      }
      return Digest.of(Base64.getDecoder().decode(pem.group(1).replaceAll("\\s", "")));
    } catch (IllegalArgumentException notEncoded) {
      throw unreadable();
    }
  }

  /** One element: a list means that somebody before the gateway was believed. */
  private static Optional<Digest> ofElement(String element) {
    if (element.length() > LONGEST) {
      throw unreadable();
    }
    @Nullable Digest hash = null;
    @Nullable Digest certificate = null;
    Matcher pair = PAIR.matcher(element);
    int end = 0;
    while (end < element.length()) {
      if (!pair.find(end) || pair.start() != end) {
        throw unreadable();
      }
      String value =
          pair.group(3) == null ? pair.group(2) : pair.group(3).replaceAll("\\\\(.)", "$1");
      switch (pair.group(1)) {
        case "Hash" -> hash = once(hash, ofHash(value));
        case "Cert" -> certificate = once(certificate, ofPem(value));
        default -> {}
      }
      end = pair.end();
      if (end < element.length()) {
        if (element.charAt(end) != ';' || end + 1 == element.length()) {
          throw unreadable();
        }
        end++;
      }
    }
    if (hash != null && certificate != null && !hash.equals(certificate)) {
      throw unreadable();
    }
    return Optional.ofNullable(hash == null ? certificate : hash);
  }

  private static Digest once(@Nullable Digest before, Digest now) {
    if (before != null) {
      throw unreadable();
    }
    return now;
  }

  private static Digest ofHash(String hex) {
    if (!HASH.matcher(hex).matches()) {
      throw unreadable();
    }
    return Digest.ofHex(hex);
  }

  private static Refusal unreadable() {
    return new Refusal(
        CommonProblem.UNAUTHENTICATED,
        "The device's certificate cannot be read as the gateway sent it.");
  }
}
