package io.sallyport.enforcement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.AddressBindings.Source;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcements.Outcome;
import io.sallyport.enforcement.Sessions.Report;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import jakarta.inject.Inject;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions, address bindings and withdrawals on the running server. */
@QuarkusTest
class EnforcementWireTest extends ServerTest {
  private static final Duration HOUR = Duration.ofHours(1);

  @Inject
  Sessions sessions;

  @Inject
  AddressBindings bindings;

  @Inject
  Enforcements enforcements;

  @Inject
  EnforcementPoints points;

  @Inject
  Clock clock;

  @Inject
  Ids ids;

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private EnforcementPoint radius;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "enforced");
      register("enforced-radius", "radius", Map.of("worst_case_delay", "PT1S"));
      radius = points.find("enforced-radius").orElseThrow();
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  private Identity register(String name, String kind, Map<String, Object> settings) {
    KeyPair keys = TestPki.key();
    JsonNode admitted = plant
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name", name,
                "kind", kind,
                "settings", settings,
                "csr",
                    TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null))))
        .expect(201)
        .json();
    return new Identity(
        keys, List.of(Plant.certificate(admitted.get("certificate").asText())));
  }

  private Report report(
      UUID device, String name, Map<String, String> attributes, Duration expected) {
    return new Report(
        device,
        name,
        "sw-1 port 7",
        true,
        attributes,
        ids.next(),
        clock.instant().plus(expected));
  }

  private AddressBinding bind(UUID device, String address, Source source) {
    return bindings.bind(
        device, address, "default", source, null, clock.instant().plus(HOUR), Actor.SERVER);
  }

  private static UUID id(Unit unit) {
    return UUID.fromString(unit.id());
  }

  @Test
  void aNewDecisionReplacesWhatASessionWasGiven() {
    UUID device = id(plant.attested("E-1"));
    Map<String, String> given = Map.of("vlan", "42", "filter-id", "camera-in", "nas", "10.0.0.1");
    Session first = sessions.report(radius, report(device, "E-1", given, HOUR));
    Session second = sessions.report(radius, report(device, "E-1", Map.of("vlan", "43"), HOUR));
    assertEquals(first.id(), second.id());
    assertEquals(Map.of("vlan", "43", "nas", "10.0.0.1"), second.attributes());
    Session third = sessions.report(
        radius,
        new Report(
            device,
            "E-1",
            "",
            false,
            Map.of("user-name", "x"),
            null,
            clock.instant().plus(HOUR)));
    assertTrue(third.permit());
    assertEquals("43", third.attributes().get("vlan"));
  }

  @Test
  void aNameThatIsGivenToAnotherDeviceEndsTheFormerSession() {
    UUID one = id(plant.attested("E-2"));
    UUID other = id(plant.attested("E-3"));
    Session former = sessions.report(radius, report(one, "E-2", Map.of(), HOUR));
    bindings.bind(
        one,
        "10.66.0.2",
        "default",
        Source.ACCOUNTING,
        former.id(),
        clock.instant().plus(HOUR),
        Actor.SERVER);
    Session now = sessions.report(radius, report(other, "E-2", Map.of(), HOUR));
    assertEquals(Optional.of(now.id()), sessions.live(radius.id(), "E-2").map(Session::id));
    assertEquals(
        "its name was given to another device",
        sessions.get(former.id()).orElseThrow().endReason());
    assertEquals(List.of(), bindings.live(one));
  }

  @Test
  void aSessionOfWhichNothingIsHeardAnyMoreIsOver() {
    UUID device = id(plant.attested("E-4"));
    Session silent = sessions.report(radius, report(device, "E-4", Map.of(), Duration.ZERO));
    Session heard = sessions.report(radius, report(device, "E-4b", Map.of(), HOUR));
    Session ended = Patience.until(
        "its end", () -> sessions.get(silent.id()).filter(session -> session.endedAt() != null));
    assertEquals("nothing was heard of it any more", ended.endReason());
    assertEquals(
        List.of(heard.id()), sessions.live(device).stream().map(Session::id).toList());
  }

  @Test
  void whatAnOperatorBoundIsNeverReplacedByWhatTheNetworkSays() {
    UUID owner = id(plant.attested("E-5"));
    UUID other = id(plant.attested("E-6"));
    AddressBinding fixed = bind(owner, "10.66.0.5", Source.STATIC);
    for (Source source : List.of(Source.ACCOUNTING, Source.DHCP, Source.OBSERVED)) {
      Refusal refusal = assertThrows(Refusal.class, () -> bind(other, "10.66.0.5", source));
      assertEquals(EnforcementProblem.ADDRESS_CONFLICT, refusal.problem());
    }
    assertEquals(
        List.of(fixed.id()),
        bindings.live(owner).stream().map(AddressBinding::id).toList());
    assertEquals(List.of(), bindings.live(other));
  }

  @Test
  void whatAnOperatorBoundIsWithdrawnBeforeAnotherDeviceGetsIt() {
    Unit owner = plant.attested("E-5b");
    Unit other = plant.attested("E-6b");
    String fixed = owner.bind("10.66.0.15", "default");
    Map<String, String> wanted = Map.of("address", "10.66.0.15");
    String path = "/api/v1/devices/" + other.id() + "/addresses";
    Answer refused = plant.person("POST", path, wanted).expect(409);
    assertTrue(refused.text().contains("address-conflict"), refused.text());
    assertFalse(refused.text().contains(owner.id()), "it may be on another site");
    assertEquals(
        List.of(fixed),
        bindings.live(id(owner)).stream().map(live -> live.id().toString()).toList());
    assertEquals(fixed, owner.bind("10.66.0.15", "default"), "its own is prolonged");
    plant
        .person("DELETE", "/api/v1/devices/" + owner.id() + "/addresses/" + fixed, null)
        .expect(204);
    plant.person("POST", path, wanted).expect(201);
  }

  @Test
  void aMoreTrustedSourceTakesAnAddressOver() {
    UUID observed = id(plant.attested("E-7"));
    UUID authenticated = id(plant.attested("E-8"));
    AddressBinding first = bind(observed, "10.66.0.7", Source.OBSERVED);
    bind(authenticated, "10.66.0.7", Source.ACCOUNTING);
    assertEquals(List.of(), bindings.live(observed));
    assertEquals(
        "conflict",
        bindings.of(observed, 10).stream()
            .filter(binding -> binding.id().equals(first.id()))
            .findFirst()
            .orElseThrow()
            .withdrawnBecause());
    JsonNode fact = plant.fact(observed.toString(), "address.withdrawn");
    assertEquals("conflict", fact.at("/detail/because").asText());
  }

  @Test
  void oneAddressInTwoSegmentsStandsForTwoDevices() {
    UUID one = id(plant.attested("E-9"));
    UUID other = id(plant.attested("E-10"));
    Instant until = clock.instant().plus(HOUR);
    bindings.bind(one, "10.66.0.9", "hall-1", Source.DHCP, null, until, Actor.SERVER);
    bindings.bind(other, "10.66.0.9", "hall-2", Source.DHCP, null, until, Actor.SERVER);
    assertEquals(1, bindings.live(one).size());
    assertEquals(1, bindings.live(other).size());
  }

  @Test
  void devicesThatTakeOneAddressAtOnceLeaveOneLiveBinding() throws Exception {
    List<UUID> devices = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      devices.add(id(plant.enrolled("E-2" + i)));
    }
    try (ExecutorService several = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<AddressBinding>> bound = new ArrayList<>();
      for (int round = 0; round < 3; round++) {
        for (UUID device : devices) {
          bound.add(several.submit(() -> bind(device, "10.66.0.20", Source.ACCOUNTING)));
        }
      }
      for (Future<AddressBinding> one : bound) {
        one.get();
      }
    }
    long live =
        devices.stream().mapToLong(device -> bindings.live(device).size()).sum();
    assertEquals(1, live);
  }

  @Test
  void withdrawingTwiceIsOneWithdrawal() {
    UUID device = id(plant.attested("E-11"));
    AddressBinding binding = bind(device, "10.66.0.11", Source.DHCP);
    bindings.withdraw(binding.id(), "a test", Actor.SERVER);
    bindings.withdraw(binding.id(), "again", Actor.SERVER);
    AddressBinding withdrawn = bindings.of(device, 1).getFirst();
    assertEquals("a test", withdrawn.withdrawnBecause());
    plant.fact(device.toString(), "address.withdrawn");
    assertEquals(
        1,
        plant.facts(device.toString()).stream()
            .filter(fact -> fact.get("kind").asText().equals("address.withdrawn"))
            .count());
  }

  @Test
  void aWithdrawalIsNotedOnceShownUnconfirmedAndAcknowledgedAfterAll() {
    Unit unit = plant.attested("E-12");
    UUID device = id(unit);
    Session session = sessions.report(radius, report(device, "E-12", Map.of(), HOUR));
    unit.become("quarantine").expect(200);
    Enforcement noted = Patience.until(
        "the withdrawal",
        () -> enforcements.of(device, 100).stream()
            .filter(one -> session.id().equals(one.session()))
            .findFirst());
    assertEquals(Optional.empty(), enforcements.withdraw(session, "again").map(Enforcement::id));

    // It cannot be told, since nothing says how; it is tried on and shown.
    Enforcement unconfirmed = Patience.until(
        "that it is unconfirmed",
        () -> enforcements.get(noted.id()).filter(one -> one.outcome() == Outcome.UNCONFIRMED));
    assertTrue(unconfirmed.attempts() >= 1);
    plant.fact(noted.id().toString(), "enforcement.unconfirmed");

    sessions.end(session.id(), "the NAS ended it");
    Enforcement done = Patience.until(
        "the acknowledgement",
        () -> enforcements.get(noted.id()).filter(one -> one.outcome() == Outcome.ACKNOWLEDGED));
    enforcements.acknowledge(done.id(), "once more");
    Enforcement after = enforcements.get(done.id()).orElseThrow();
    assertEquals(done.acknowledgedAt(), after.acknowledgedAt());
    assertEquals(done.detail(), after.detail());
  }

  @Test
  void whatAPointFetchedIsAcknowledgedUpToWhenItSaw() {
    register("enforced-list", "list", Map.of("peers", List.of("10.66.0.0/16")));
    EnforcementPoint list = points.find("enforced-list").orElseThrow();
    Unit unit = plant.attested("E-13");
    unit.become("quarantine").expect(200);
    Enforcement noted = Patience.until(
        "the withdrawal",
        () -> enforcements.of(id(unit), 100).stream()
            .filter(one -> one.point().id().equals(list.id()))
            .findFirst());
    enforcements.acknowledge(list, noted.desiredAt().minusMillis(1), "too early");
    assertFalse(enforcements.get(noted.id()).orElseThrow().outcome() == Outcome.ACKNOWLEDGED);
    enforcements.acknowledge(list, noted.desiredAt(), "fetched");
    assertEquals(
        Outcome.ACKNOWLEDGED, enforcements.get(noted.id()).orElseThrow().outcome());
  }

  @Test
  void aPointSeesNoDeviceOfASiteThatItDoesNotGuard() {
    Identity other = register("enforced-elsewhere", "authzen", Map.of("sites", List.of("plant-2")));
    Identity here = register("enforced-here", "authzen", Map.of("sites", List.of("plant-1")));
    Unit unit = plant.attested("E-14");
    for (String[] subject :
        new String[][] {{"device", unit.id()}, {"certificate", unit.thumbprint()}}) {
      JsonNode answer =
          plant.evaluate(other, subject[0], subject[1], Plant.VIDEO).expect(200).json();
      assertFalse(answer.get("decision").asBoolean());
      assertTrue(answer.at("/context/reasons/0").asText().startsWith("not guarded"));
      assertTrue(plant
          .evaluate(here, subject[0], subject[1], Plant.VIDEO)
          .expect(200)
          .json()
          .get("decision")
          .asBoolean());
    }
  }
}
