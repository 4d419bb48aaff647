package io.sallyport.door;

import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Outage;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.Throttle;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLSession;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request within its bound, runs a use case and writes the answer. Any thread; one for all doors.
 *
 * <p>A {@link Refusal} is answered in the protocol's own words, a database that is away with 503 and {@code Retry-After},
 * anything else with 500 and nothing about the inside.
 */
@ApplicationScoped
public class Exchanges {
  private static final Logger LOG = Logger.getLogger(Exchanges.class);
  private static final String RETRY_SECONDS = "2";

  /**
   * Use cases at the same time. Each may hold one database connection and, right after a commit, a second one to refresh
   * the decision point, so twice this and the server's own jobs must fit into the pool.
   */
  private static final int MOST_AT_ONCE = 12;

  /**
   * Issuances at the same time. They wait together in a shared commit, which costs no connection each; what they do by
   * themselves takes its turns. The more of them, the more certificates share a commit.
   */
  private static final int MOST_ISSUANCES = 256;

  /** Grants at the same time: from memory, and then together in one shared commit. */
  private static final int MOST_GRANTS = 256;

  /** Readings by anybody that may wait for what they are about; they hold up nobody else. */
  private static final int MOST_READINGS = 32;

  private static final int LONGEST_WAIT_SECONDS = 10;
  private static final int NOT_MODIFIED = 304;
  /** For a client that still sends what will not be read to see the answer. */
  private static final long LINGER_MILLIS = 2_000;

  /** A body that drips in holds a connection; the slowest honest link sends 64 KiB well within this. */
  private static final int LONGEST_BODY_MILLIS = 30_000;

  private static final long NO_TIMER = -1;

  private final Semaphore places = new Semaphore(MOST_AT_ONCE);
  private final Semaphore issuances = new Semaphore(MOST_ISSUANCES);
  private final Semaphore grants = new Semaphore(MOST_GRANTS);
  private final Semaphore readings = new Semaphore(MOST_READINGS);
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final MeterRegistry meters;
  private final Throttle throttle;

  Exchanges(MeterRegistry meters, Clock clock, DoorSettings settings) {
    this.meters = meters;
    this.throttle = new Throttle(clock, settings.failedAuthenticationsPerMinute());
  }

  /** For use cases that may block: runs on a virtual thread. */
  public Handler<RoutingContext> handler(int mostBytes, UseCase useCase, RefusalWriter refusals) {
    return handler(mostBytes, useCase, refusals, places);
  }

  /** For use cases that wait for an issuance most of the time, and bound what else they do by themselves. */
  public Handler<RoutingContext> issuing(int mostBytes, UseCase useCase, RefusalWriter refusals) {
    return handler(mostBytes, useCase, refusals, issuances);
  }

  /** For use cases that wait for a grant most of the time, and bound what else they do by themselves. */
  public Handler<RoutingContext> granting(int mostBytes, UseCase useCase, RefusalWriter refusals) {
    return handler(mostBytes, useCase, refusals, grants);
  }

  /** For what anybody may read, and what is made anew while they wait. */
  public Handler<RoutingContext> reading(int mostBytes, UseCase useCase, RefusalWriter refusals) {
    return handler(mostBytes, useCase, refusals, readings);
  }

  private Handler<RoutingContext> handler(
      int mostBytes, UseCase useCase, RefusalWriter refusals, Semaphore of) {
    return context -> read(
        context, mostBytes, refusals, request -> later(context, request, useCase, refusals, of));
  }

  private void later(
      RoutingContext context,
      Request request,
      UseCase useCase,
      RefusalWriter refusals,
      Semaphore of) {
    Context loop = context.vertx().getOrCreateContext();
    Observation observation = Observation.of(context);
    workers.execute(() -> {
      Reply reply = observation == null
          ? inTurn(request, useCase, refusals, of)
          : observation.during(() -> inTurn(request, useCase, refusals, of));
      loop.runOnContext(nothing -> write(context, reply));
    });
  }

  /** For use cases that touch memory only: runs on the event loop. */
  public Handler<RoutingContext> direct(int mostBytes, UseCase useCase, RefusalWriter refusals) {
    return context -> read(
        context,
        mostBytes,
        refusals,
        request -> write(context, answer(request, useCase, refusals)));
  }

