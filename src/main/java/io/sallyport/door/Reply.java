package io.sallyport.door;

import io.sallyport.kernel.Problem;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** An answer: status, headers, body. */
public record Reply(int status, Map<String, String> headers, byte[] body) {
  public Reply {
    headers = Map.copyOf(headers);
  }

  public static Reply of(int status, String mediaType, byte[] body) {
    return new Reply(status, Map.of("Content-Type", mediaType), body);
  }

  public static Reply text(int status, String sentence) {
    return of(
        status, "text/plain; charset=utf-8", (sentence + "\n").getBytes(StandardCharsets.UTF_8));
  }

  public static Reply json(int status, Map<String, ?> body) {
    return of(
        status,
        "application/json",
        new JsonObject(new LinkedHashMap<>(body)).toBuffer().getBytes());
  }

  /** An RFC 9457 problem. */
  public static Reply problem(Problem problem, String detail) {
    JsonObject body = new JsonObject()
        .put("type", "urn:sallyport:problem:" + problem.slug())
        .put("title", problem.title())
        .put("status", problem.status())
        .put("detail", detail);
    return of(problem.status(), "application/problem+json", body.toBuffer().getBytes());
  }

  public Reply with(String header, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new Reply(status, more, body);
  }
}
