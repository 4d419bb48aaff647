package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.OddKeys;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which keys are certified, and for whom (law 3: one key, one hardware unit, for ever). */
@QuarkusTest
class EstKeysConformanceTest extends EstServerTest {
  static Stream<Arguments> oddKeys() {
    return OddKeys.all().entrySet().stream()
        .map(entry -> Arguments.of(Named.of(entry.getKey(), entry.getValue())));
  }

  @ParameterizedTest
  @MethodSource("oddKeys")
  void anOddKeyIsRefused(byte[] key) {
    Unit unit = unit();

    assertRefused(400, wire.est("simpleenroll", unit.idevid(), null, OddKeys.request(key, "")));
    assertEquals(0, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "weak-key");
  }

  @Test
  void anRsaKeyOf2048BitsIsCertified() {
    issued(enroll(unit().idevid(), TestPki.rsa(2048)));
  }

  @Test
  void aKeyOnP384IsCertified() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(384);

    issued(enroll(unit().idevid(), generator.generateKeyPair()));
  }

  @Test
  void theKeyOfAnotherUnitIsForbiddenAndAnEvent() {
    KeyPair keys = TestPki.key();
    issued(enroll(unit().idevid(), keys));
    Unit second = unit();

    assertRefused(403, enroll(second.idevid(), keys));
    assertEquals(0, certificates(second));
    awaitRefusal(second.id(), "security.duplicate-key", "duplicate-key");
  }

  @Test
  void theKeyOfAUnitThatIsGoneStaysItsOwn() {
    Unit gone = unit();
    KeyPair keys = TestPki.key();
    issued(enroll(gone.idevid(), keys));
    decommission(gone);

    assertRefused(403, enroll(unit().idevid(), keys));
  }

  @Test
  void theManufacturersKeyOfAnotherUnitIsForbidden() {
    Unit first = unit();
    issued(enroll(first.idevid(), TestPki.key()));

    assertRefused(403, enroll(unit().idevid(), first.idevid().keys()));
  }

  @Test
  void aRenewalWithTheKeyOfAnotherUnitIsForbidden() {
    KeyPair keys = TestPki.key();
    issued(enroll(unit().idevid(), keys));
    Unit second = unit();
    Identity current = enrolled(second);

    assertRefused(403, renew(current, keys));
    assertEquals(1, certificates(second));
    awaitRefusal(second.id(), "security.duplicate-key", "duplicate-key");
  }

  @Test
  void anEnforcementPointAndADeviceNeverShareAKey() {
    KeyPair point = TestPki.key();
    assertEquals(201, enforcementPoint("est-keys-1", point).statusCode());
    Unit unit = unit();
    assertRefused(403, enroll(unit.idevid(), point));

    KeyPair device = TestPki.key();
    issued(enroll(unit.idevid(), device));
    assertEquals(403, enforcementPoint("est-keys-2", device).statusCode());
    assertEquals(
        201, enforcementPoint("est-keys-2", TestPki.key()).statusCode(), "the name was not taken");
  }

  private HttpResponse<byte[]> enforcementPoint(String name, KeyPair keys) {
    String csr = TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null));
    String body = "{\"name\":\"%s\",\"kind\":\"authzen\",\"csr\":\"%s\"}"
        .formatted(name, csr.replace("\n", "\\n"));
    return wire.send(
        null,
        wire.person("/api/v1/enforcement-points")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  @Test
  void ofTwoUnitsThatBringOneKeyAtOnceExactlyOneWins() throws Exception {
    for (int round = 0; round < 5; round++) {
      KeyPair keys = TestPki.key();
      Unit first = unit();
      Unit second = unit();

      List<Integer> statuses = atOnce(List.of(
          () -> enroll(first.idevid(), keys).statusCode(),
          () -> enroll(second.idevid(), keys).statusCode()));

      assertEquals(List.of(200, 403), statuses.stream().sorted().toList());
      assertEquals(1, certificates(first) + certificates(second));
    }
  }

  @Test
  void twoUnitsThatSwapTheirKeysAtOnceAreRefusedNotStuck() throws Exception {
    Unit first = unit();
    Unit second = unit();

    List<Integer> statuses = atOnce(List.of(
        () -> enroll(first.idevid(), second.idevid().keys()).statusCode(),
        () -> enroll(second.idevid(), first.idevid().keys()).statusCode()));

    assertTrue(certificates(first) + certificates(second) <= 1, statuses.toString());
    // 503: the database chose this one to give way to the other; it may be repeated.
    assertTrue(statuses.stream().allMatch(Set.of(200, 403, 503)::contains), statuses.toString());
  }

  @Test
  void registrationsOfOneSerialNumberAtOnceMakeOneDevice() throws Exception {
    String serialNumber = "parallel-registration";
    String body = """
        {"manufacturer":"%s","model":"C1","serial_number":"%s","profile":"%s","owner":"operations","site":"plant-1"}
        """.formatted(maker.name(), serialNumber, PROFILE);
    Callable<Integer> registration = () -> wire.send(
            null,
            wire.person("/api/v1/devices")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build())
        .statusCode();

    List<Integer> statuses =
        atOnce(Stream.generate(() -> registration).limit(12).toList());

    assertEquals(1, statuses.stream().filter(status -> status == 201).count(), statuses.toString());
    assertEquals(
        11, statuses.stream().filter(status -> status == 409).count(), statuses.toString());
    assertEquals(
        1,
        wire.admin("GET", "/api/v1/devices?text=" + serialNumber, null)
            .get("items")
            .size());
  }

  @Test
  void aSuspendedDeviceThatNeverEnrolledComesBackFromQuarantineToo() {
    Unit unit = unit();
    for (String act : List.of("suspend", "quarantine", "release")) {
      wire.admin("POST", "/api/v1/devices/" + unit.id() + "/" + act, Map.of("reason", "test"));
    }

    assertEquals("expected", state(unit));
    issued(enroll(unit.idevid(), TestPki.key()));
  }

  private static List<Integer> atOnce(List<Callable<Integer>> calls) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Integer> results = new ArrayList<>();
      for (Future<Integer> result : threads.invokeAll(calls)) {
        results.add(result.get());
      }
      return results;
    }
  }
}
