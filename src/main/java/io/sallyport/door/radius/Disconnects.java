package io.sallyport.door.radius;

import io.sallyport.door.radius.DisconnectAddress.UnusableException;
import io.sallyport.door.radius.DynamicAuthorization.Response;
import io.sallyport.door.radius.DynamicAuthorization.Target;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcer;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.Sessions;
import io.sallyport.enforcement.Sessions.Session;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.datagram.DatagramSocketOptions;
import jakarta.inject.Singleton;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Ends sessions at network access servers by Disconnect-Request (RFC 5176). One datagram an attempt. */
@Singleton
final class Disconnects implements Enforcer {
  private static final int PATIENCE_MILLIS = 1_000;
  private static final int SESSION_CONTEXT_NOT_FOUND = 503;

  private final EnforcementPoints points;
  private final Sessions sessions;
  private final Vertx vertx;
  private final SecureRandom random;
  private final Clock clock;

  Disconnects(
      EnforcementPoints points, Sessions sessions, Vertx vertx, SecureRandom random, Clock clock) {
    this.points = points;
    this.sessions = sessions;
    this.vertx = vertx;
    this.random = random;
    this.clock = clock;
  }

  @Override
  public PointKind kind() {
    return PointKind.RADIUS;
  }

  @Override
  public Answer tell(Enforcement enforcement) {
    UUID id = enforcement.session();
    Session session = id == null ? null : sessions.get(id).orElse(null);
    if (session == null || session.endedAt() != null) {
      return new Acknowledged("the session is over");
    }
    EnforcementPoint point = enforcement.point();
    Optional<String> secret = points.secret(point.id());
    if (secret.isEmpty()) {
      return new Failed("the point has no secret to sign a Disconnect-Request with");
    }
    InetSocketAddress address;
    try {
      address = DisconnectAddress.of(point.settings().parameters(), session.attributes());
    } catch (UnusableException e) {
      return new Failed(String.valueOf(e.getMessage()));
    }
    return judge(session, ask(session, address, secret.get().getBytes(StandardCharsets.UTF_8)));
  }

  private Answer judge(Session session, Optional<Response> heard) {
    if (heard.isEmpty()) {
      return new Failed("no valid answer to the Disconnect-Request");
    }
    Response response = heard.get();
    if (response.code() == DynamicAuthorization.DISCONNECT_ACK) {
      sessions.end(session.id(), "disconnected");
      return new Acknowledged("Disconnect-ACK");
    }
    Integer cause = response.errorCause();
    if (cause != null && cause == SESSION_CONTEXT_NOT_FOUND) {
      sessions.end(session.id(), "the NAS knows it no more");
      return new Acknowledged("Disconnect-NAK, Error-Cause 503: the session was gone");
    }
    return new Failed(
        "Disconnect-NAK" + (cause == null ? "" : ", Error-Cause " + cause) + "; trying again");
  }

  private Optional<Response> ask(Session session, InetSocketAddress address, byte[] secret) {
    byte[] request = DynamicAuthorization.disconnect(
        random.nextInt(256), target(session), clock.instant(), secret);
    InetAddress host = address.getAddress();
    DatagramSocket socket = vertx.createDatagramSocket(
        new DatagramSocketOptions().setIpV6(host instanceof Inet6Address));
    CompletableFuture<Response> answer = new CompletableFuture<>();
    try {
      socket.exceptionHandler(answer::completeExceptionally);
      socket
          .listen(0, host instanceof Inet6Address ? "::" : "0.0.0.0")
          .onFailure(answer::completeExceptionally)
          .onSuccess(listening -> {
            listening.handler(packet -> {
              // From elsewhere, or not by who knows the secret: not the answer, which may still
              // come.
              if (packet.sender().port() == address.getPort()
                  && isFrom(host, packet.sender().hostAddress())) {
                DynamicAuthorization.response(packet.data().getBytes(), request, secret)
                    .ifPresent(answer::complete);
              }
            });
            listening
                .send(Buffer.buffer(request), address.getPort(), host.getHostAddress())
                .onFailure(answer::completeExceptionally);
          });
      return Optional.of(answer.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
    } catch (ExecutionException | TimeoutException nothingCame) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      socket.close();
    }
  }

  private static boolean isFrom(InetAddress host, String sender) {
    int zone = sender.indexOf('%');
    try {
      return InetAddress.ofLiteral(zone < 0 ? sender : sender.substring(0, zone))
          .equals(host);
    } catch (IllegalArgumentException noAddress) {
      return false;
    }
  }

  private static Target target(Session session) {
    Map<String, String> attributes = session.attributes();
    return new Target(
        address(attributes.get(Station.NAS)),
        attributes.get(Station.NAS_IDENTIFIER),
        attributes.get(Station.ACCT_SESSION_ID),
        attributes.get(Station.CALLING_STATION_ID),
        attributes.get(Station.USER_NAME));
  }

  private static @Nullable InetAddress address(@Nullable String nas) {
    return nas == null ? null : InetAddress.ofLiteral(nas);
  }
}
