package io.sallyport.door.authzen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.decision.CertificateName;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.devices.DeviceState;
import io.sallyport.door.ClientChain;
import io.sallyport.door.Request;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluatorTest {
  private static final UUID CAMERA = UUID.fromString("0193516b-0000-7000-8000-000000000001");
  private static final Digest THUMBPRINT = Digest.of(new byte[] {1});
  private static final EnforcementPoint FIREWALL = point(PointSettings.NONE);

  private static final String QUESTION = """
      {"subject":{"type":"device","id":"0193516b-0000-7000-8000-000000000001"},
       "action":{"name":"connect"},
       "resource":{"type":"service","id":"vms.plant.example","properties":{"protocol":"tcp","port":8554}}}
      """;

  private final Evaluator evaluator =
      new Evaluator(new VideoOnly(), Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));

  @Nested
  class OneEvaluation {
    @Test
    void aPermitNamesDecisionReasonsAndPolicy() {
      assertEquals(new JsonObject("""
              {"decision":true,"context":{"id":"00000000-0000-0000-0000-000000000001","effect":"permit","reasons":["asked by
              enforcement-point:firewall-1"],"policy":"cameras"}}
              """.replace("\n", " ")), ask(QUESTION));
    }

    @Test
    void aDenyIsAnAnswerWithTheObligationToQuarantine() {
      assertEquals(new JsonObject("""
              {"decision":false,"context":{"id":"00000000-0000-0000-0000-000000000001","effect":"deny","reasons":["no rule"],
              "policy":"cameras","obligations":[{"id":"quarantine","type":"vlan","properties":{"vlan":666}}]}}
              """), ask(QUESTION.replace("vms.plant.example", "evil.example")));
    }

    @Test
    void aCertificateIsNamedInHexOrBase64Url() {
      for (String name :
          List.of(THUMBPRINT.hex(), THUMBPRINT.hex().toUpperCase(), THUMBPRINT.base64Url())) {
        assertTrue(
            ask(QUESTION.replace("\"device\"", "\"certificate\"").replace(CAMERA.toString(), name))
                .getBoolean("decision"),
            name);
      }
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "device|user",
          "0193516b-0000-7000-8000-000000000001|1-2-3-4-5",
          "\"device\"|\"certificate\"",
          "connect|delete",
          "service|account",
          "8554|\"8554\"",
          "8554|65536",
          "8554|-1",
          "8554|1.5",
          "tcp|sctp",
          "\"protocol\"|\"protokol\""
        })
    void whatMeansNothingHereIsDeniedWithAReason(String change) {
      JsonObject answer = ask(changed(change));
      assertFalse(answer.getBoolean("decision"));
      assertEquals(1, answer.getJsonObject("context").getJsonArray("reasons").size());
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "\"connect\"|123",
          "{\"name\":\"connect\"}|\"connect\"",
          "\"action\"|\"aktion\"",
          "\"subject\"|\"subjekt\"",
          "\"resource\"|\"resorce\"",
          "\"type\":\"device\"|\"type\":1",
          "\"id\":\"vms.plant.example\"|\"id\":null",
          "{\"protocol\":\"tcp\",\"port\":8554}|[]",
          "\"action\":|\"context\":1,\"action\":"
        })
    void aMissingOrMistypedFieldIsMalformed(String change) {
      assertMalformed(() -> ask(changed(change)));
    }

    @Test
    void unknownFieldsAreIgnored() {
      assertTrue(ask(changed("\"action\":|\"more\":{\"a\":[1]},\"context\":{\"x\":1},\"action\":"))
          .getBoolean("decision"));
    }
  }

  @Nested
  class Batch {
    private static final String EVIL =
        "{\"resource\":{\"type\":\"service\",\"id\":\"evil.example\",\"properties\":{\"protocol\":\"tcp\",\"port\":1}}}";

    @Test
    void anEntityOfAnItemReplacesTheDefaultWhole() {
      assertEquals(
          List.of(true, false, false),
          batch(
              "{},%s,{\"resource\":{\"type\":\"service\",\"id\":\"vms.plant.example\"}}"
                  .formatted(EVIL),
              null));
    }

    @Test
    void aBadItemIsFalseForItselfAlone() {
      assertEquals(
          List.of(false, false, true), batch("1,{\"action\":{\"name\":1}},{}", "execute_all"));
    }

    @Test
    void stopsAfterTheDecidingItem() {
      assertEquals(List.of(true, false), batch("{},%s,{}".formatted(EVIL), "deny_on_first_deny"));
      assertEquals(
          List.of(false, true), batch("%s,{},{}".formatted(EVIL), "permit_on_first_permit"));
    }

    @Test
    void withoutItemsItIsASingleEvaluation() {
      assertEquals(true, evaluations(QUESTION).getBoolean("decision"));
      assertEquals(
          true,
          evaluations(changed("\"action\":|\"evaluations\":[],\"action\":"))
              .getBoolean("decision"));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "\"evaluations\":{}",
          "\"evaluations\":[{}],\"options\":1",
          "\"evaluations\":[{}],\"options\":{\"evaluations_semantic\":\"best_effort\"}",
          "\"evaluations\":[{}],\"options\":{\"evaluations_semantic\":1}"
        })
    void aMistypedBatchIsMalformed(String fields) {
      assertMalformed(() -> evaluations(changed("\"action\":|" + fields + ",\"action\":")));
    }

    @Test
    void moreItemsThanTheBoundAreMalformed() {
      assertMalformed(() -> batch("{}" + ",{}".repeat(Evaluator.MOST_EVALUATIONS), null));
    }

    private List<Boolean> batch(String items, @Nullable String semantic) {
      String options =
          semantic == null ? "" : ",\"options\":{\"evaluations_semantic\":\"" + semantic + "\"}";
      JsonObject answer = evaluations(
          changed("\"action\":|\"evaluations\":[" + items + "]" + options + ",\"action\":"));
      return answer.getJsonArray("evaluations").stream()
          .map(each -> each instanceof JsonObject object
              ? object.getBoolean("decision")
              : (Boolean) ((Map<?, ?>) each).get("decision"))
          .toList();
    }

    private JsonObject evaluations(String body) {
      return new JsonObject(Buffer.buffer(evaluator.evaluations(octets(body), FIREWALL)));
    }
  }

  @Nested
  class Body {
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "[]", "1", "{} x", "{\"a\":1,\"a\":2}"})
    void whatIsNotOneJsonObjectIsMalformed(String body) {
      assertMalformed(() -> ask(body));
    }

    @Test
    void anotherContentTypeIsMalformedToo() {
      assertMalformed(() -> AuthzenDoor.requireJson(request("text/plain")));
      AuthzenDoor.requireJson(request("Application/JSON; charset=utf-8"));
    }
  }

  private JsonObject ask(String body) {
    return new JsonObject(Buffer.buffer(evaluator.evaluation(octets(body), FIREWALL)));
  }

  /** The question with the first {@code before|after} applied. */
  private static String changed(String change) {
    int bar = change.indexOf('|');
    String before = change.substring(0, bar);
    assertTrue(QUESTION.contains(before), before);
    return QUESTION.replace(before, change.substring(bar + 1));
  }

  private static void assertMalformed(Runnable asking) {
    assertEquals(
        CommonProblem.MALFORMED, assertThrows(Refusal.class, asking::run).problem());
  }

  private static byte[] octets(String body) {
    return body.getBytes(StandardCharsets.UTF_8);
  }

  private static Request request(String type) {
    MultiMap none = MultiMap.caseInsensitiveMultiMap();
    return new Request(
        "POST",
        Map.of(),
        MultiMap.caseInsensitiveMultiMap().add("Content-Type", type),
        none,
        ClientChain.NONE,
        "127.0.0.1",
        octets(QUESTION));
  }

  private static EnforcementPoint point(PointSettings settings) {
    return new EnforcementPoint(
        new UUID(0, 9), "firewall-1", PointKind.AUTHZEN, settings, Instant.EPOCH);
  }

  /** Permits the camera its video server. */
  private static final class VideoOnly implements DecisionPoint {
    private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);

    @Override
    public Decision decide(UUID device, @Nullable RequestedFlow flow, Actor asker) {
      return decision(device.equals(CAMERA) && VIDEO.equals(flow), asker);
    }

    @Override
    public Decision decide(Digest thumbprint, @Nullable RequestedFlow flow, Actor asker) {
      return decision(thumbprint.equals(THUMBPRINT) && VIDEO.equals(flow), asker);
    }

    @Override
    public Optional<Explanation> explain(UUID device, @Nullable RequestedFlow flow) {
      return Optional.empty();
    }

    @Override
    public Forbidden forbidden(UUID device) {
      return Forbidden.NOTHING;
    }

    @Override
    public Optional<String> site(UUID device) {
      return Optional.of("plant-1");
    }

    @Override
    public boolean isDoubtful(UUID device) {
      return false;
    }

    @Override
    public Optional<DeviceState> state(UUID device) {
      return Optional.of(DeviceState.ACTIVE);
    }

    @Override
    public Optional<UUID> holder(Digest thumbprint) {
      return Optional.of(CAMERA);
    }

    @Override
    public Optional<Boolean> compliant(UUID device) {
      return Optional.of(true);
    }

    @Override
    public Decision decide(CertificateName name, @Nullable RequestedFlow flow, Actor asker) {
      throw new UnsupportedOperationException("nobody here asks by issuer and serial");
    }

    @Override
    public Optional<Digest> thumbprint(CertificateName name) {
      return Optional.empty();
    }

    @Override
    public long position() {
      return 0;
    }

    @Override
    public Duration lag() {
      return Duration.ZERO;
    }

    private static Decision decision(boolean permit, Actor asker) {
      List<String> reasons = List.of(permit ? "asked by " + asker : "no rule");
      Verdict verdict = new Verdict(
          permit,
          reasons,
          "cameras",
          "hash",
          List.of(),
          null,
          null,
          null,
          permit ? null : 666,
          null);
      return new Decision(new UUID(0, 1), CAMERA, permit, reasons, verdict, null, null);
    }
  }
}
