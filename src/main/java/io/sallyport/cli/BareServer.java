package io.sallyport.cli;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** A Vert.x route, over HTTPS or in plain HTTP, that reads a body and answers always the same: what the protocols alone cost. */
final class BareServer implements AutoCloseable {
  private final Vertx vertx = Vertx.vertx();
  private final Identity identity;
  private final HttpServer server;
  private final boolean secured;

  BareServer(byte[] answer, Clock clock, boolean secured) {
    this(answer, clock, secured, null);
  }

  /** @param clients who certified the clients, which then must show a certificate; or null */
  BareServer(byte[] answer, Clock clock, boolean secured, @Nullable X509Certificate clients) {
    this.secured = secured;
    this.identity = new ManufacturingLine("Bare", clock).server("localhost");
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
    this.server = vertx
        .createHttpServer(secure)
        .requestHandler(request -> request
            .body()
            .onSuccess(body ->
                request.response().putHeader("Content-Type", "application/json").end(same)))
        .listen(0, "localhost")
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  URI address() {
    return URI.create((secured ? "https" : "http") + "://localhost:" + server.actualPort());
  }

  X509Certificate certificate() {
    return identity.chain().getLast();
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
