package io.sallyport.cli;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A Vert.x route, over HTTPS or in plain HTTP, that reads a body and answers always the same: what the protocols alone
 * cost. It has an event loop for each processor, as the server has.
 */
final class BareServer implements AutoCloseable {
  private final Vertx vertx = Vertx.vertx();
  private final X509Certificate anchor;
  private final boolean secured;
  private final int port = freePort();
  private final AtomicLong connections = new AtomicLong();

  BareServer(byte[] answer, Clock clock, boolean secured) {
    this(answer, clock, secured, null);
  }

  /** @param clients who certified the clients, which then must show a certificate; or null */
  BareServer(byte[] answer, Clock clock, boolean secured, @Nullable X509Certificate clients) {
    this.secured = secured;
    ManufacturingLine line = new ManufacturingLine("Bare", clock);
    this.anchor = line.anchor();
    Identity identity = line.server("localhost");
    Buffer same = Buffer.buffer(answer);
    HttpServerOptions secure = new HttpServerOptions()
        .setSsl(secured)
        .setKeyCertOptions(new PemKeyCertOptions()
            .setKeyValue(Buffer.buffer(Pem.of(identity.key())))
            .setCertValue(Buffer.buffer(Pem.of(identity.chain()))));
    if (clients != null) {
      secure
          .setClientAuth(ClientAuth.REQUIRED)
          .setTrustOptions(new PemTrustOptions().addCertValue(Buffer.buffer(Pem.of(clients))));
    }
    vertx
        .deployVerticle(
            () -> new Route(secure, same),
            new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors()))
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Route extends AbstractVerticle {
    private final HttpServerOptions options;
    private final Buffer answer;

    Route(HttpServerOptions options, Buffer answer) {
      this.options = options;
      this.answer = answer;
    }

    @Override
    public void start(Promise<Void> started) {
      vertx
          .createHttpServer(options)
          .connectionHandler(connected -> connections.incrementAndGet())
          .requestHandler(request -> request
              .body()
              .onSuccess(body -> request
                  .response()
                  .putHeader("Content-Type", "application/json")
                  .end(answer)))
          .listen(port, "localhost")
          .<Void>mapEmpty()
          .onComplete(started);
    }
  }

  URI address() {
    return URI.create((secured ? "https" : "http") + "://localhost:" + port);
  }

  /** How many there were so far, their handshakes done on both sides. */
  long connections() {
    return connections.get();
  }

  /** What its chain ends at. */
  X509Certificate certificate() {
    return anchor;
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
