package io.sallyport.door.radius;

import io.sallyport.kernel.IpPrefix;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where Disconnect-Requests of a point go: its parameter {@code disconnect}, which is {@code host:port}, {@code
 * [IPv6]:port}, or {@code nas} or {@code nas:port} for the address of the session's own NAS.
 */
final class DisconnectAddress {
  static final String PARAMETER = "disconnect";

  /** RFC 5176 §2.3. */
  private static final int PORT = 3799;

  private static final Pattern NAS = Pattern.compile("nas(?::([0-9]{1,5}))?");
  private static final Pattern GIVEN =
      Pattern.compile("(?:\\[([0-9A-Fa-f:.]{2,45})\\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})");
  private static final int MOST_PORT = 65_535;

  private DisconnectAddress() {}

  /** Says why there is none. */
  static final class UnusableException extends Exception {
    private static final long serialVersionUID = 1;

    UnusableException(String reason) {
      super(reason);
    }
  }

  /** May look a name up. */
  static InetSocketAddress of(Map<String, String> parameters, Map<String, String> session)
      throws UnusableException {
    String setting = parameters.get(PARAMETER);
    if (setting == null) {
      throw new UnusableException(
          "the point has no parameter disconnect; its sessions end by Session-Timeout only");
    }
    Matcher nas = NAS.matcher(setting);
    if (nas.matches()) {
      InetAddress address = literal(session.get(Station.NAS));
      return new InetSocketAddress(address, nas.group(1) == null ? PORT : port(nas.group(1)));
    }
    Matcher given = GIVEN.matcher(setting);
    if (!given.matches()) {
      throw new UnusableException("the parameter disconnect is neither nas nor host:port");
    }
    int port = port(given.group(3));
    try {
      String host = given.group(1) == null ? given.group(2) : given.group(1);
      return new InetSocketAddress(InetAddress.getByName(host), port);
    } catch (UnknownHostException e) {
      throw new UnusableException("the host in the parameter disconnect is not known");
    }
  }

  private static InetAddress literal(@org.jspecify.annotations.Nullable String nas)
      throws UnusableException {
    if (nas == null || IpPrefix.parseAddress(nas) == null) {
      throw new UnusableException("the session's NAS did not tell its address");
    }
    return InetAddress.ofLiteral(nas);
  }

  private static int port(String digits) throws UnusableException {
    int port = Integer.parseInt(digits);
    if (port < 1 || port > MOST_PORT) {
      throw new UnusableException("the port in the parameter disconnect is none");
    }
    return port;
  }
}
