package io.sallyport.door.radius;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.SessionReviews;
import io.sallyport.enforcement.Sessions;
import io.sallyport.enforcement.Sessions.Report;
import io.sallyport.enforcement.Sessions.Session;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Devices that were let in, as sessions: right behind the answer, so that a revocation finds even a session whose
 * accounting never comes. What is lost here on the way, accounting brings back.
 */
@Singleton
final class Attachments {
  private static final Logger LOG = Logger.getLogger(Attachments.class);
  /** A building's worth of devices that come back after a power cut. */
  private static final int MOST_WAITING = 10_000;

  private static final int WRITERS = 2;
  private static final Duration STOP = Duration.ofSeconds(2);

  private final Sessions sessions;
  private final SessionReviews reviews;
  private final Counter late;
  private final ThreadPoolExecutor writers = new ThreadPoolExecutor(
      WRITERS,
      WRITERS,
      0,
      TimeUnit.SECONDS,
      new LinkedBlockingQueue<>(MOST_WAITING),
      Thread.ofPlatform().daemon().name("radius-sessions-", 0).factory());

  Attachments(Sessions sessions, SessionReviews reviews, MeterRegistry meters) {
    this.sessions = sessions;
    this.reviews = reviews;
    this.late = Counter.builder("sallyport.radius.sessions.late")
        .description("Sessions let in that could not be noted in time")
        .register(meters);
  }

  void stop(@Observes ShutdownEvent event) {
    writers.shutdown();
    try {
      if (!writers.awaitTermination(STOP.toSeconds(), TimeUnit.SECONDS)) {
        writers.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Never waits and never throws. */
  void noteLater(EnforcementPoint point, Station station, Admission admission, Instant until) {
    try {
      writers.execute(() -> {
        try {
          note(point, station, admission, until);
        } catch (RuntimeException e) {
          lost(String.valueOf(e.getMessage()));
        }
      });
    } catch (RejectedExecutionException e) {
      lost("too many at once");
    }
  }

  private void lost(String why) {
    late.increment();
    LOG.debugf("A session is known by its accounting only: %s", why);
  }

  private void note(EnforcementPoint point, Station station, Admission admission, Instant until) {
    Optional<Session> under = sessions.live(admission.device()).stream()
        .filter(session -> session.point().equals(point.id()))
        .filter(session -> admission.decision().equals(session.decision())
            || station.isSameStation(session.attributes()))
        .findFirst();
    if (under.isPresent() && admission.decision().equals(under.get().decision())) {
      // Accounting was faster.
      return;
    }
    Optional<String> name = under.map(Session::name).or(station::name);
    if (name.isPresent()) {
      reviews.review(sessions.report(point, report(station, name.get(), admission, until)));
    }
  }

  static Report report(Station station, String name, Admission admission, Instant expectedBy) {
    Map<String, String> attributes = new HashMap<>(station.attributes());
    attributes.putAll(admission.given().attributes());
    attributes.put(Sessions.CERTIFICATE, admission.certificate().hex());
    return new Report(
        admission.device(),
        name,
        station.start().strip(),
        admission.given().permit(),
        attributes,
        admission.decision(),
        expectedBy);
  }
}
