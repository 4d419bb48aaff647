package io.sallyport.grants;

import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Flows as authorization details of type {@code network_flow} (RFC 9396 §2). */
public final class NetworkFlows {
  private static final String SINGLE_PORT = "[0-9]{1,5}";

  private NetworkFlows() {}

  /** The JSON objects: one port is the number {@code port}; several or ranges are the strings {@code ports}. */
  public static List<Map<String, Object>> details(List<GrantedFlow> flows) {
    return flows.stream().map(NetworkFlows::detail).toList();
  }

  static GrantedFlow granted(RequestedFlow flow) {
    List<String> ports =
        flow.protocol().equals("icmp") ? List.of() : List.of(Integer.toString(flow.port()));
    return new GrantedFlow(flow.peer(), flow.protocol(), ports);
  }

  private static Map<String, Object> detail(GrantedFlow flow) {
    Map<String, Object> detail = new LinkedHashMap<>();
    detail.put("type", Grants.NETWORK_FLOW);
    detail.put("peer", flow.peer());
    detail.put("protocol", flow.protocol());
    if (flow.ports().size() == 1 && flow.ports().getFirst().matches(SINGLE_PORT)) {
      detail.put("port", Integer.parseInt(flow.ports().getFirst()));
    } else if (!flow.ports().isEmpty()) {
      detail.put("ports", flow.ports());
    }
    return detail;
  }
}