  /** As {@link #direct(int, UseCase, RefusalWriter)}; a refusal is told to {@code witness}, which may block, first. */
  public Handler<RoutingContext> direct(
      int mostBytes,
      UseCase useCase,
      RefusalWriter refusals,
      BiConsumer<Request, Refusal> witness) {
    return context -> read(context, mostBytes, refusals, request -> {
      AtomicReference<@Nullable Refusal> refused = new AtomicReference<>();
      Reply reply = answer(
          request,
          asked -> {
            try {
              return useCase.answer(asked);
            } catch (Refusal refusal) {
              refused.set(refusal);
              throw refusal;
            }
          },
          refusals);
      Refusal refusal = refused.get();
      if (refusal == null) {
        write(context, reply);
      } else {
        later(
            context,
            request,
            asked -> {
              witness.accept(asked, refusal);
              return reply;
            },
            refusals,
            places);
      }
    });
  }

  /** For use cases that answer at once or wait in threads of their own: called on the event loop. */
  public Handler<RoutingContext> asynchronous(
      int mostBytes, Function<Request, CompletableFuture<Reply>> useCase, RefusalWriter refusals) {
    return context -> read(context, mostBytes, refusals, request -> {
      AtomicReference<@Nullable CompletableFuture<Reply>> asked = new AtomicReference<>();
      Reply refused = answer(
          request,
          one -> {
            asked.set(useCase.apply(one));
            return Reply.text(200, "");
          },
          refusals);
      CompletableFuture<Reply> promised = asked.get();
      if (promised == null) {
        write(context, refused);
        return;
      }
      Context loop = context.vertx().getOrCreateContext();
      promised.whenComplete((reply, failure) -> {
        Reply written = failure == null
            ? reply
            : answer(
                request,
                one -> {
                  throw unwrapped(failure);
                },
                refusals);
        loop.runOnContext(nothing -> write(context, written));
      });
    });
  }

  private static RuntimeException unwrapped(Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    return cause instanceof RuntimeException thrown
        ? thrown
        : new IllegalStateException("a use case failed", cause);
  }

  /**
   * For answers that go on: on the event loop, the use case refuses, or answers who writes the response from then on. Must
   * touch memory only.
   */
  public Handler<RoutingContext> stream(
      Function<Request, Consumer<HttpServerResponse>> useCase, RefusalWriter refusals) {
    return context -> read(context, 0, refusals, request -> {
      AtomicReference<@Nullable Consumer<HttpServerResponse>> opened = new AtomicReference<>();
      Reply reply = answer(
          request,
          asked -> {
            opened.set(useCase.apply(asked));
            return Reply.text(200, "");
          },
          refusals);
      Consumer<HttpServerResponse> writer = opened.get();
      if (writer == null) {
        write(context, reply);
      } else {
        writer.accept(context.response());
      }
    });
  }

