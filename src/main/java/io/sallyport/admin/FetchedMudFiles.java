package io.sallyport.admin;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.TrustFile;
import io.sallyport.policy.mud.MudFile;
import io.sallyport.policy.mud.MudProblem;
import io.sallyport.policy.mud.MudSignature;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Fetches over https only, from hosts of the setting, following nobody elsewhere, and from no address inside a network: the
 * URL may come out of a certificate.
 */
@Singleton
final class FetchedMudFiles implements MudFiles {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int LONGEST_URL = 253;
  private static final int OK = 200;
  private static final int HTTPS = 443;

  private final MudSettings settings;
  private final Clock clock;
  private @Nullable HttpClient client;

  FetchedMudFiles(MudSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  @Override
  public Checked check(byte[] file, byte[] signature) {
    String signer = MudSignature.check(file, signature, anchors(), clock.instant());
    return new Checked(MudFile.read(file), signer);
  }

  @Override
  public Checked fetch(String url) {
    URI address = address(url);
    String text = address.toString();
    String signature =
        (text.endsWith(".json") ? text.substring(0, text.length() - ".json".length()) : text)
            + ".p7s";
    byte[] file = fetch(address, "application/mud+json", MudFile.MOST_OCTETS);
    byte[] signed =
        fetch(URI.create(signature), "application/pkcs7-signature", MudSignature.MOST_OCTETS);
    Checked checked = check(file, signed);
    if (!checked.file().url().equals(text)) {
      throw unfetched(
          "The file says that it is of another place, " + checked.file().url() + ".");
    }
    return checked;
  }

  private URI address(String url) {
    URI address;
    try {
      address = URI.create(url.length() > LONGEST_URL ? ":" : url);
    } catch (IllegalArgumentException e) {
      throw unfetched("The address is no URL of at most " + LONGEST_URL + " characters.");
    }
    String host = address.getHost();
    if (!"https".equals(address.getScheme())
        || host == null
        || address.getUserInfo() != null
        || address.getFragment() != null
        || address.getQuery() != null) {
      throw unfetched("The address must be https with a host, without user, query and fragment.");
    }
    String name = host.toLowerCase(Locale.ROOT);
    int port = address.getPort() >= 0 ? address.getPort() : HTTPS;
    if (settings.hosts().orElse(List.of()).stream()
        .map(allowed -> allowed.strip().toLowerCase(Locale.ROOT))
        .noneMatch(allowed -> allowed.equals(name) || allowed.equals(name + ":" + port))) {
      throw unfetched("The address is on a host that is not in the setting sallyport.mud.hosts.");
    }
    requireOutside(name);
    return address;
  }

  /** A name that the operator allowed may lead inside; an address that the operator wrote is meant. */
  private static void requireOutside(String host) {
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        boolean uniqueLocal =
            address.getAddress().length == 16 && (address.getAddress()[0] & 0xfe) == 0xfc;
        boolean isWritten = address.getHostAddress().equals(host)
            || host.equals("[" + address.getHostAddress() + "]");
        if (!isWritten
            && (address.isLoopbackAddress()
                || address.isSiteLocalAddress()
                || address.isLinkLocalAddress()
                || address.isAnyLocalAddress()
                || address.isMulticastAddress()
                || uniqueLocal)) {
          throw unfetched("The host's name leads to an address inside a network.");
        }
      }
    } catch (UnknownHostException e) {
      throw unfetched("The host's name is not known.");
    }
  }

  private byte[] fetch(URI address, String accept, int most) {
    CompletableFuture<HttpResponse<byte[]>> answer;
    try {
      answer = client()
          .sendAsync(
              HttpRequest.newBuilder(address)
                  .timeout(PATIENCE)
                  .header("Accept", accept)
                  .header("User-Agent", "sallyport")
                  .build(),
              BodyHandlers.limiting(BodyHandlers.ofByteArray(), most));
    } catch (IOException e) {
      throw unfetched("The file cannot be asked for: " + e.getMessage() + ".");
    }
    try {
      // The request's own limit ends with the headers; a body may drip for ever.
      HttpResponse<byte[]> got = answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      if (got.statusCode() != OK) {
        throw unfetched("The host answered " + got.statusCode() + " for " + address.getPath()
            + "; redirects are not followed.");
      }
      return got.body();
    } catch (ExecutionException e) {
      throw unfetched("The host cannot be reached, or sends more than " + most + " octets.");
    } catch (TimeoutException e) {
      throw unfetched("The host did not answer within " + PATIENCE.toSeconds() + " s.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(CommonProblem.UNAVAILABLE, "The server is stopping.");
    } finally {
      answer.cancel(true);
    }
  }

  private Collection<X509Certificate> anchors() {
    if (settings.trustFile().isEmpty()) {
      return List.of();
    }
    try {
      byte[] pem = Files.readAllBytes(Path.of(settings.trustFile().get()));
      return CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem))
          .stream()
          .map(X509Certificate.class::cast)
          .toList();
    } catch (IOException | CertificateException e) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "The file of trust anchors for MUD files cannot be read; see sallyport.mud.trust-file.");
    }
  }

  private synchronized HttpClient client() throws IOException {
    HttpClient known = client;
    if (known == null) {
      known = HttpClient.newBuilder()
          .connectTimeout(PATIENCE)
          .followRedirects(HttpClient.Redirect.NEVER)
          .version(HttpClient.Version.HTTP_1_1)
          .sslContext(TrustFile.context(settings.tlsTrustFile()))
          .build();
      client = known;
    }
    return known;
  }

  private static Refusal unfetched(String detail) {
    return new Refusal(MudProblem.UNFETCHED_MUD, detail);
  }
}
