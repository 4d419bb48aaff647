package io.sallyport.door.oauth;

import io.sallyport.door.Reply;
import io.sallyport.kernel.Problem;
import java.util.LinkedHashMap;
import java.util.Map;

/** Refusals in the words of RFC 6749 §5.2. */
final class OAuthErrors {
  private OAuthErrors() {}

  static Reply write(Problem problem, String detail) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("error", code(problem));
    body.put("error_description", description(detail));
    return Reply.json(problem.status() == 409 ? 403 : problem.status(), body)
        .with("Cache-Control", "no-store");
  }

  private static String code(Problem problem) {
    if (problem instanceof OAuthProblem) {
      return problem.slug().replace('-', '_');
    }
    return switch (problem.status()) {
      case 401 -> "invalid_client";
      case 403, 409 -> "access_denied";
      case 500 -> "server_error";
      case 503 -> "temporarily_unavailable";
      default -> "invalid_request";
    };
  }

  /** The characters that RFC 6749 §5.2 lets a description have. */
  static String description(String detail) {
    return detail.replace('"', '\'').replaceAll("[^\\x20-\\x5b\\x5d-\\x7e]", "?");
  }
}
