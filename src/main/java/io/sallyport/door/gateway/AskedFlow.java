package io.sallyport.door.gateway;

import io.sallyport.door.Request;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.regex.Pattern;

/** Which flow a gateway asks about: what its own configuration says, never what the device sends. */
final class AskedFlow {
  private static final Pattern PEER = Pattern.compile("[A-Za-z0-9._:-]{1,253}");
  private static final Pattern PORT = Pattern.compile("[1-9][0-9]{0,4}");
  private static final String USUAL_PORT = "443";

  private AskedFlow() {}

  /**
   * Peer, protocol and port from {@code X-Sallyport-Peer}, {@code -Protocol} and {@code -Port}. Left out, the peer is the
   * only one that the point guards, the protocol tcp and the port 443. Refuses with {@code malformed}.
   */
  static RequestedFlow of(Request request, PointSettings settings) {
    String peer = Headers.one(request, "X-Sallyport-Peer");
    if (peer == null) {
      if (settings.peers().size() != 1) {
        throw malformed("Let the gateway send X-Sallyport-Peer; it guards more than one peer.");
      }
      peer = settings.peers().getFirst();
    }
    if (!PEER.matcher(peer).matches()) {
      throw malformed("X-Sallyport-Peer must be a DNS name or an IP address.");
    }
    String protocol = Headers.one(request, "X-Sallyport-Protocol");
    if (protocol != null && !protocol.equals("tcp") && !protocol.equals("udp")) {
      throw malformed("X-Sallyport-Protocol must be tcp or udp.");
    }
    String port = Headers.one(request, "X-Sallyport-Port");
    String asked = port == null ? USUAL_PORT : port;
    if (!PORT.matcher(asked).matches() || Integer.parseInt(asked) > 65_535) {
      throw malformed("X-Sallyport-Port must be a number from 1 to 65535.");
    }
    return new RequestedFlow(peer, protocol == null ? "tcp" : protocol, Integer.parseInt(asked));
  }

  private static Refusal malformed(String detail) {
    return new Refusal(CommonProblem.MALFORMED, detail);
  }
}
