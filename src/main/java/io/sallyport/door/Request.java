package io.sallyport.door;

import io.vertx.core.MultiMap;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A request that was read within its bound.
 *
 * @param path path parameters by name
 * @param client who connected, by certificates
 * @param remote the peer's address
 * @param url puts together the whole URL as the client asked for it
 * @param binding what ties a message to the TLS connection
 */
public record Request(
    String method,
    Map<String, String> path,
    MultiMap headers,
    MultiMap query,
    ClientChain client,
    String remote,
    byte[] body,
    Supplier<String> url,
    ChannelBinding binding) {
  public Request {
    path = Map.copyOf(path);
  }

  /** For protocols that do not look at the URL. */
  public Request(
      String method,
      Map<String, String> path,
      MultiMap headers,
      MultiMap query,
      ClientChain client,
      String remote,
      byte[] body) {
    this(method, path, headers, query, client, remote, body, () -> "", ChannelBinding.NONE);
  }

  /** The TLS client's certificates, leaf first; the key was proven, nothing else was checked; empty for none. */
  public List<X509Certificate> chain() {
    return client.certificates();
  }

  public @Nullable String header(String name) {
    return headers.get(name);
  }

  /** The media type of the body in lower case without parameters, or an empty string. */
  public String mediaType() {
    String value = headers.get("Content-Type");
    if (value == null) {
      return "";
    }
    int end = value.indexOf(';');
    return (end < 0 ? value : value.substring(0, end)).trim().toLowerCase(Locale.ROOT);
  }
}
