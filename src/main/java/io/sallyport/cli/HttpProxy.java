package io.sallyport.cli;

import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import org.jspecify.annotations.Nullable;

/** An HTTP proxy that opens tunnels (RFC 9110 §9.3.6), with Basic credentials or none. */
record HttpProxy(String host, int port, @Nullable String credentials) {
  private static final int USUAL_PORT = 3128;

  static HttpProxy parse(String text) {
    try {
      URI uri = new URI(text);
      if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
        throw wrong();
      }
      return new HttpProxy(
          uri.getHost(), uri.getPort() < 0 ? USUAL_PORT : uri.getPort(), uri.getUserInfo());
    } catch (URISyntaxException e) {
      throw wrong();
    }
  }

  void on(HttpClient.Builder builder) {
    builder.proxy(ProxySelector.of(new InetSocketAddress(host, port)));
    if (credentials != null) {
      // The JDK holds Basic back for tunnels unless it is told otherwise before its first client.
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
      String[] halves = credentials.split(":", 2);
      builder.authenticator(new Authenticator() {
        @Override
        protected @Nullable PasswordAuthentication getPasswordAuthentication() {
          return getRequestorType() == RequestorType.PROXY
              ? new PasswordAuthentication(
                  halves[0], (halves.length == 1 ? "" : halves[1]).toCharArray())
              : null;
        }
      });
    }
  }

  /** Without the text, which may hold a password. */
  private static Failure wrong() {
    return Failure.usage("The proxy must be http://[USER:PASSWORD@]HOST:PORT.");
  }
}
