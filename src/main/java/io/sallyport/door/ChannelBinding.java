package io.sallyport.door;

import java.util.Base64;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The tls-exporter channel binding of a connection (RFC 9266), computed when it is asked for. TLS 1.2 has one only with an
 * extended master secret (RFC 7627); tls-unique is not given, since the JDK does not tell it.
 */
public final class ChannelBinding {
  /** Of a connection without TLS. */
  public static final ChannelBinding NONE = new ChannelBinding(null);

  private static final String LABEL = "EXPORTER-Channel-Binding";
  private static final int OCTETS = 32;

  private final @Nullable ExtendedSSLSession session;

  private ChannelBinding(@Nullable ExtendedSSLSession session) {
    this.session = session;
  }

  static ChannelBinding of(@Nullable SSLSession session) {
    return session instanceof ExtendedSSLSession extended ? new ChannelBinding(extended) : NONE;
  }

  /** In base64, or null when this connection has none. */
  public @Nullable String base64() {
    if (session == null) {
      return null;
    }
    try {
      return Base64.getEncoder()
          .encodeToString(session.exportKeyingMaterialData(LABEL, new byte[0], OCTETS));
    } catch (SSLException | UnsupportedOperationException | IllegalStateException none) {
      return null;
    }
  }
}
