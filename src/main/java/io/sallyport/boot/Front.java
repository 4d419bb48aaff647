package io.sallyport.boot;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** One listening port, served by every event loop. */
final class Front {
  private static final Logger LOG = Logger.getLogger(Front.class);

  private final Vertx vertx;
  private final String deployment;

  private Front(Vertx vertx, String deployment) {
    this.vertx = vertx;
    this.deployment = deployment;
  }

  /**
   * @param failures called for each connection that ends before its first request, as failed handshakes do
   * @param closed whether nobody is served at the moment
   */
  static Front open(
      Vertx vertx,
      HttpServerOptions options,
      Runnable failures,
      BooleanSupplier closed,
      Consumer<Router> doors) {
    int loops = Runtime.getRuntime().availableProcessors();
    try {
      String deployment = vertx
          .deployVerticle(
              () -> new Loop(options, failures, closed, doors),
              new DeploymentOptions().setInstances(loops))
          .toCompletionStage()
          .toCompletableFuture()
          .join();
      return new Front(vertx, deployment);
    } catch (CompletionException e) {
      throw new StartRefused("Port " + options.getPort() + " cannot be opened: " + e.getMessage()
          + ". Choose another one, for instance with --https-port.");
    }
  }

  void close() {
    vertx.undeploy(deployment).toCompletionStage().toCompletableFuture().join();
  }

  private static final class Loop extends AbstractVerticle {
    private final HttpServerOptions options;
    private final Runnable failures;
    private final BooleanSupplier closed;
    private final Consumer<Router> doors;
    private @Nullable HttpServer server;

    Loop(
        HttpServerOptions options,
        Runnable failures,
        BooleanSupplier closed,
        Consumer<Router> doors) {
      this.options = options;
      this.failures = failures;
      this.closed = closed;
      this.doors = doors;
    }

    @Override
    public void start(Promise<Void> started) {
      Router router = Router.router(vertx);
      doors.accept(router);
      // What no door answers: one sentence, nothing in the log, nothing about the inside.
      router.errorHandler(400, context -> end(context, 400, "The request cannot be read."));
      router.errorHandler(404, context -> end(context, 404, "There is nothing under this path."));
      router.errorHandler(405, context -> end(context, 405, "The path does not know this method."));
      router.errorHandler(500, Loop::failed);
      server = vertx
          .createHttpServer(options)
          .requestHandler(request -> {
            if (closed.getAsBoolean()) {
              turnedAway(request);
            } else {
              router.handle(request);
            }
          })
          .exceptionHandler(failure -> failures.run());
      server.listen().<Void>mapEmpty().onComplete(started);
    }

    /** Law 9; what is wrong is for operators, in the log and on the front for people. */
    private static void turnedAway(HttpServerRequest request) {
      request
          .response()
          .setStatusCode(503)
          .putHeader("Content-Type", "text/plain; charset=utf-8")
          .putHeader("Retry-After", "60")
          .end(
              "This server serves nobody until an operator has reconciled it; use another node.\n");
    }

    private static void failed(RoutingContext context) {
      LOG.errorf(context.failure(), "%s failed", context.request().method());
      end(context, 500, "The server failed; its log tells why.");
    }

    private static void end(RoutingContext context, int status, String sentence) {
      if (!context.response().ended()) {
        context
            .response()
            .setStatusCode(status)
            .putHeader("Content-Type", "text/plain; charset=utf-8")
            .end(sentence + "\n");
      }
    }

    @Override
    public void stop(Promise<Void> stopped) {
      if (server == null) {
        stopped.complete();
      } else {
        server.close().onComplete(stopped);
      }
    }
  }
}
