package io.sallyport.cli;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The parts of a {@code multipart/mixed} message (RFC 2046 §5.1), none of which is such a message itself. */
final class MultipartMixed {
  /** An answer to serverkeygen has two. */
  private static final int MOST_PARTS = 8;

  private static final int MOST_OCTETS = 256 << 10;
  private static final int MOST_HEADERS = 16;

  /** RFC 2046 §5.1.1: 1 to 70 characters, the last of them no space. */
  private static final Pattern TYPE = Pattern.compile(
      "multipart/mixed\\s*;(?:[^\"]*;)?\\s*boundary=(?:\"([0-9A-Za-z'()+_,\\-./:=? ]{0,69}[0-9A-Za-z'()+_,\\-./:=?])\""
          + "|([0-9A-Za-z'+_\\-.]{1,70}))\\s*(?:;[^\"]*)?",
      Pattern.CASE_INSENSITIVE);

  private MultipartMixed() {}

  /** @param mediaType with its parameters, in lower case; empty when the part does not say */
  record Part(String mediaType, String content) {
    /** What the base64 of the content is of; fails when it is none. EST has no other encoding (RFC 8951 §3). */
    byte[] octets() {
      try {
        return Base64.getDecoder().decode(content.replaceAll("[ \\t\\r\\n]", ""));
      } catch (IllegalArgumentException e) {
        throw unreadable("a part is not base64");
      }
    }
  }

  /** Refuses with a {@link Failure} what has no boundary, no end, or more than an answer of EST can have. */
  static List<Part> parts(@Nullable String contentType, byte[] body) {
    Matcher type = TYPE.matcher(contentType == null ? "" : contentType.strip());
    if (!type.matches()) {
      throw unreadable("it is not multipart/mixed with a boundary");
    }
    if (body.length > MOST_OCTETS) {
      throw unreadable("it is too large");
    }
    String delimiter = "--" + (type.group(1) == null ? type.group(2) : type.group(1));
    List<String> lines = new String(body, StandardCharsets.ISO_8859_1).lines().toList();
    List<Part> parts = new ArrayList<>();
    int start = -1;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).stripTrailing();
      boolean end = line.equals(delimiter + "--");
      if (!end && !line.equals(delimiter)) {
        continue;
      }
      if (start >= 0) {
        parts.add(part(lines.subList(start, i)));
      }
      if (parts.size() > MOST_PARTS) {
        throw unreadable("it has too many parts");
      }
      if (end) {
        return List.copyOf(parts);
      }
      start = i + 1;
    }
    throw unreadable("it has no end");
  }

  private static Part part(List<String> lines) {
    int blank = 0;
    String mediaType = "";
    while (blank < lines.size() && !lines.get(blank).isEmpty()) {
      String header = lines.get(blank).toLowerCase(Locale.ROOT);
      if (header.startsWith("content-type:")) {
        mediaType = header.substring("content-type:".length()).strip();
      }
      if (++blank > MOST_HEADERS) {
        throw unreadable("a part has too many headers");
      }
    }
    return new Part(
        mediaType,
        String.join("\n", lines.subList(Math.min(blank + 1, lines.size()), lines.size())));
  }

  /** The first part of a type. */
  static Optional<Part> first(List<Part> parts, String mediaType) {
    return parts.stream()
        .filter(part -> part.mediaType().equals(mediaType)
            || part.mediaType().startsWith(mediaType + ";")
            || part.mediaType().startsWith(mediaType + " "))
        .findFirst();
  }

  static Failure unreadable(String why) {
    return new Failure(ExitCode.REFUSED, "The server's answer cannot be read: " + why + ".");
  }
}
