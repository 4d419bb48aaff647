package io.sallyport.bench;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.ext.web.Router;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A Vert.x route over TLS, one server for each event loop, that reads a body and answers. */
final class BareRoute implements AutoCloseable {
  private final Vertx vertx;
  private final String deployment;
  private final AtomicInteger port = new AtomicInteger();

  /** @param answer from the request's body; on an event loop */
  BareRoute(Vertx vertx, KeyCertOptions identity, Function<Buffer, Buffer> answer) {
    this(vertx, new HttpServerOptions().setKeyCertOptions(identity), answer);
  }

  /** With mutual TLS: for these clients alone. */
  BareRoute(
      Vertx vertx, KeyCertOptions identity, TrustOptions clients, Function<Buffer, Buffer> answer) {
    this(
        vertx,
        new HttpServerOptions()
            .setKeyCertOptions(identity)
            .setClientAuth(ClientAuth.REQUIRED)
            .setTrustOptions(clients),
        answer);
  }

  private BareRoute(Vertx vertx, HttpServerOptions options, Function<Buffer, Buffer> answer) {
    this.vertx = vertx;
    this.deployment = vertx
        .deployVerticle(
            () -> new Loop(options.setSsl(true), answer, port),
            new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors()))
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  URI address() {
    return URI.create("https://localhost:" + port.get());
  }

  @Override
  public void close() {
    vertx.undeploy(deployment).toCompletionStage().toCompletableFuture().join();
  }

  private static final class Loop extends AbstractVerticle {
    private final HttpServerOptions options;
    private final Function<Buffer, Buffer> answer;
    private final AtomicInteger port;

    Loop(HttpServerOptions options, Function<Buffer, Buffer> answer, AtomicInteger port) {
      this.options = options;
      this.answer = answer;
      this.port = port;
    }

    @Override
    public void start(Promise<Void> started) {
      Router router = Router.router(vertx);
      router.route().handler(context -> {
        Buffer body = Buffer.buffer();
        context.request().handler(body::appendBuffer);
        context
            .request()
            .endHandler(end -> context
                .response()
                .putHeader("Content-Type", "application/json")
                .end(answer.apply(body)));
      });
      vertx
          .createHttpServer(options)
          .requestHandler(router)
          // Any that is free, the same for all instances.
          .listen(-1, "localhost")
          .onSuccess(server -> port.set(server.actualPort()))
          .<Void>mapEmpty()
          .onComplete(started);
    }
  }
}