  /**
   * For streams, which have no request that is read first: who sends one. Bounded, counted and held off like everybody who
   * asks; on a thread that may block.
   */
  public <T> T admitted(String remote, Supplier<T> who) {
    try {
      if (!places.tryAcquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
        throw new Refusal(
            CommonProblem.UNAVAILABLE, "The server is busy; repeat the request later.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(
          CommonProblem.UNAVAILABLE, "The server is stopping; repeat the request later.");
    }
    try {
      return who.get();
    } catch (Refusal refusal) {
      meters.counter("sallyport_refusals", "problem", refusal.problem().slug()).increment();
      if (refusal.problem().status() == CommonProblem.UNAUTHENTICATED.status()) {
        throttle.failed(remote);
        if (throttle.exceeded(remote)) {
          throw new Refusal(
              CommonProblem.TOO_MANY_REQUESTS,
              "Too many failed authentications from this address; wait a minute.");
        }
      }
      throw refusal;
    } finally {
      places.release();
    }
  }

  /** Answers 405 with the methods that the path knows (RFC 9110 §15.5.6). */
  public Handler<RoutingContext> methodNotAllowed(String allow, RefusalWriter refusals) {
    return context -> write(
        context,
        refusals
            .write(CommonProblem.METHOD_NOT_ALLOWED, "Use " + allow + " here.")
            .with("Allow", allow));
  }

  private Reply inTurn(Request request, UseCase useCase, RefusalWriter refusals, Semaphore of) {
    try {
      if (!of.tryAcquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
        return refuse(
                refusals,
                CommonProblem.UNAVAILABLE,
                "The server is busy; repeat the request later.")
            .with("Retry-After", RETRY_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return refuse(
              refusals,
              CommonProblem.UNAVAILABLE,
              "The server is stopping; repeat the request later.")
          .with("Retry-After", RETRY_SECONDS);
    }
    try {
      return answer(request, useCase, refusals);
    } finally {
      of.release();
    }
  }

  private Reply answer(Request request, UseCase useCase, RefusalWriter refusals) {
    try {
      return useCase.answer(request);
    } catch (Refusal refusal) {
      if (refusal.problem().status() == CommonProblem.UNAUTHENTICATED.status()) {
        // Only those who fail are held off: others behind the same address are served as ever.
        throttle.failed(request.remote());
        if (throttle.exceeded(request.remote())) {
          return refuse(
                  refusals,
                  CommonProblem.TOO_MANY_REQUESTS,
                  "Too many failed authentications from this address; wait a minute.")
              .with("Retry-After", "60");
        }
      }
      Reply reply = refuse(refusals, refusal.problem(), refusal.detail());
      return refusal.problem().status() == CommonProblem.UNAVAILABLE.status()
          ? reply.with("Retry-After", RETRY_SECONDS)
          : reply;
    } catch (RuntimeException | Error failure) {
      if (Outage.caused(failure)) {
        return refuse(
                refusals,
                CommonProblem.UNAVAILABLE,
                "The server cannot reach its database; repeat the request later.")
            .with("Retry-After", RETRY_SECONDS);
      }
      LOG.errorf(failure, "%s failed", request.method());
      return refuse(refusals, CommonProblem.INTERNAL, "The server failed; its log tells why.");
    }
  }

  private Reply refuse(RefusalWriter refusals, Problem problem, String detail) {
    meters.counter("sallyport_refusals", "problem", problem.slug()).increment();
    return refusals.write(problem, detail);
  }

  private void read(
      RoutingContext context, int mostBytes, RefusalWriter refusals, Consumer<Request> then) {
    HttpServerRequest http = context.request();
    Buffer body = Buffer.buffer();
    boolean[] refused = {false};
    boolean[] over = {false};
    long[] deadline = {NO_TIMER};
    http.exceptionHandler(cut -> {
      over[0] = true;
      context.vertx().cancelTimer(deadline[0]);
    });
    http.handler(chunk -> {
      if (refused[0]) {
        return;
      }
      if (body.length() + chunk.length() > mostBytes) {
        refused[0] = true;
        tooLarge(context, mostBytes, refusals);
        return;
      }
      body.appendBuffer(chunk);
    });
    http.endHandler(end -> {
      over[0] = true;
      context.vertx().cancelTimer(deadline[0]);
      if (!refused[0]) {
        then.accept(request(context, body.getBytes()));
      }
    });
    http.resume();
    // A short body came with its request.
    if (!over[0]) {
      deadline[0] = context.vertx().setTimer(LONGEST_BODY_MILLIS, timer -> {
        refused[0] = true;
        http.response().reset();
      });
    }
  }

  /**
   * The rest of a body that is too large is thrown away. Over HTTP/1.1 the connection ends soon: at once, and the answer
   * might be lost to a client that still writes (RFC 9112 §9.6). HTTP/2 has other requests on the same connection, and no
   * Connection header (RFC 9113 §8.2.2).
   */
  private void tooLarge(RoutingContext context, int mostBytes, RefusalWriter refusals) {
    Reply reply = refuse(
        refusals, CommonProblem.TOO_LARGE, "The body may have " + mostBytes + " bytes at most.");
    if (context.request().version() == HttpVersion.HTTP_2) {
      write(context, reply);
      return;
    }
    write(context, reply.with("Connection", "close"));
    context
        .vertx()
        .setTimer(LINGER_MILLIS, timer -> context.request().connection().close());
  }

  private static Request request(RoutingContext context, byte[] body) {
    HttpServerRequest http = context.request();
    SSLSession session = http.connection().sslSession();
    return new Request(
        http.method().name(),
        context.pathParams(),
        http.headers(),
        context.queryParams(),
        ClientChain.of(session),
        http.remoteAddress().hostAddress(),
        body,
        () -> String.valueOf(http.absoluteURI()),
        ChannelBinding.of(session));
  }

  private static void write(RoutingContext context, Reply reply) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return;
    }
    response.setStatusCode(reply.status());
    reply.headers().forEach(response::putHeader);
    if (context.request().method().equals(HttpMethod.HEAD) && reply.status() != NOT_MODIFIED) {
      // What GET would send (RFC 9110 §9.3.2).
      response.putHeader("Content-Length", Integer.toString(reply.body().length));
    }
    response.end(Buffer.buffer(reply.body()));
  }
}
