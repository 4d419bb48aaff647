package io.sallyport.door.signals;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcer;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.SecurityEvents;
import io.sallyport.enforcement.SecurityEvents.SecurityEvent;
import io.sallyport.enforcement.SecurityEvents.Type;
import io.sallyport.kernel.TrustFile;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Turns withdrawals into {@code session-revoked} events, and pushes events to the receivers that want that (RFC 8935):
 * 202 takes the event, anything else is tried again.
 */
@Singleton
final class Pushes implements Enforcer {
  private static final int START = 2700;
  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final Duration LONGEST_PUSH = Duration.ofSeconds(5);
  private static final int MOST_ANSWER = 8 * 1024;
  private static final int ACCEPTED = 202;

  private final SecurityEvents events;
  private final EnforcementPoints points;
  private final EventTokens tokens;
  private final SignalsSettings settings;
  private final SingleWriterJob job;
  private final ExecutorService pushing = Executors.newVirtualThreadPerTaskExecutor();
  /** Receivers that are being pushed to: one event at a time each, and none waits for another. */
  private final Set<UUID> underWay = ConcurrentHashMap.newKeySet();

  private @Nullable HttpClient client;

  Pushes(
      SecurityEvents events,
      EnforcementPoints points,
      EventTokens tokens,
      SignalsSettings settings,
      DataSource database) {
    this.events = events;
    this.points = points;
    this.tokens = tokens;
    this.settings = settings;
    this.job = new SingleWriterJob("push", database, INTERVAL, this::round);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
    pushing.shutdownNow();
  }

  @Override
  public PointKind kind() {
    return PointKind.SIGNALS;
  }

  @Override
  public Answer tell(Enforcement enforcement) {
    events.add(
        enforcement.point(),
        enforcement.device(),
        Type.SESSION_REVOKED,
        Map.of("reason_admin", enforcement.reason()),
        enforcement.id(),
        enforcement.id());
    job.wake();
    return new Told("the event waits for the receiver");
  }

  private boolean round(JobLease lease) {
    events.due().stream()
        .filter(event -> underWay.add(event.point().id()))
        .forEach(event -> pushing.execute(() -> {
          try {
            push(event);
          } finally {
            underWay.remove(event.point().id());
            job.wake();
          }
        }));
    return false;
  }

  private void push(SecurityEvent event) {
    String address = event.point().settings().parameters().getOrDefault("push", "");
    String complaint;
    try {
      URI target = target(address);
      HttpRequest.Builder request = HttpRequest.newBuilder(target)
          .timeout(LONGEST_PUSH)
          .header("Content-Type", "application/secevent+jwt")
          .header("Accept", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(tokens.token(event)));
      points
          .secret(event.point().id())
          .ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
      HttpResponse<byte[]> answer = client()
          .send(request.build(), BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_ANSWER));
      if (answer.statusCode() == ACCEPTED) {
        events.taken(event.point().id(), List.of(event.id()), "taken by push");
        return;
      }
      complaint = "the receiver answered " + answer.statusCode();
    } catch (IOException | IllegalArgumentException e) {
      complaint = "the receiver cannot be reached: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    events.failed(event.id(), complaint);
  }

  /** In plain HTTP to this machine only. */
  private static URI target(String address) {
    URI target = URI.create(address);
    boolean here = "http".equals(target.getScheme())
        && ("127.0.0.1".equals(target.getHost()) || "[::1]".equals(target.getHost()));
    if (target.getHost() == null || !("https".equals(target.getScheme()) || here)) {
      throw new IllegalArgumentException("the address to push to must be an https URL");
    }
    return target;
  }

  private synchronized HttpClient client() throws IOException {
    HttpClient known = client;
    if (known == null) {
      known = HttpClient.newBuilder()
          .connectTimeout(LONGEST_PUSH)
          .followRedirects(HttpClient.Redirect.NEVER)
          .version(HttpClient.Version.HTTP_1_1)
          .sslContext(TrustFile.context(settings.trustFile()))
          .build();
      client = known;
    }
    return known;
  }
}
