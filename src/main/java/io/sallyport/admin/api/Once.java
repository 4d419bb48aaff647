package io.sallyport.admin.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.admin.Idempotency;
import io.sallyport.admin.Idempotency.Answer;
import io.sallyport.admin.Idempotency.Attempt;
import io.sallyport.admin.Idempotency.Done;
import io.sallyport.admin.Idempotency.Outcome;
import io.sallyport.admin.Idempotency.Repeated;
import jakarta.enterprise.context.RequestScoped;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs the act of the POST at hand, once for its Idempotency-Key when it has one. */
@RequestScoped
class Once {
  private final Idempotency idempotency;
  private final ObjectMapper json;
  private @Nullable Attempt attempt;

  Once(Idempotency idempotency, ObjectMapper json) {
    this.idempotency = idempotency;
    this.json = json;
  }

  /** Told by {@link IdempotencyFilter} before the resource method runs. */
  void attempt(Attempt of) {
    this.attempt = of;
  }

  /** Act and answer commit together. */
  <T> T run(int status, Supplier<T> act) {
    return attempt == null
        ? act.get()
        : value(idempotency.together(attempt, act, value -> new Answer(status, text(value))));
  }

  /** For acts that open transactions of their own and are idempotent by themselves. */
  <T> T apart(int status, Supplier<T> act) {
    return attempt == null
        ? act.get()
        : value(idempotency.apart(attempt, act, value -> new Answer(status, text(value))));
  }

  private static <T> T value(Outcome<T> outcome) {
    return switch (outcome) {
      case Done<T>(T value) -> value;
      case Repeated<T>(Answer answer) -> throw new Replay(answer);
    };
  }

  private String text(Object value) {
    try {
      return json.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an answer could not be written", e);
    }
  }
}
