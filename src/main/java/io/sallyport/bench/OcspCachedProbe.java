package io.sallyport.bench;

import io.sallyport.kernel.Actor;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.StatusSettings;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * OCSP answers a second by GET over kept connections, of certificates that were asked about before; beside them a Vert.x
 * route in this process that answers as many octets, asked by the same client in turns.
 */
@Singleton
final class OcspCachedProbe implements Probe {
  private static final int CERTIFICATES = 500;
  private static final int CONNECTIONS = 32;
  private static final int TURNS = 4;
  private static final Duration WARM_UP = Duration.ofSeconds(4);

  private final IssuancePlant plant;
  private final Issuance issuance;
  private final Authorities authorities;
  private final StatusSettings status;
  private final BenchSettings settings;
  private final Vertx vertx;

  OcspCachedProbe(
      IssuancePlant plant,
      Issuance issuance,
      Authorities authorities,
      StatusSettings status,
      BenchSettings settings,
      Vertx vertx) {
    this.plant = plant;
    this.issuance = issuance;
    this.authorities = authorities;
    this.status = status;
    this.settings = settings;
    this.vertx = vertx;
  }

  @Override
  public String name() {
    return "ocsp-cached";
  }

  @Override
  public Figure measure() throws Exception {
    List<String> paths = paths();
    URI server = URI.create(status.url());
    List<Buffer> requests = paths.stream().map(path -> request(server, path)).toList();
    AtomicInteger port = new AtomicInteger();
    Buffer answer = Buffer.buffer(answer(server, paths.getFirst()));
    String bare = vertx
        .deployVerticle(
            () -> new Bare(answer, port),
            new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors()))
        .toCompletionStage()
        .toCompletableFuture()
        .join();
    URI bareServer = URI.create("http://localhost:" + port.get());
    try (HttpLoad load = new HttpLoad(
        Vertx.vertx(
            new VertxOptions().setEventLoopPoolSize(Runtime.getRuntime().availableProcessors())),
        CONNECTIONS)) {
      load.rate(server, requests, WARM_UP);
      load.rate(bareServer, requests, WARM_UP);
      Duration turn = settings.benchTime().dividedBy(TURNS);
      double cached = 0;
      double route = 0;
      for (int i = 0; i < TURNS; i++) {
        cached += load.rate(server, requests, turn) / TURNS;
        route += load.rate(bareServer, requests, turn) / TURNS;
      }
      return Figure.of(name(), cached, "answers/s", route, "Vert.x route, same octets");
    } finally {
      vertx.undeploy(bare).toCompletionStage().toCompletableFuture().join();
    }
  }

  private List<String> paths() throws Exception {
    X509CertificateHolder issuer = new X509CertificateHolder(
        authorities.get(Authorities.DEVICES).certificate().octets());
    Queue<IssuancePlant.Asked> orders = plant.orders(Duration.ofSeconds(1));
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < CERTIFICATES; i++) {
      IssuancePlant.Asked asked = orders.remove();
      Credential issued = issuance.issue(asked.order(), asked.guard(), Actor.SERVER);
      paths.add("/ocsp/"
          + URLEncoder.encode(
              Base64.getEncoder().encodeToString(about(issuer, issued.serial())),
              StandardCharsets.UTF_8));
    }
    return paths;
  }

  private static byte[] about(X509CertificateHolder issuer, BigInteger serial)
      throws OCSPException, OperatorCreationException, IOException {
    return new OCSPReqBuilder()
        .addRequest(new CertificateID(
            new JcaDigestCalculatorProviderBuilder()
                .build()
                .get(new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1)),
            issuer,
            serial))
        .build()
        .getEncoded();
  }

  private static Buffer request(URI server, String path) {
    return Buffer.buffer(
        "GET " + path + " HTTP/1.1\r\nHost: " + server.getAuthority() + "\r\n\r\n");
  }

  private static byte[] answer(URI server, String path) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(server + path)).build(),
              HttpResponse.BodyHandlers.ofByteArray())
          .body();
    }
  }

  /** One event loop's share of the bare route. */
  private static final class Bare extends AbstractVerticle {
    private final Buffer answer;
    private final AtomicInteger port;

    Bare(Buffer answer, AtomicInteger port) {
      this.answer = answer;
      this.port = port;
    }

    @Override
    public void start(Promise<Void> started) {
      Router router = Router.router(vertx);
      router
          .get("/ocsp/*")
          .handler(context -> context
              .response()
              .putHeader("Content-Type", "application/ocsp-response")
              .end(answer));
      vertx
          .createHttpServer()
          .requestHandler(router)
          // Any that is free, the same for all instances.
          .listen(-1, "localhost")
          .onSuccess(server -> port.set(server.actualPort()))
          .<Void>mapEmpty()
          .onComplete(started);
    }
  }
}
