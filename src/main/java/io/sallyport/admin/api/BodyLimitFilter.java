package io.sallyport.admin.api;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.ext.Provider;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;

/** Stops reading a body that did not say how large it is. */
@Provider
@Priority(Priorities.ENTITY_CODER)
class BodyLimitFilter implements ContainerRequestFilter {
  private static final Set<String> WITH_BODY = Set.of("POST", "PUT", "PATCH");

  @Override
  public void filter(ContainerRequestContext request) {
    if (WITH_BODY.contains(request.getMethod())) {
      request.setEntityStream(new Bounded(request.getEntityStream(), BodyLimit.MOST));
    }
  }

  /** Gives at most so many octets and refuses the next. */
  static final class Bounded extends FilterInputStream {
    private long left;

    Bounded(InputStream source, long most) {
      super(source);
      this.left = most;
    }

    @Override
    public int read() throws IOException {
      int octet = super.read();
      count(octet < 0 ? 0 : 1);
      return octet;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int octets = super.read(into, offset, length);
      count(Math.max(octets, 0));
      return octets;
    }

    private void count(int octets) {
      left -= octets;
      if (left < 0) {
        throw new Refusal(CommonProblem.TOO_LARGE, BodyLimit.SENTENCE);
      }
    }
  }
}
