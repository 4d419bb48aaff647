package io.sallyport.door.oauth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sallyport.door.Request;
import io.sallyport.grants.Grants;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A request of a client credentials grant (RFC 6749 §4.4.2) with authorization details (RFC 9396 §6).
 *
 * @param flows empty when none were named
 */
record TokenRequest(List<RequestedFlow> flows) {
  private static final ObjectMapper JSON = JsonMapper.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();
  private static final Set<String> FIELDS = Set.of("type", "peer", "protocol", "port", "icmp_type");
  private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "icmp");
  /** A DNS name or an IP address, of DNS length at most (RFC 1035 §2.3.4). */
  private static final Pattern PEER = Pattern.compile("[A-Za-z0-9._:-]{1,253}");

  TokenRequest {
    flows = List.copyOf(flows);
  }

  /** Reads the request of {@code device}; refuses with the rows of {@link OAuthProblem}. */
  static TokenRequest parse(Request request, UUID device) {
    Form form = Form.of(request);
    // RFC 6749 §2.3: one way of authentication only, and here that is the certificate.
    if (form.get("client_secret").isPresent()
        || form.get("client_assertion").isPresent()
        || request.header("Authorization") != null) {
      throw new Refusal(
          OAuthProblem.INVALID_REQUEST, "Authenticate with the TLS certificate alone.");
    }
    if (form.get("client_id").filter(id -> !id.equals(device.toString())).isPresent()) {
      throw new Refusal(
          OAuthProblem.INVALID_CLIENT,
          "client_id is not the device of the certificate on this connection.");
    }
    String grantType = form.get("grant_type")
        .orElseThrow(() -> new Refusal(OAuthProblem.INVALID_REQUEST, "grant_type is missing."));
    if (!grantType.equals("client_credentials")) {
      throw new Refusal(
          OAuthProblem.UNSUPPORTED_GRANT_TYPE, "grant_type must be client_credentials.");
    }
    return new TokenRequest(
        form.get("authorization_details").map(TokenRequest::flows).orElse(List.of()));
  }

  private static List<RequestedFlow> flows(String details) {
    JsonNode array;
    try {
      array = JSON.readTree(details);
    } catch (JsonProcessingException e) {
      throw invalid("authorization_details is not JSON.");
    }
    if (!array.isArray() || array.isEmpty() || array.size() > Grants.MOST_FLOWS) {
      throw invalid(
          "authorization_details must be an array of 1 to " + Grants.MOST_FLOWS + " objects.");
    }
    List<RequestedFlow> flows = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      flows.add(flow(array.get(i), "authorization_details[" + i + "]"));
    }
    return flows;
  }

  private static RequestedFlow flow(JsonNode detail, String where) {
    if (!detail.isObject()) {
      throw invalid(where + " must be an object.");
    }
    if (!text(detail, "type", where).equals(Grants.NETWORK_FLOW)) {
      throw invalid(where + ".type must be " + Grants.NETWORK_FLOW + ".");
    }
    // RFC 9396 §5: a field that the type does not define is refused, never ignored.
    for (String field : (Iterable<String>) detail::fieldNames) {
      if (!FIELDS.contains(field)) {
        throw invalid(where + " has a field that network_flow does not know.");
      }
    }
    String peer = text(detail, "peer", where);
    if (!PEER.matcher(peer).matches()) {
      throw invalid(where + ".peer must be a DNS name or an IP address.");
    }
    String protocol = text(detail, "protocol", where);
    if (!PROTOCOLS.contains(protocol)) {
      throw invalid(where + ".protocol must be tcp, udp or icmp.");
    }
    return new RequestedFlow(peer, protocol, port(detail, peer, protocol, where));
  }

  private static int port(JsonNode detail, String peer, String protocol, String where) {
    JsonNode port = detail.get("port");
    JsonNode type = detail.get("icmp_type");
    if (protocol.equals("icmp")) {
      if (port != null && !(port.isInt() && port.intValue() == 0)) {
        throw invalid(where + ".port must be left out for icmp.");
      }
      return type == null ? 0 : icmpType(type, peer, where);
    }
    if (type != null) {
      throw invalid(where + ".icmp_type is for protocol icmp; " + protocol + " has a port.");
    }
    if (port == null || !port.isInt() || port.intValue() < 1 || port.intValue() > 65_535) {
      throw invalid(where + ".port must be an integer from 1 to 65535.");
    }
    return port.intValue();
  }

  private static int icmpType(JsonNode type, String peer, String where) {
    if (!type.isInt() && !type.isTextual()) {
      throw invalid(where + ".icmp_type must be a number or a string.");
    }
    try {
      return IcmpTypes.one(type.asText(), peer);
    } catch (IcmpTypes.Malformed e) {
      throw invalid(where + ".icmp_type: " + e.getMessage() + ".");
    }
  }

  private static String text(JsonNode detail, String field, String where) {
    JsonNode value = detail.get(field);
    if (value == null || !value.isTextual()) {
      throw invalid(where + "." + field + " must be a string.");
    }
    return value.textValue();
  }

  private static Refusal invalid(String detail) {
    return new Refusal(OAuthProblem.INVALID_AUTHORIZATION_DETAILS, detail);
  }
}
