package io.sallyport.door.oauth;

import io.sallyport.door.Request;
import io.sallyport.kernel.Refusal;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The parameters of a form body (RFC 6749 appendix B), read strictly. Immutable. */
final class Form {
  /** OAuth needs three; nobody sends more than a handful. */
  private static final int MOST_PARAMETERS = 32;

  private final Map<String, String> parameters;

  private Form(Map<String, String> parameters) {
    this.parameters = parameters;
  }

  /** The form that is the body of {@code request}; refuses another type with {@code invalid-request}. */
  static Form of(Request request) {
    if (!request.mediaType().equals("application/x-www-form-urlencoded")) {
      throw new Refusal(
          OAuthProblem.INVALID_REQUEST, "Send a body of type application/x-www-form-urlencoded.");
    }
    return parse(request.body());
  }

  /** Refuses with {@code invalid-request} what is not UTF-8, not well encoded, or given twice (RFC 6749 §3.2). */
  static Form parse(byte[] body) {
    Map<String, String> parameters = new HashMap<>();
    int count = 0;
    for (int start = 0; start < body.length; ) {
      int end = indexOf(body, '&', start, body.length);
      if (end > start) {
        int equals = indexOf(body, '=', start, end);
        String name = decode(body, start, equals);
        String value = equals < end ? decode(body, equals + 1, end) : "";
        if (++count > MOST_PARAMETERS) {
          throw malformed("The form has too many parameters.");
        }
        if (parameters.putIfAbsent(name, value) != null) {
          throw malformed("A parameter is given more than once.");
        }
      }
      start = end + 1;
    }
    return new Form(parameters);
  }

  /** The parameter's value; one without a value counts as left out (RFC 6749 §3.2). */
  Optional<String> get(String name) {
    return Optional.ofNullable(parameters.get(name)).filter(value -> !value.isEmpty());
  }

  private static int indexOf(byte[] body, char what, int start, int end) {
    for (int i = start; i < end; i++) {
      if (body[i] == what) {
        return i;
      }
    }
    return end;
  }

  private static String decode(byte[] body, int start, int end) {
    ByteArrayOutputStream octets = new ByteArrayOutputStream(end - start);
    for (int i = start; i < end; i++) {
      if (body[i] == '+') {
        octets.write(' ');
      } else if (body[i] == '%') {
        int high = i + 2 < end ? Character.digit(body[i + 1], 16) : -1;
        int low = i + 2 < end ? Character.digit(body[i + 2], 16) : -1;
        if (high < 0 || low < 0) {
          throw malformed("The form is not encoded as it must be.");
        }
        octets.write(high << 4 | low);
        i += 2;
      } else {
        octets.write(body[i]);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(octets.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw malformed("The form is not UTF-8.");
    }
  }

  private static Refusal malformed(String detail) {
    return new Refusal(OAuthProblem.INVALID_REQUEST, detail);
  }
}
