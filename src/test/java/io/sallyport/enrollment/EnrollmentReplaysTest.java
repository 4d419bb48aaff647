package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import io.sallyport.audit.Replay.Effect;
import io.sallyport.testing.LostFact;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestVouchers;
import jakarta.inject.Inject;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tokens, releases, secrets and nonces that were used up are not usable again after a restore (law 9). */
@QuarkusTest
class EnrollmentReplaysTest extends ServerTest {
  @Inject
  TokenReplay tokens;

  @Inject
  OwnershipReplay ownerships;

  @Inject
  VoucherReplay vouchers;

  @Inject
  DecryptionKeyReplay secrets;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "enrollment-replays");
    }
  }

  @AfterAll
  void close() {
    plant.close();
  }

  @Test
  void aTokenThatWasUsedIsSpent() {
    Unit unit = plant.registered("RE-1");
    String token = token(Map.of("device", unit.id())).get("token").asText();
    assertEquals(200, enroll(token, "RE-1"));
    LogEntry lost = LostFact.of(plant.fact(unit.id(), "certificate.issued"));
    LostFact.restore(
        "update enrollment_token set used = 0, used_at = null where device = ?",
        UUID.fromString(unit.id()));

    assertReplayed(tokens, lost);

    assertEquals(403, enroll(token, "RE-1"));
  }

  @Test
  void aUseOfATokenForSeveralIsCountedOnce() {
    plant.registered("RE-2a");
    plant.registered("RE-2b");
    JsonNode made = token(
        Map.of("manufacturer", plant.manufacturer().name(), "serial_numbers", "RE-2*", "uses", 1));
    String id = made.get("id").asText();
    String token = made.get("token").asText();
    assertEquals(200, enroll(token, "RE-2a"));
    LogEntry lost = LostFact.of(plant.fact(id, "token.used"));
    LostFact.restore("delete from enrollment_token_use where token = ?", UUID.fromString(id));
    LostFact.restore(
        "update enrollment_token set used = 0, used_at = null where id = ?", UUID.fromString(id));

    assertReplayed(tokens, lost);

    assertEquals(403, enroll(token, "RE-2b"));
    assertEquals(
        Effect.BY_HAND, LostFact.replay(tokens, LostFact.with(lost, "request", "not a digest")));
    assertEquals(Effect.BY_HAND, LostFact.replay(tokens, LostFact.with(lost, "device", "nobody")));
  }

  @Test
  void aTokenThatWasWithdrawnStaysSo() {
    Unit unit = plant.registered("RE-3");
    JsonNode made = token(Map.of("device", unit.id()));
    UUID id = UUID.fromString(made.get("id").asText());
    plant.person("DELETE", "/api/v1/enrollment-tokens/" + id, null).expect(204);
    LogEntry lost = LostFact.of(plant.fact(id.toString(), "token.withdrawn"));
    LostFact.restore(
        "update enrollment_token set expires_at = now() + interval '1 day' where id = ?", id);

    assertReplayed(tokens, lost);

    assertEquals(401, enroll(made.get("token").asText(), "RE-3"));
  }

  @Test
  void aCodeThatWasTakenBackOrUsedClaimsNothing() {
    for (String act : new String[] {"device.kept-by-owner", "device.claimed"}) {
      Unit unit = plant.registered("RE-4-" + act);
      String code = plant
          .person("POST", "/api/v1/ownership/devices/" + unit.id() + "/release", Map.of())
          .expect(200)
          .json()
          .get("code")
          .asText();
      if (act.equals("device.claimed")) {
        claim(code, 200);
      } else {
        plant
            .person("DELETE", "/api/v1/ownership/devices/" + unit.id() + "/release", null)
            .expect(204);
      }
      LogEntry lost = LostFact.of(plant.fact(unit.id(), act));
      LostFact.restore(
          "insert into ownership_release (device, code, released_at, released_by, expires_at)"
              + " values (?, sha256(convert_to(?, 'UTF8')), now(), 'test', now() + interval '1 day')",
          UUID.fromString(unit.id()),
          code);

      assertReplayed(ownerships, lost);

      claim(code, 404);
    }
  }

  private void claim(String code, int status) {
    plant
        .person(
            "POST",
            "/api/v1/ownership/claims",
            Map.of("code", code, "owner", "Next", "site", "plant-2"))
        .expect(status);
  }

  @Test
  void aNonceThatWasAnsweredIsNotAnsweredAgain() {
    Unit unit = plant.registered("RE-5");
    Map<String, Object> wanted = Map.of(
        "device",
        unit.id(),
        "owner",
        "operations",
        "nonce",
        Base64.getEncoder().encodeToString(new byte[16]),
        "domain",
        TestPki.pem(TestVouchers.authority("CN=replays").certificate()));
    plant.person("POST", "/api/v1/vouchers", wanted).expect(201);
    LogEntry lost = LostFact.of(plant.fact(unit.id(), "voucher.issued"));
    LostFact.restore(
        "delete from voucher_use where digest = ?",
        HexFormat.of().parseHex(lost.detail().getOrDefault("used_nonce", "")));

    assertReplayed(vouchers, lost);

    plant.person("POST", "/api/v1/vouchers", wanted).expect(409);
    assertEquals(
        Effect.BY_HAND, LostFact.replay(vouchers, LostFact.with(lost, "used_nonce", "not hex")));
  }

  @Test
  void aSecretThatWasRemovedStaysAway() {
    Unit unit = plant.registered("RE-6");
    String path = "/api/v1/devices/" + unit.id() + "/decryption-keys/0b";
    Map<String, String> secret = Map.of("secret", Base64.getEncoder().encodeToString(new byte[16]));
    plant.person("PUT", path, secret).expect(200);
    plant.person("DELETE", path, null).expect(204);
    LogEntry lost = LostFact.of(plant.fact(unit.id(), "device.decryption-key-removed"));
    plant.person("PUT", path, secret).expect(200);

    assertReplayed(secrets, lost);

    assertEquals(
        0,
        plant
            .person("GET", "/api/v1/devices/" + unit.id() + "/decryption-keys", null)
            .expect(200)
            .json()
            .get("items")
            .size());
  }

  /** It does what is to be done, once, and nothing about facts of other kinds. */
  private static void assertReplayed(Replay replay, LogEntry lost) {
    assertEquals(Effect.DONE, LostFact.replay(replay, lost));
    assertEquals(Effect.NONE, LostFact.replay(replay, lost));
  }

  private JsonNode token(Map<String, Object> wanted) {
    return plant.person("POST", "/api/v1/enrollment-tokens", wanted).expect(201).json();
  }

  private int enroll(String token, String serialNumber) {
    return wire.est(
            "simpleenroll",
            null,
            token,
            TestPki.request(TestPki.key(), "2.5.4.5=" + serialNumber, null))
        .statusCode();
  }
}
