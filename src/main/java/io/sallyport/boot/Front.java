package io.sallyport.boot;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One listening port, served by every event loop. */
final class Front {
  private final Vertx vertx;
  private final String deployment;

  private Front(Vertx vertx, String deployment) {
    this.vertx = vertx;
    this.deployment = deployment;
  }

  static Front open(Vertx vertx, HttpServerOptions options, Consumer<Router> doors) {
    int loops = Runtime.getRuntime().availableProcessors();
    try {
      String deployment = vertx
          .deployVerticle(
              () -> new Loop(options, doors), new DeploymentOptions().setInstances(loops))
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
    private final Consumer<Router> doors;
    private @Nullable HttpServer server;

    Loop(HttpServerOptions options, Consumer<Router> doors) {
      this.options = options;
      this.doors = doors;
    }

    @Override
    public void start(Promise<Void> started) {
      Router router = Router.router(vertx);
      doors.accept(router);
      server = vertx.createHttpServer(options).requestHandler(router);
      server.listen().<Void>mapEmpty().onComplete(started);
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
