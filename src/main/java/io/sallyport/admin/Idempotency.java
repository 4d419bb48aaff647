package io.sallyport.admin;

import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Requests that may be sent again safely (draft-ietf-httpapi-idempotency-key-header). For 24 hours the same key with the
 * same request gets the same answer. The same key with another request is refused with {@code idempotency-key-reused};
 * while the first still runs the second waits, and is refused with {@code request-running} when that takes too long. A
 * request that was refused leaves nothing behind and may be sent again with its key.
 */
public interface Idempotency {
  /**
   * What makes two requests the same.
   *
   * @param key 1 to 128 printable ASCII characters, the operator's own
   * @param request digest over method, path and body
   */
  record Attempt(String operator, String key, Digest request) {
    public static Attempt of(String operator, String key, String method, String path, byte[] body) {
      byte[] head = (method + " " + path + "\n").getBytes(StandardCharsets.UTF_8);
      return new Attempt(operator, key, Digest.of(head, body));
    }
  }

  /** An HTTP status and a JSON text. */
  record Answer(int status, String body) {}

  /** What became of an attempt. */
  sealed interface Outcome<T> {}

  /** The act ran now. */
  record Done<T>(T value) implements Outcome<T> {}

  /** It ran before; this was answered. */
  record Repeated<T>(Answer answer) implements Outcome<T> {}

  /** Runs {@code act} and keeps its answer in one transaction, so that a crash leaves both or neither. */
  <T> Outcome<T> together(Attempt attempt, Supplier<T> act, Function<T, Answer> keep);

  /**
   * Runs {@code act} outside any transaction and keeps its answer after it. For acts that open transactions of their own
   * and are idempotent by themselves: after a crash between the two, the act runs again.
   */
  <T> Outcome<T> apart(Attempt attempt, Supplier<T> act, Function<T, Answer> keep);
}
