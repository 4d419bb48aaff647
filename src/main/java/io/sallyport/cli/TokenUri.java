package io.sallyport.cli;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a key lives in a PKCS#11 token (RFC 7512): {@code
 * pkcs11:token=LABEL;object=NAME?module-path=/path/library.so&pin-source=file:/path/pin}.
 *
 * @param text as it was given; it holds no secret
 */
record TokenUri(String token, String object, Path module, Path pin, String text) {
  static final String SCHEME = "pkcs11:";
  private static final int LONGEST = 2000;
  private static final Set<String> PATH = Set.of("token", "object", "type");
  private static final Set<String> QUERY = Set.of("module-path", "pin-source");

  static TokenUri parse(String text) {
    if (!text.startsWith(SCHEME) || text.length() > LONGEST) {
      throw wrong("it must begin with " + SCHEME);
    }
    String[] halves = text.substring(SCHEME.length()).split("\\?", 2);
    Map<String, String> path = attributes(halves[0], ";", PATH);
    Map<String, String> query = attributes(halves.length == 1 ? "" : halves[1], "&", QUERY);
    String pin = needed(query, "pin-source");
    return new TokenUri(
        needed(path, "token"),
        needed(path, "object"),
        Path.of(needed(query, "module-path")),
        Path.of(pin.startsWith("file:") ? pin.substring("file:".length()) : pin),
        text);
  }

  private static Map<String, String> attributes(String text, String between, Set<String> known) {
    Map<String, String> found = new HashMap<>();
    for (String one : text.isEmpty() ? new String[0] : text.split(between, -1)) {
      String[] halves = one.split("=", 2);
      if (halves[0].equals("pin-value")) {
        throw wrong(
            "a PIN on a command line is seen by others; put it into a file and name that by pin-source");
      }
      if (halves.length != 2 || !known.contains(halves[0])) {
        throw wrong("\"" + halves[0] + "\" is none of " + String.join(", ", known));
      }
      if (found.put(halves[0], decoded(halves[1])) != null) {
        throw wrong("\"" + halves[0] + "\" stands twice");
      }
    }
    return found;
  }

  private static String decoded(String value) {
    try {
      return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw wrong("\"" + value + "\" is not percent-encoded");
    }
  }

  private static String needed(Map<String, String> attributes, String name) {
    @Nullable String value = attributes.get(name);
    if (value == null || value.isBlank()) {
      throw wrong(name + " is missing");
    }
    return value;
  }

  private static Failure wrong(String why) {
    return Failure.usage(
        "The PKCS#11 URI is not right: " + why
            + ". Such as pkcs11:token=LINE;object=cam-1?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin");
  }
}
