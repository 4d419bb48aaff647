package io.sallyport.door.gateway;

import io.sallyport.door.Request;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Header fields that count only once. */
final class Headers {
  private Headers() {}

  /** The field's value, or null; twice is refused with {@code malformed}, because one of the two is not the gateway's. */
  static @Nullable String one(Request request, String name) {
    List<String> values = request.headers().getAll(name);
    if (values.size() > 1) {
      throw new Refusal(CommonProblem.MALFORMED, name + " is there more than once.");
    }
    String value = values.isEmpty() ? "" : values.getFirst().strip();
    return value.isEmpty() ? null : value;
  }
}
