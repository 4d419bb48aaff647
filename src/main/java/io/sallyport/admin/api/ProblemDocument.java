package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.Problem;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A refusal as RFC 9457 writes it.
 *
 * @param instance names this occurrence in the server's log; only of internal errors
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"type", "title", "status", "detail", "instance"})
record ProblemDocument(
    String type,
    String title,
    int status,
    String detail,
    @Nullable String instance) {
  static final String MEDIA_TYPE = "application/problem+json";

  private static final ObjectMapper JSON = new ObjectMapper();

  static ProblemDocument of(Problem problem, String detail, @Nullable UUID instance) {
    return new ProblemDocument(
        "urn:sallyport:problem:" + problem.slug(),
        problem.title(),
        problem.status(),
        detail,
        instance == null ? null : "urn:uuid:" + instance);
  }

  String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a problem could not be written", e);
    }
  }
}
