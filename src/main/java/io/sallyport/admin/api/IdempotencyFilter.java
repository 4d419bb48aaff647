package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Idempotency.Attempt;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.ext.Provider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;

/** Reads the Idempotency-Key of a POST, and its body for the digest; after {@link BodyLimitFilter}. */
@Provider
class IdempotencyFilter implements ContainerRequestFilter {
  static final String HEADER = "Idempotency-Key";

  private static final Pattern KEY =
      Pattern.compile("[\\x21-\\x7e](?:[\\x20-\\x7e]{0,126}[\\x21-\\x7e])?");

  private final Once once;
  private final Caller caller;

  IdempotencyFilter(Once once, Caller caller) {
    this.once = once;
    this.caller = caller;
  }

  @Override
  public void filter(ContainerRequestContext request) throws IOException {
    List<String> keys = request.getHeaders().get(HEADER);
    if (keys == null || !request.getMethod().equals("POST")) {
      return;
    }
    String key = key(keys);
    byte[] body = request.getEntityStream().readAllBytes();
    request.setEntityStream(new ByteArrayInputStream(body));
    once.attempt(Attempt.of(
        caller.name(),
        key,
        request.getMethod(),
        request.getUriInfo().getRequestUri().getRawPath(),
        body));
  }

  static String key(List<String> values) {
    if (values.size() != 1 || !KEY.matcher(values.getFirst()).matches()) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "Send one Idempotency-Key of 1 to 128 printable ASCII characters, such as a UUID.");
    }
    return values.getFirst();
  }
}
