package io.sallyport.admin.api;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.sallyport.admin.AdminProblem;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Outage;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.WebApplicationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What is told to a client about something that was thrown.
 *
 * @param expected false for a fault of this server, of which the detail says nothing
 */
record Failure(Problem problem, String detail, boolean expected) {
  private static final Pattern DUPLICATE =
      Pattern.compile("Duplicate (?:field|Object property) ['\"](.*?)['\"]");

  static Failure of(Throwable thrown) {
    if (Outage.caused(thrown)) {
      return told(
          CommonProblem.UNAVAILABLE,
          "The database cannot be reached at the moment; try again shortly.");
    }
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof Refusal refusal) {
        return told(refusal.problem(), refusal.detail());
      }
      if (cause instanceof JsonProcessingException json) {
        return json(json);
      }
    }
    return switch (thrown) {
      case AuthenticationFailedException _, UnauthorizedException _ ->
        told(CommonProblem.UNAUTHENTICATED, "Send an operator's bearer token.");
      case ForbiddenException _ -> told(CommonProblem.FORBIDDEN, "Your roles do not include this.");
      // Ids are the only part of a path that is converted; where that fails the exception has a
      // cause.
      case NotFoundException path
      when path.getCause() != null ->
        told(CommonProblem.NOT_FOUND, "The id in the path must be a UUID.");
      case WebApplicationException web -> web(web.getResponse().getStatus());
      default -> fault();
    };
  }

  /** A body that could not be read: one sentence, with the field or the place. */
  private static Failure json(JsonProcessingException e) {
    if (e instanceof UnrecognizedPropertyException unknown) {
      return malformed("The field \"" + path(unknown) + "\" is not known here.");
    }
    Matcher duplicate = DUPLICATE.matcher(e.getOriginalMessage());
    if (duplicate.find()) {
      return malformed("The field \"" + Fields.shown(duplicate.group(1)) + "\" is given twice.");
    }
    if (e instanceof JsonMappingException mapping && !path(mapping).isEmpty()) {
      return malformed("The field \"" + path(mapping) + "\" has the wrong type or form.");
    }
    JsonLocation place = e.getLocation();
    String where = place == null || place.getLineNr() < 1
        ? ""
        : " at line " + place.getLineNr() + ", column " + place.getColumnNr();
    return malformed("The body is not the JSON object that is expected here" + where + ".");
  }

  private static String path(JsonMappingException e) {
    String path = e.getPath().stream()
        .map(step ->
            step.getFieldName() == null ? String.valueOf(step.getIndex()) : step.getFieldName())
        .collect(Collectors.joining("."));
    return Fields.shown(path);
  }

  private static Failure web(int status) {
    return switch (status) {
      case 400 -> malformed("The request could not be read.");
      case 401 -> told(CommonProblem.UNAUTHENTICATED, "Send an operator's bearer token.");
      case 403 -> told(CommonProblem.FORBIDDEN, "Your roles do not include this.");
      case 404 -> told(CommonProblem.NOT_FOUND, "There is nothing under this path.");
      case 405 -> told(CommonProblem.METHOD_NOT_ALLOWED, "This path does not know the method.");
      case 406 -> told(AdminProblem.NOT_ACCEPTABLE, "Accept application/json.");
      case 413 -> told(CommonProblem.TOO_LARGE, BodyLimit.SENTENCE);
      case 415 ->
        told(
            CommonProblem.UNSUPPORTED_MEDIA_TYPE,
            "Send application/json, or application/yaml where a document is expected.");
      default -> status < 500 ? malformed("The request could not be served.") : fault();
    };
  }

  private static Failure malformed(String sentence) {
    return told(CommonProblem.MALFORMED, sentence);
  }

  private static Failure told(Problem problem, String sentence) {
    return new Failure(problem, sentence, true);
  }

  private static Failure fault() {
    return new Failure(
        CommonProblem.INTERNAL,
        "Something went wrong inside the server; its log has more under this instance.",
        false);
  }
}
