package io.sallyport.grants;

import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Flows as authorization details of type {@code network_flow} (RFC 9396 §2). */
public final class NetworkFlows {
  private static final String SINGLE_PORT = "[0-9]{1,5}";
  private static final String ICMP = "icmp";
  private static final String ICMP_TYPES = "icmp_types";

  private NetworkFlows() {}

  /**
   * The JSON objects: one port is the number {@code port}; several or ranges are the strings {@code ports}, of icmp {@code
   * icmp_types}.
   */
  public static List<Map<String, Object>> details(List<GrantedFlow> flows) {
    return flows.stream().map(NetworkFlows::detail).toList();
  }

  /** The flows of {@link #details} as JSON, as they were recorded. */
  static List<GrantedFlow> read(String details) {
    return new JsonArray(details)
        .stream().map(JsonObject.class::cast).map(NetworkFlows::flow).toList();
  }

  private static GrantedFlow flow(JsonObject detail) {
    Integer port = detail.getInteger("port");
    String several = detail.containsKey(ICMP_TYPES) ? ICMP_TYPES : "ports";
    List<String> ports = port == null
        ? detail.getJsonArray(several, new JsonArray()).stream()
            .map(String::valueOf)
            .toList()
        : List.of(port.toString());
    return new GrantedFlow(detail.getString("peer"), detail.getString("protocol"), ports);
  }

  /** Whether a rule allows all of a flow: its peer, or the whole prefix that is its peer, and every port. */
  static boolean covers(AllowedFlow rule, GrantedFlow flow) {
    return rule.direction() == Direction.FROM_DEVICE
        && rule.protocol().equals(flow.protocol())
        && coversPeer(rule.peer(), flow.peer())
        && (rule.ports().isEmpty() || coversPorts(rule, flow));
  }

  private static boolean coversPeer(String rule, String peer) {
    if (rule.equalsIgnoreCase(peer)) {
      return true;
    }
    IpPrefix wide = IpPrefix.parse(rule);
    IpPrefix narrow = IpPrefix.parse(peer);
    return wide != null && narrow != null && wide.covers(narrow);
  }

  /** No ports are all that there are. */
  private static boolean coversPorts(AllowedFlow rule, GrantedFlow flow) {
    return !flow.ports().isEmpty()
        && flow.ports().stream()
            .allMatch(port -> rule.ports().stream().anyMatch(wide -> coversPort(wide, port)));
  }

  private static boolean coversPort(String wide, String narrow) {
    int[] outer = IcmpTypes.ends(wide);
    int[] inner = IcmpTypes.ends(narrow);
    return outer[0] <= inner[0] && inner[1] <= outer[1];
  }

  /** As a grant of just this says it. */
  public static GrantedFlow granted(RequestedFlow flow) {
    List<String> ports = flow.protocol().equals(ICMP)
        ? IcmpTypes.text(flow.port(), flow.peer()).stream().toList()
        : List.of(Integer.toString(flow.port()));
    return new GrantedFlow(flow.peer(), flow.protocol(), ports);
  }

  /** What was asked for when just this was granted; empty for a prefix or several ports, which nobody can ask for. */
  static Optional<RequestedFlow> requested(GrantedFlow flow) {
    if (flow.protocol().equals(ICMP)
        && flow.peer().indexOf('/') < 0
        && flow.ports().size() == 1) {
      try {
        return Optional.of(new RequestedFlow(
            flow.peer(), ICMP, IcmpTypes.one(flow.ports().getFirst(), flow.peer())));
      } catch (IcmpTypes.Malformed several) {
        return Optional.empty();
      }
    }
    if (flow.peer().indexOf('/') >= 0
        || flow.ports().size() > 1
        || !flow.ports().stream().allMatch(port -> port.matches(SINGLE_PORT))) {
      return Optional.empty();
    }
    int port = flow.ports().isEmpty() ? 0 : Integer.parseInt(flow.ports().getFirst());
    return Optional.of(new RequestedFlow(flow.peer(), flow.protocol(), port));
  }

  private static Map<String, Object> detail(GrantedFlow flow) {
    Map<String, Object> detail = new LinkedHashMap<>();
    detail.put("type", Grants.NETWORK_FLOW);
    detail.put("peer", flow.peer());
    detail.put("protocol", flow.protocol());
    if (flow.protocol().equals(ICMP)) {
      if (!flow.ports().isEmpty()) {
        detail.put(ICMP_TYPES, flow.ports());
      }
    } else if (flow.ports().size() == 1 && flow.ports().getFirst().matches(SINGLE_PORT)) {
      detail.put("port", Integer.parseInt(flow.ports().getFirst()));
    } else if (!flow.ports().isEmpty()) {
      detail.put("ports", flow.ports());
    }
    return detail;
  }
}
