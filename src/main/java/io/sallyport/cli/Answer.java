package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * What came back.
 *
 * @param request method and path, for messages
 */
record Answer(String request, int status, HttpHeaders headers, byte[] body, Duration took) {
  private static final int LONGEST_TEXT = 300;

  boolean good() {
    return status >= 200 && status < 300;
  }

  /** This answer if it is a success; otherwise the failure that the server's own words describe. */
  Answer orFail() {
    if (good()) {
      return this;
    }
    throw failure();
  }

  /** The failure that the server's own words describe. */
  Failure failure() {
    if (status == 503) {
      String later = headers
          .firstValue("Retry-After")
          .map(s -> " Try again in " + s + " s.")
          .orElse("");
      return new Failure(ExitCode.UNAVAILABLE, sentence(reason()) + later, problem());
    }
    return new Failure(ExitCode.REFUSED, sentence(reason()), problem());
  }

  /** The RFC 9457 problem that came; one with this status and reason where something else came. */
  private ObjectNode problem() {
    ObjectNode problem = sentProblem();
    headers
        .firstValue("Retry-After")
        .filter(later -> !problem.has("retry_after"))
        .ifPresent(later -> problem.put("retry_after", later));
    return problem;
  }

  private ObjectNode sentProblem() {
    if (headers.firstValue("Content-Type").orElse("").startsWith("application/problem+json")) {
      try {
        if (Json.read(body) instanceof ObjectNode sent) {
          return sent;
        }
      } catch (IOException e) {
        // Falls through to the status: a body that is no JSON tells nothing.
      }
    }
    return Json.object()
        .put("type", "about:blank")
        .put("title", request + " answered " + status)
        .put("status", status)
        .put("detail", sentence(reason()));
  }

  JsonNode json() {
    try {
      return Json.read(body);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED, request + " answered " + status + " with what is not JSON.");
    }
  }

  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /** RFC 9457 detail, RFC 6749 description, or the text: why the server said no. */
  String reason() {
    if (headers.firstValue("Content-Type").orElse("").contains("json")) {
      try {
        JsonNode problem = Json.read(body);
        if (problem.isTextual()) {
          return problem.asText();
        }
        for (String name : new String[] {"detail", "error_description", "title", "error"}) {
          if (problem.path(name).isTextual() && !problem.path(name).asText().isBlank()) {
            return problem.path(name).asText();
          }
        }
      } catch (IOException e) {
        // Falls through to the status: a body that is no JSON tells nothing.
      }
    } else if (headers.firstValue("Content-Type").orElse("").startsWith("text/plain")
        && !text().isBlank()) {
      String text = text().strip();
      return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "…" : text;
    }
    return request + " answered " + status;
  }

  /** The last part of the problem's type, or the OAuth error, or nothing. */
  String slug() {
    try {
      JsonNode problem = Json.read(body);
      String type = problem.path("type").asText("");
      return type.isEmpty()
          ? problem.path("error").asText("")
          : type.substring(type.lastIndexOf(':') + 1);
    } catch (IOException e) {
      return "";
    }
  }

  private static String sentence(String reason) {
    String text = reason.strip();
    return text.endsWith(".") || text.endsWith("…") || text.endsWith("?") ? text : text + ".";
  }
}
