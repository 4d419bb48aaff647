package io.sallyport.policy.mud;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Writes what a policy permits as a MUD file, for networks that enforce those; not signed, which is its publisher's act. */
public final class MudExport {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TCP = 6;
  private static final int UDP = 17;

  private final ArrayNode lists = JSON.createArrayNode();

  private MudExport() {}

  /**
   * @param url where the file will be published; an https URL
   * @param systemInfo at most 60 characters, for people
   */
  public static String file(
      String url, String systemInfo, Instant lastUpdate, List<AllowedFlow> flows) {
    return new MudExport().write(url, systemInfo, lastUpdate, flows);
  }

  private String write(String url, String systemInfo, Instant lastUpdate, List<AllowedFlow> flows) {
    ObjectNode file = JSON.createObjectNode();
    ObjectNode mud = file.putObject("ietf-mud:mud");
    mud.put("mud-version", 1);
    mud.put("mud-url", url);
    mud.put("last-update", lastUpdate.truncatedTo(ChronoUnit.SECONDS).toString());
    mud.put("cache-validity", 48);
    mud.put("is-supported", true);
    mud.put("systeminfo", systemInfo.length() > 60 ? systemInfo.substring(0, 60) : systemInfo);
    named(mud.putObject("from-device-policy"), "from", flows, Direction.FROM_DEVICE);
    named(mud.putObject("to-device-policy"), "to", flows, Direction.TO_DEVICE);
    file.putObject("ietf-access-control-list:acls").set("acl", lists);
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(file) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a MUD file could not be written", e);
    }
  }

  /** A policy of the file, and a list for each version of IP. */
  private void named(ObjectNode policy, String prefix, List<AllowedFlow> flows, Direction side) {
    ArrayNode names = policy.putObject("access-lists").putArray("access-list");
    for (boolean four : new boolean[] {true, false}) {
      ArrayNode entries = JSON.createArrayNode();
      for (AllowedFlow flow : flows) {
        IpPrefix address = IpPrefix.parse(flow.peer());
        if (address == null || address.isFour() == four) {
          entries(entries, flow, address != null, side, four);
        }
      }
      if (!entries.isEmpty()) {
        String name = prefix + (four ? "-ipv4" : "-ipv6");
        names.addObject().put("name", name);
        ObjectNode list = lists.addObject();
        list.put("name", name).put("type", four ? "ipv4-acl-type" : "ipv6-acl-type");
        list.putObject("aces").set("ace", entries);
      }
    }
  }

  /** One for each range of ports; on the other side than the one that opens it, what lets the answers pass. */
  private static void entries(
      ArrayNode entries, AllowedFlow flow, boolean isPrefix, Direction side, boolean four) {
    if (flow.ports().isEmpty()) {
      entry(entries, flow, isPrefix, side, four);
    } else if (flow.protocol().equals("icmp")) {
      // A MUD file names one type at a time (RFC 8519), and those of the list's version of IP.
      for (String types : flow.ports()) {
        if (types.indexOf(':') < 0 || types.startsWith("v4") == four) {
          int[] ends = IcmpTypes.ends(types.substring(types.indexOf(':') + 1));
          for (int type = ends[0]; type <= ends[1]; type++) {
            entry(entries, flow, isPrefix, side, four).putObject("icmp").put("type", type);
          }
        }
      }
    } else {
      for (String ports : flow.ports()) {
        ObjectNode transport =
            entry(entries, flow, isPrefix, side, four).putObject(flow.protocol());
        ObjectNode range =
            transport.putObject(flow.direction() == side ? "destination-port" : "source-port");
        int dash = ports.indexOf('-');
        if (dash < 0) {
          range.put("operator", "eq").put("port", Integer.parseInt(ports));
        } else {
          range
              .put("operator", "range")
              .put("lower-port", Integer.parseInt(ports.substring(0, dash)))
              .put("upper-port", Integer.parseInt(ports.substring(dash + 1)));
        }
        if (flow.protocol().equals("tcp")) {
          transport.put(
              "ietf-mud:direction-initiated",
              flow.direction() == Direction.FROM_DEVICE ? "from-device" : "to-device");
        }
      }
    }
  }

  /** Answers its matches. */
  private static ObjectNode entry(
      ArrayNode entries, AllowedFlow flow, boolean isPrefix, Direction side, boolean four) {
    ObjectNode entry = entries.addObject();
    entry.put("name", "flow-" + entries.size());
    ObjectNode matches = entry.putObject("matches");
    ObjectNode ip = matches.putObject(four ? "ipv4" : "ipv6");
    boolean from = side == Direction.FROM_DEVICE;
    if (isPrefix) {
      ip.put(
          (from ? "destination-" : "source-") + (four ? "ipv4" : "ipv6") + "-network", flow.peer());
    } else {
      ip.put(from ? "ietf-acldns:dst-dnsname" : "ietf-acldns:src-dnsname", flow.peer());
    }
    ip.put(
        "protocol",
        switch (flow.protocol()) {
          case "tcp" -> TCP;
          case "udp" -> UDP;
          default -> four ? 1 : 58;
        });
    entry.putObject("actions").put("forwarding", "accept");
    return matches;
  }
}
