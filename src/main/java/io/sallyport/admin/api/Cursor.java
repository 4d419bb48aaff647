package io.sallyport.admin.api;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Cursors as clients see them: opaque, and good only for the list that they came from. */
final class Cursor {
  /** A door's cursor is a name or a pair of numbers; this is several times that. */
  private static final int LONGEST = 1024;

  private Cursor() {}

  static String write(String list, String value) {
    byte[] octets = (list + "\n" + value).getBytes(StandardCharsets.UTF_8);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
  }

  static String read(String list, String cursor) {
    if (cursor.length() > LONGEST) {
      throw bad();
    }
    String text;
    try {
      text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw bad();
    }
    String mark = list + "\n";
    if (!text.startsWith(mark) || !write(list, text.substring(mark.length())).equals(cursor)) {
      throw bad();
    }
    return text.substring(mark.length());
  }

  static Refusal bad() {
    return new Refusal(
        CommonProblem.MALFORMED,
        "The cursor is not one of this list's; use the \"next\" of a page, or none to start.");
  }
}
