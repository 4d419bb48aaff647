package io.sallyport.admin.api;

import io.sallyport.admin.Idempotency.Answer;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/** Leaves a resource method with an answer that was given before. Carries no stack trace. */
final class Replay extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Answer answer;

  Replay(Answer answer) {
    super("answered before", null, false, false);
    this.answer = answer;
  }

  Response response() {
    return Response.status(answer.status())
        .type(MediaType.APPLICATION_JSON_TYPE.withCharset("UTF-8"))
        .header("Idempotency-Replayed", "true")
        .entity(answer.body())
        .build();
  }
}
