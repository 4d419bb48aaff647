package io.sallyport.devices;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.TrustFile;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.cert.CRLException;
import java.security.cert.X509CRL;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Fetches one revocation list, from hosts that the operator named and without following anybody elsewhere. */
@Singleton
final class ListFetcher {
  /** What may be handed in too: a list of a megabyte has a third of a hundred thousand entries. */
  private static final int MOST_OCTETS = 1 << 20;

  private static final int LONGEST_URL = 500;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int OK = 200;

  private final ListSettings settings;
  private @Nullable HttpClient client;

  ListFetcher(ListSettings settings) {
    this.settings = settings;
  }

  /** A list that could be read, in DER. */
  record Fetched(X509CRL list, Der encoded) {}

  /** Nothing came, or nothing that can be used; the message is a sentence. */
  static final class Unfetched extends Exception {
    private static final long serialVersionUID = 1;

    Unfetched(String message) {
      super(message);
    }
  }

  /** Refuses with {@code invalid-list-source} an address that is never asked. */
  URI address(String url) {
    URI address;
    try {
      address = URI.create(url.length() > LONGEST_URL ? ":" : url);
    } catch (IllegalArgumentException e) {
      throw refused("is no URL of at most " + LONGEST_URL + " characters");
    }
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")
        || address.getHost() == null
        || address.getUserInfo() != null
        || address.getFragment() != null) {
      throw refused("must be http or https with a host, without user and fragment");
    }
    if (!isAllowed(address, scheme)) {
      throw refused("is on a host that is not in the setting sallyport.manufacturers.list-hosts");
    }
    return address;
  }

  private static Refusal refused(String complaint) {
    return new Refusal(
        DeviceProblem.INVALID_LIST_SOURCE, "The address of the revocation list " + complaint + ".");
  }

  private boolean isAllowed(URI address, String scheme) {
    String host = address.getHost().toLowerCase(Locale.ROOT);
    int port = address.getPort() >= 0 ? address.getPort() : scheme.equals("https") ? 443 : 80;
    return settings.listHosts().orElse(List.of()).stream()
        .map(allowed -> allowed.strip().toLowerCase(Locale.ROOT))
        .anyMatch(allowed -> allowed.equals(host) || allowed.equals(host + ":" + port));
  }

  /** Blocks for ten seconds at most; never in a transaction. */
  Fetched fetch(String url) throws Unfetched, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer;
    try {
      URI address = address(url);
      answer = client()
          .sendAsync(
              HttpRequest.newBuilder(address)
                  .timeout(PATIENCE)
                  .header("Accept", "application/pkix-crl")
                  .header("User-Agent", "sallyport")
                  .build(),
              BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_OCTETS));
    } catch (Refusal refusal) {
      throw new Unfetched(refusal.detail());
    } catch (IOException e) {
      throw new Unfetched("The list cannot be asked for: " + e.getMessage() + ".");
    }
    try {
      // The request's own limit ends with the headers; a body may drip for ever.
      return read(answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      throw new Unfetched("The host cannot be reached, or sends more than a megabyte.");
    } catch (TimeoutException e) {
      throw new Unfetched("The host did not send a list within " + PATIENCE.toSeconds() + " s.");
    } finally {
      answer.cancel(true);
    }
  }

  private static Fetched read(HttpResponse<byte[]> answer) throws Unfetched {
    if (answer.statusCode() != OK) {
      throw new Unfetched(
          "The host answered " + answer.statusCode() + "; redirects are not followed.");
    }
    try {
      X509CRL list = AnchorLists.read(Der.of(answer.body()));
      return new Fetched(list, Der.of(list.getEncoded()));
    } catch (Refusal | CRLException e) {
      throw new Unfetched("What the host sent is no revocation list that can be read.");
    }
  }

  private synchronized HttpClient client() throws IOException {
    HttpClient known = client;
    if (known == null) {
      known = HttpClient.newBuilder()
          .connectTimeout(PATIENCE)
          .followRedirects(HttpClient.Redirect.NEVER)
          .version(HttpClient.Version.HTTP_1_1)
          .sslContext(TrustFile.context(settings.listTrustFile()))
          .build();
      client = known;
    }
    return known;
  }
}
