package io.sallyport.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * HTTPS with verified servers, kept connections and at most one client identity. An answer of any status comes back; no
 * answer is a {@link Failure}. For any thread.
 */
final class Web implements AutoCloseable {
  /** A page of a thousand facts of the largest size is smaller than this. */
  private static final int MOST_OCTETS = 32 << 20;

  private static final int MOST_PROBLEM_OCTETS = 64 << 10;

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(30);

  private final HttpClient client;

  /**
   * @param roots the only trust anchors; empty when only plain HTTP is spoken
   * @param identity shown when the server asks, or null
   */
  Web(List<X509Certificate> roots, @Nullable Identity identity) {
    this(roots, identity, null);
  }

  /** @param proxy an HTTP proxy that connects to the server, or null; TLS goes through it untouched */
  Web(List<X509Certificate> roots, @Nullable Identity identity, @Nullable HttpProxy proxy) {
    HttpClient.Builder builder = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(CONNECT)
        .followRedirects(HttpClient.Redirect.NEVER)
        .sslContext(context(roots, identity));
    if (proxy != null) {
      proxy.on(builder);
    }
    this.client = builder.build();
  }

  static HttpRequest.Builder to(URI uri) {
    return HttpRequest.newBuilder(uri).timeout(ANSWER);
  }

  Answer send(HttpRequest request) {
    URI uri = request.uri();
    try {
      long start = System.nanoTime();
      HttpResponse<byte[]> response =
          client.send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_OCTETS));
      return new Answer(
          request.method() + " " + uri.getRawPath(),
          response.statusCode(),
          response.headers(),
          response.body(),
          Duration.ofNanos(System.nanoTime() - start));
    } catch (IOException e) {
      throw failed(uri, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable("Interrupted while waiting for " + origin(uri) + ".");
    }
  }

  /** An answer that goes on; one that is not 200 is a {@link Failure} as of {@link Answer#orFail}. */
  InputStream open(HttpRequest request) {
    URI uri = request.uri();
    try {
      long start = System.nanoTime();
      HttpResponse<InputStream> response = client.send(request, BodyHandlers.ofInputStream());
      if (response.statusCode() == 200) {
        return response.body();
      }
      try (InputStream body = response.body()) {
        throw new Answer(
                request.method() + " " + uri.getRawPath(),
                response.statusCode(),
                response.headers(),
                body.readNBytes(MOST_PROBLEM_OCTETS),
                Duration.ofNanos(System.nanoTime() - start))
            .failure();
      }
    } catch (IOException e) {
      throw failed(uri, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable("Interrupted while waiting for " + origin(uri) + ".");
    }
  }

  private static Failure failed(URI uri, IOException failure) {
    return unreachable(
        switch (failure) {
          case ConnectException e ->
            "No server answers at " + origin(uri)
                + "; start one with \"./sallyport serve\" or name it with --server.";
          case HttpTimeoutException e ->
            "The server at " + origin(uri) + " did not answer in time.";
          case SSLException e ->
            "No trusted TLS connection to " + origin(uri) + ": " + e.getMessage() + ". "
                + (isOfTime(e)
                    ? "By this machine's clock a certificate of the server is not valid: is the clock right?"
                    : "Is --root the root certificate of this server?");
          default -> "The connection to " + origin(uri) + " broke: " + failure.getMessage() + ".";
        });
  }

  private static boolean isOfTime(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateNotYetValidException
          || cause instanceof CertificateExpiredException) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }

  private static Failure unreachable(String sentence) {
    return new Failure(ExitCode.UNREACHABLE, sentence);
  }

  private static String origin(URI uri) {
    return uri.getScheme() + "://" + uri.getRawAuthority();
  }

  /** TLS that trusts {@code roots} alone and shows {@code identity}. */
  static SSLContext context(List<X509Certificate> roots, @Nullable Identity identity) {
    try {
      KeyStore anchors = KeyStore.getInstance("PKCS12");
      anchors.load(null, null);
      for (int i = 0; i < roots.size(); i++) {
        anchors.setCertificateEntry("root-" + i, roots.get(i));
      }
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      if (!roots.isEmpty()) {
        trust.init(anchors);
      }
      SSLContext context = SSLContext.getInstance("TLS");
      KeyManager[] keys =
          identity == null ? new KeyManager[0] : new KeyManager[] {identity.keyManager()};
      context.init(keys, roots.isEmpty() ? null : trust.getTrustManagers(), new SecureRandom());
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JVM has no TLS", e);
    }
  }
}
