package io.sallyport.door.oauth;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.door.Callers;
import io.sallyport.door.DeviceCaller;
import io.sallyport.door.Request;
import io.sallyport.grants.Grants.Holder;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Which device asks for a grant. The first time on this node that is read from the database, which also notes the first use
 * of a certificate (law 2); from then on the decision point says it from memory, as long as it knows the certificate as one of
 * that device. Whether a grant may be made is the decision's matter in either case. Any thread.
 */
final class Holders {
  /** Certificates that were read here; some 20 MB when full, and then they are read once more. */
  private static final int MOST_KNOWN = 100_000;

  /** Readings at the same time: each holds a connection to the database. */
  private static final int MOST_READINGS = 8;

  private final Callers callers;
  private final DecisionPoint decisions;
  private final Clock clock;
  private final Semaphore readings = new Semaphore(MOST_READINGS);
  private final Set<Digest> known = ConcurrentHashMap.newKeySet();

  Holders(Callers callers, DecisionPoint decisions, Clock clock) {
    this.callers = callers;
    this.decisions = decisions;
    this.clock = clock;
  }

  /** Refuses as {@link Callers#device} does. */
  Holder of(Request request) {
    if (!request.chain().isEmpty()) {
      X509Certificate certificate = request.chain().getFirst();
      Digest thumbprint = thumbprint(certificate);
      Instant notAfter = certificate.getNotAfter().toInstant();
      UUID device = known.contains(thumbprint) ? decisions.holder(thumbprint).orElse(null) : null;
      if (device != null
          && clock.instant().isBefore(notAfter)
          && decisions.state(device).filter(Holders::mayAsk).isPresent()) {
        callers.seen(request, device);
        return new Holder(device, thumbprint, notAfter);
      }
    }
    return read(request);
  }

  private static boolean mayAsk(DeviceState state) {
    return state.may(Operation.GRANT);
  }

  private Holder read(Request request) {
    readings.acquireUninterruptibly();
    try {
      DeviceCaller caller = callers.device(request, Operation.GRANT);
      Digest thumbprint = caller.credential().thumbprint();
      if (known.size() >= MOST_KNOWN) {
        known.clear();
      }
      known.add(thumbprint);
      return new Holder(caller.device().id(), thumbprint, caller.credential().notAfter());
    } finally {
      readings.release();
    }
  }

  private static Digest thumbprint(X509Certificate certificate) {
    try {
      return Digest.of(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new Refusal(CommonProblem.UNAUTHENTICATED, "The client certificate cannot be read.");
    }
  }
}
