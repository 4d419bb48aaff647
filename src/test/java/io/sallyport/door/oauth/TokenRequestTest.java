package io.sallyport.door.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.door.ClientChain;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import io.vertx.core.MultiMap;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenRequestTest {
  private static final UUID DEVICE = UUID.fromString("0193516b-0000-7000-8000-000000000001");
  private static final String FORM = "application/x-www-form-urlencoded";
  private static final String GRANT = "grant_type=client_credentials";
  private static final String FLOW =
      "{\"type\":\"network_flow\",\"peer\":\"vms.plant.example\",\"protocol\":\"tcp\",\"port\":8554}";

  @Test
  void withoutDetailsAllFlowsAreMeant() {
    assertEquals(List.of(), parse(GRANT + "&scope=x&client_id=" + DEVICE).flows());
    assertEquals(List.of(), parse(GRANT + "&authorization_details=").flows());
  }

  @Test
  void detailsAreFlows() {
    assertEquals(
        List.of(
            new RequestedFlow("vms.plant.example", "tcp", 8554),
            new RequestedFlow("fd00::1", "icmp", 0)),
        parse(details("[" + FLOW
                + ",{\"type\":\"network_flow\",\"peer\":\"fd00::1\",\"protocol\":\"icmp\"}]"))
            .flows());
  }

  @Test
  void theContentTypeMustBeAForm() {
    assertRefused(OAuthProblem.INVALID_REQUEST, "application/json", GRANT);
    assertEquals(
        0,
        TokenRequest.parse(request(FORM + "; charset=UTF-8", GRANT), DEVICE)
            .flows()
            .size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "grant_type=",
        GRANT + "&" + GRANT,
        GRANT + "&client_secret=x",
        GRANT + "&a=%4",
        GRANT + "&a=%zz",
        GRANT + "&a=%ff"
      })
  void aFormThatIsNotWellFormedIsRefused(String body) {
    assertRefused(OAuthProblem.INVALID_REQUEST, FORM, body);
  }

  @Test
  void otherGrantTypesAndOtherClientsAreRefused() {
    assertRefused(OAuthProblem.UNSUPPORTED_GRANT_TYPE, FORM, "grant_type=password");
    assertRefused(OAuthProblem.INVALID_CLIENT, FORM, GRANT + "&client_id=somebody");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "{}",
        "[]",
        "[1]",
        "[{}] x",
        "[{\"type\":\"payment\"}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"tcp\"}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"tcp\",\"port\":\"1\"}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"tcp\",\"port\":0}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"tcp\",\"port\":65536}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"tcp\",\"port\":1.5}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"sctp\",\"port\":1}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a b\",\"protocol\":\"tcp\",\"port\":1}]",
        "[{\"type\":\"network_flow\",\"peer\":\"\",\"protocol\":\"tcp\",\"port\":1}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"tcp\",\"port\":1,\"extra\":1}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"peer\":\"b\",\"protocol\":\"tcp\",\"port\":1}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"icmp\",\"port\":8}]",
        "[{\"type\":\"network_flow\",\"peer\":\"a\",\"protocol\":\"icmp\",\"icmp_type\":8}]",
        "[{\"type\":\"network_flow\",\"peer\":\"10.0.0.1\",\"protocol\":\"icmp\",\"icmp_type\":256}]",
        "[{\"type\":\"network_flow\",\"peer\":\"10.0.0.1\",\"protocol\":\"icmp\",\"icmp_type\":true}]",
        "[{\"type\":\"network_flow\",\"peer\":\"10.0.0.1\",\"protocol\":\"tcp\",\"port\":1,\"icmp_type\":8}]"
      })
  void detailsThatNetworkFlowDoesNotDefineAreRefused(String details) {
    assertRefused(OAuthProblem.INVALID_AUTHORIZATION_DETAILS, FORM, details(details));
  }

  @Test
  void moreThan64FlowsAreRefused() {
    assertEquals(
        64, parse(details("[" + FLOW + ("," + FLOW).repeat(63) + "]")).flows().size());
    assertRefused(
        OAuthProblem.INVALID_AUTHORIZATION_DETAILS,
        FORM,
        details("[" + FLOW + ("," + FLOW).repeat(64) + "]"));
  }

  @Test
  void refusalsAreSaidInTheWordsOfOAuth() {
    assertReply(400, "invalid_authorization_details", OAuthProblem.INVALID_AUTHORIZATION_DETAILS);
    assertReply(403, "access_denied", CommonProblem.CONFLICT);
    assertReply(401, "invalid_client", CommonProblem.UNAUTHENTICATED);
    assertReply(413, "invalid_request", CommonProblem.TOO_LARGE);
    assertReply(503, "temporarily_unavailable", CommonProblem.UNAVAILABLE);
  }

  private static void assertReply(int status, String error, Problem problem) {
    Reply reply = OAuthErrors.write(problem, "a \"b\"\u00e9");
    assertEquals(status, reply.status());
    assertEquals("no-store", reply.headers().get("Cache-Control"));
    assertEquals(
        "{\"error\":\"" + error + "\",\"error_description\":\"a 'b'?\"}",
        new String(reply.body(), StandardCharsets.UTF_8));
  }

  private static void assertRefused(Problem problem, String type, String body) {
    Refusal refusal =
        assertThrows(Refusal.class, () -> TokenRequest.parse(request(type, body), DEVICE));
    assertEquals(problem, refusal.problem());
  }

  private static TokenRequest parse(String body) {
    return TokenRequest.parse(request(FORM, body), DEVICE);
  }

  private static String details(String json) {
    return GRANT + "&authorization_details=" + URLEncoder.encode(json, StandardCharsets.UTF_8);
  }

  private static Request request(String type, String body) {
    MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("Content-Type", type);
    return new Request(
        "POST",
        Map.of(),
        headers,
        MultiMap.caseInsensitiveMultiMap(),
        ClientChain.NONE,
        "127.0.0.1",
        body.getBytes(StandardCharsets.UTF_8));
  }
}
