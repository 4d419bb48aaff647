package io.sallyport.enrollment;

import io.sallyport.enrollment.Orders.Fault;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * http-01 (RFC 8555 §8.3): the device must answer on its host name with the key authorization.
 *
 * <p>The name is resolved once; every address that it has must be one that may be asked, and the connection goes to such an
 * address, not to the name. Redirects are followed within the name alone, and looked at in the same way. Of what comes back nothing is told to anybody.
 */
@Singleton
final class HttpProof {
  private static final int HTTP_PORT = 80;
  private static final int CONNECT_MILLIS = 3_000;
  private static final int IDLE_SECONDS = 5;
  private static final int LONGEST_MILLIS = 8_000;
  private static final int MOST_REDIRECTS = 3;
  private static final int MOST_ADDRESSES_TRIED = 2;
  private static final int LONGEST_LINE = 4_096;
  private static final int LONGEST_HEADERS = 8 * 1024;
  private static final int LONGEST_LOCATION = 2_048;

  /** A key authorization has 87 characters; the rest is room for white space. */
  private static final int LONGEST_BODY = 1_024;

  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  private final NameResolver resolver;
  private final AskedNetworks networks;
  private final HttpClient client;
  private final int port;

  HttpProof(NameResolver resolver, AskedNetworks networks, Vertx vertx, AcmeSettings settings) {
    this.resolver = resolver;
    this.networks = networks;
    this.port = settings.http01Port();
    this.client = vertx.createHttpClient(new HttpClientOptions()
        .setConnectTimeout(CONNECT_MILLIS)
        .setIdleTimeout(IDLE_SECONDS)
        .setKeepAlive(false)
        .setMaxInitialLineLength(LONGEST_LINE)
        .setMaxHeaderSize(LONGEST_HEADERS));
  }

  /** What came back, as far as it matters. */
  private record Page(int status, String location, String body) {}

  /** Empty when the proof holds. Blocks; must not be called on an event loop or in a transaction. */
  Optional<Fault> check(String host, String token, String keyAuthorization) {
    try {
      URI at = URI.create("http://" + host + "/.well-known/acme-challenge/" + token);
      Page page = get(at);
      for (int i = 0; REDIRECTS.contains(page.status); i++) {
        if (i == MOST_REDIRECTS) {
          throw refused(EnrollmentProblem.WRONG_RESPONSE, "The device redirects too often.");
        }
        at = target(at, page.location);
        page = get(at);
      }
      boolean right = page.status == 200
          && MessageDigest.isEqual(
              page.body.stripTrailing().getBytes(StandardCharsets.UTF_8),
              keyAuthorization.getBytes(StandardCharsets.UTF_8));
      return right
          ? Optional.empty()
          : Optional.of(new Fault(
              EnrollmentProblem.WRONG_RESPONSE,
              "The device does not answer with the key authorization under " + host + "."));
    } catch (Refusal refusal) {
      return Optional.of(new Fault((EnrollmentProblem) refusal.problem(), refusal.detail()));
    }
  }

  private URI target(URI from, String location) {
    URI to;
    try {
      to = from.resolve(location.length() > LONGEST_LOCATION ? ":" : location);
    } catch (IllegalArgumentException e) {
      throw refused(
          EnrollmentProblem.WRONG_RESPONSE, "The device redirects to something unreadable.");
    }
    boolean plain = "http".equals(to.getScheme())
        && to.getHost() != null
        && to.getUserInfo() == null
        && (to.getPort() == -1 || to.getPort() == HTTP_PORT || to.getPort() == port);
    if (!plain) {
      throw refused(
          EnrollmentProblem.WRONG_RESPONSE,
          "The device redirects to something else than plain HTTP on the usual port, which is not supported.");
    }
    if (!to.getHost().equalsIgnoreCase(from.getHost())) {
      throw refused(
          EnrollmentProblem.WRONG_RESPONSE,
          "The device redirects to another host name; only redirects within " + from.getHost()
              + " are followed.");
    }
    return to;
  }

  private Page get(URI at) {
    List<InetAddress> addresses = resolver.resolve(at.getHost());
    if (addresses.isEmpty()) {
      throw refused(EnrollmentProblem.NO_ADDRESS, "A host name on the way has no address.");
    }
    if (!addresses.stream().allMatch(networks::allows)) {
      throw refused(
          EnrollmentProblem.NETWORK_NOT_ALLOWED,
          "A host name on the way has an address in a network that is not asked unless the operator allows it.");
    }
    for (InetAddress address :
        addresses.subList(0, Math.min(MOST_ADDRESSES_TRIED, addresses.size()))) {
      Optional<Page> page = get(at, address);
      if (page.isPresent()) {
        return page.get();
      }
    }
    throw refused(
        EnrollmentProblem.NO_CONNECTION,
        "Port " + port + " does not answer in time, or not with a short HTTP answer.");
  }

  private Optional<Page> get(URI at, InetAddress address) {
    String path = at.getRawPath().isEmpty() ? "/" : at.getRawPath();
    Future<Page> answer = client
        .request(new RequestOptions()
            .setMethod(HttpMethod.GET)
            .setServer(SocketAddress.inetSocketAddress(port, address.getHostAddress()))
            .setHost(at.getHost())
            .setPort(port)
            .setURI(at.getRawQuery() == null ? path : path + "?" + at.getRawQuery())
            .setTimeout(LONGEST_MILLIS)
            .putHeader("User-Agent", "sallyport"))
        .compose(request -> request.send())
        .compose(HttpProof::page);
    try {
      return Optional.of(answer
          .toCompletionStage()
          .toCompletableFuture()
          .get(LONGEST_MILLIS, TimeUnit.MILLISECONDS));
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private static Future<Page> page(HttpClientResponse response) {
    String location = String.valueOf(response.getHeader("Location"));
    if (REDIRECTS.contains(response.statusCode())) {
      response.request().connection().close();
      return Future.succeededFuture(new Page(response.statusCode(), location, ""));
    }
    Promise<Page> page = Promise.promise();
    Buffer body = Buffer.buffer();
    response.handler(chunk -> {
      if (body.length() + chunk.length() > LONGEST_BODY) {
        page.tryFail("too long");
        response.request().connection().close();
      } else {
        body.appendBuffer(chunk);
      }
    });
    response.exceptionHandler(page::tryFail);
    response.endHandler(end -> page.tryComplete(
        new Page(response.statusCode(), location, body.toString(StandardCharsets.UTF_8))));
    return page.future();
  }

  private static Refusal refused(EnrollmentProblem problem, String detail) {
    return new Refusal(problem, detail);
  }
}
