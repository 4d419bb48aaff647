package io.sallyport.policy;

import static io.sallyport.policy.YamlReader.quoted;

import java.util.regex.Pattern;

/**
 * Peers as a MUD file names them, which only the network that a device stands in can tell (RFC 8520 §3): {@code
 * my-controller}, {@code local-networks}, {@code same-manufacturer}, {@code controller:URI}, {@code manufacturer:NAME} and
 * {@code model:URI}. A segment says that it is one of them.
 */
final class MudPeers {
  private static final int LONGEST = 255;
  private static final String MARK = "mud ";
  private static final Pattern PEER = Pattern.compile(
      "my-controller|local-networks|same-manufacturer|(?:controller|manufacturer|model):[\\x21-\\x7e]+");

  private MudPeers() {}

  static String read(YamlValue value) {
    String peer = value.text(LONGEST);
    if (!PEER.matcher(peer).matches()) {
      throw value.fault(quoted(peer)
          + " is none of my-controller, local-networks, same-manufacturer, controller:URI, manufacturer:NAME and"
          + " model:URI");
    }
    return peer;
  }

  /** As {@link FlowRule#segment} has it, so that no segment's name is taken for it. */
  static String mark(String peer) {
    return MARK + peer;
  }

  static boolean isMarked(String segment) {
    return segment.startsWith(MARK);
  }

  static String of(String marked) {
    return marked.substring(MARK.length());
  }
}
