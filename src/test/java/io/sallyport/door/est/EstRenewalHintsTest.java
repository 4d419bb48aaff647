package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class EstRenewalHintsTest extends ServerTest {
  private static @Nullable Plant opened;

  @Inject
  Clock clock;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "renewal-hints");
    }
    plant = opened;
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
  }

  @Test
  void theAnswerToAnEnrollmentSaysWhenToRenew() {
    Unit unit = plant.registered("H-1");

    HttpResponse<byte[]> answer = wire.est(
        "simpleenroll", unit.idevid(), null, TestPki.request(TestPki.key(), "CN=H-1", null));

    assertEquals(200, answer.statusCode());
    JsonNode renewal = renewal(unit);
    Instant at = Instant.parse(renewal.get("renew_at").asText());
    Instant opens = Instant.parse(renewal.get("opens_at").asText());
    Instant closes = Instant.parse(renewal.get("closes_at").asText());
    assertFalse(at.isBefore(opens));
    assertTrue(at.isBefore(closes));
    assertTrue(renewal.get("campaign").isNull());
    assertEquals(
        opens + "/" + closes, answer.headers().firstValue(RenewalHints.WINDOW).orElseThrow());
    Duration told = Duration.ofSeconds(after(answer));
    assertTrue(
        Duration.between(clock.instant(), at).minus(told).abs().compareTo(Duration.ofMinutes(2))
            < 0,
        told.toString());
  }

  @Test
  void nothingIsSaidToWhoShowsNoCertificate() {
    HttpResponse<byte[]> answer = cacerts(null);
    assertEquals(200, answer.statusCode());
    assertTrue(answer.headers().firstValue(RenewalHints.AFTER).isEmpty());
  }

  @Test
  void aCampaignPullsRenewalsForwardAndASuccessorIsNotAskedAgain() {
    Unit unit = plant.enrolled("H-2");
    assertTrue(after(cacerts(unit)) > 0);
    // A certificate's beginning is in whole seconds; what the campaign is to concern must lie
    // before its start.
    Instant issued = clock.instant();
    Patience.until(
        "the second is over",
        () -> Optional.of(clock.instant()).filter(now -> now.isAfter(issued.plusSeconds(2))));
    String campaign = plant
        .person(
            "POST",
            "/api/v1/renewal-campaigns",
            Map.of("device_profile", plant.name(), "within", "PT0S", "reason", "new root"))
        .expect(201)
        .json()
        .get("id")
        .asText();

    assertEquals(0, after(cacerts(unit)));
    assertEquals(campaign, renewal(unit).get("campaign").asText());
    unit.renew().expect(200);
    Unit other = plant.enrolled("H-3");
    assertTrue(after(cacerts(other)) > 0);

    plant
        .person("POST", "/api/v1/renewal-campaigns/" + campaign + "/end", Map.of())
        .expect(200);
    assertTrue(after(cacerts(unit)) > 0);
  }

  @Test
  void aCampaignHasABound() {
    plant
        .person(
            "POST",
            "/api/v1/renewal-campaigns",
            Map.of("device_profile", plant.name(), "within", "P400D", "reason", "x"))
        .expect(422);
    plant
        .person("POST", "/api/v1/renewal-campaigns", Map.of("device_profile", plant.name()))
        .expect(400);
  }

  private HttpResponse<byte[]> cacerts(@Nullable Unit unit) {
    return wire.send(
        unit == null ? null : unit.identity(),
        wire.device("/.well-known/est/cacerts").GET().build());
  }

  private static long after(HttpResponse<byte[]> answer) {
    return Long.parseLong(answer.headers().firstValue(RenewalHints.AFTER).orElseThrow());
  }

  private JsonNode renewal(Unit unit) {
    return plant
        .person("GET", "/api/v1/devices/" + unit.id(), null)
        .expect(200)
        .json()
        .at("/renewals/0");
  }
}
