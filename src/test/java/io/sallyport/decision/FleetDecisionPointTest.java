package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.decision.FleetDevice.Standing;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Essential;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FleetDecisionPointTest {
  private static final Instant START = Instant.parse("2026-11-22T10:00:00Z");
  private static final Duration BOUND = Duration.ofSeconds(5);
  private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);
  private static final RequestedFlow TIME = new RequestedFlow("10.20.0.1", "udp", 123);

  private final UUID camera = UUID.fromString("0193516b-0000-7000-8000-000000000001");
  private final DrivenClock clock = new DrivenClock(START);
  private final Ids ids = new Ids(clock, new SecureRandom());
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final FakeStore store = new FakeStore();
  private final FakeFleet database = new FakeFleet(new VideoAndEssentialTime());
  private final Fleet fleet = new Fleet();
  private final FleetKeeper keeper = new FleetKeeper(fleet, database, new OwnFacts(), clock);
  private final EssentialUses essentials = new EssentialUses(store, metrics);
  private final CanaryCounts canaries = new CanaryCounts(new NoCanaries());
  private final ObservedFlows observed = new ObservedFlows((seen, missed) -> {}, metrics);
  private final DecisionLog log =
      new DecisionLog(store, TestDecisionSettings.logging(1), ids, metrics);
  private final DecisionPoint decisions = new FleetDecisionPoint(
      fleet,
      essentials,
      observed,
      canaries,
      log,
      TestDecisionSettings.logging(1),
      clock,
      ids,
      metrics);

  @BeforeEach
  void anActiveCamera() {
    database.committed.put(camera, FakeFleet.device(camera, DeviceState.ACTIVE, START, null));
    database.feed(keeper, clock.instant());
  }

  @Nested
  class Current {
    @Test
    void permitsWhatPolicyPermitsUntilTheCertificateEnds() {
      Decision decision = decisions.decide(camera, VIDEO);
      assertTrue(decision.permit());
      assertEquals(START.plus(Duration.ofDays(1)), decision.validUntil());
      assertTrue(decisions.decide(FakeFleet.thumbprint(camera), VIDEO).permit());
    }

    @Test
    void endsWithTheAppraisalWhenThatIsEarlier() {
      Instant end = START.plusSeconds(60);
      Standing standing =
          new Standing(UUID.randomUUID(), new Posture("warning", Map.of(), Map.of(), end));
      committedHere(FakeFleet.device(camera, DeviceState.ACTIVE, START, standing));
      Decision decision = decisions.decide(camera, VIDEO);
      assertEquals(end, decision.validUntil());
      assertEquals(standing.appraisal(), decision.appraisal());
      clock.advance(Duration.ofSeconds(60));
      database.feed(keeper, clock.instant());
      assertDenied(decisions.decide(camera, VIDEO), "posture");
    }

    @Test
    void deniesWhatPolicyDoesNotPermit() {
      assertDenied(
          decisions.decide(camera, new RequestedFlow("evil.example", "tcp", 22)), "no rule");
    }

    @Test
    void deniesAnUnknownDeviceAndAnUnknownCertificate() {
      assertDenied(decisions.decide(new UUID(1, 2), VIDEO), "unknown device");
      assertDenied(decisions.decide(Digest.of(new byte[1]), VIDEO), "unknown certificate");
    }

    @ParameterizedTest
    @EnumSource(
        names = {"ACTIVE", "EXPECTED"},
        mode = EnumSource.Mode.EXCLUDE)
    void deniesInEveryStateThatMayNotConnect(DeviceState state) {
      committedHere(FakeFleet.device(camera, state, START, null));
      assertDenied(decisions.decide(camera, VIDEO), "state: the device is " + state.word());
    }

    @Test
    void keepsNothingOfADeviceThatIsMerelyExpected() {
      committedHere(FakeFleet.device(camera, DeviceState.EXPECTED, START, null));
      assertDenied(decisions.decide(camera, VIDEO), "unknown device");
      assertDenied(decisions.decide(FakeFleet.thumbprint(camera), VIDEO), "unknown certificate");
      assertEquals(Optional.empty(), decisions.state(camera));
      committedHere(FakeFleet.device(camera, DeviceState.ACTIVE, START, null));
      assertTrue(decisions.decide(camera, VIDEO).permit());
    }

    @Test
    void deniesWithoutALiveCertificate() {
      FleetDevice device = FakeFleet.device(camera, DeviceState.ACTIVE, START, null);
      committedHere(new FleetDevice(device.subject(), device.state(), null, List.of(), List.of()));
      assertDenied(decisions.decide(camera, VIDEO), "credential");
    }

    @Test
    void deniesAnExpiredCertificate() {
      clock.advance(Duration.ofDays(1).plusSeconds(1));
      database.feed(keeper, clock.instant());
      assertDenied(decisions.decide(camera, VIDEO), "credential");
    }

    @Test
    void deniesASupersededCertificateWhileItsSuccessorIsPermitted() {
      FleetDevice device = FakeFleet.device(camera, DeviceState.ACTIVE, START, null);
      Digest successor = Digest.of(new byte[] {7});
      committedHere(new FleetDevice(
          device.subject(),
          device.state(),
          null,
          List.of(new LiveCredential(
              successor,
              new CertificateName("aa", BigInteger.TWO),
              START,
              START.plusSeconds(3600))),
          List.of()));
      assertDenied(decisions.decide(FakeFleet.thumbprint(camera), VIDEO), "unknown certificate");
      assertTrue(decisions.decide(successor, VIDEO).permit());
    }

    @Test
    void tellsTheQuarantineNetworkOfAQuarantinedDevice() {
      committedHere(FakeFleet.device(camera, DeviceState.QUARANTINED, START, null));
      assertEquals(666, decisions.decide(camera, VIDEO).verdict().quarantineVlan());
    }

    @Test
    void keepsTheQuarantineNetworkFromWhoeverHasAnExpiredCertificate() {
      committedHere(FakeFleet.device(camera, DeviceState.QUARANTINED, START, null));
      clock.advance(Duration.ofDays(1).plusSeconds(1));
      database.feed(keeper, clock.instant());
      assertNull(
          decisions.decide(FakeFleet.name(camera), null, Actor.SERVER).verdict().quarantineVlan());
    }

    @Test
    void findsADeviceByIssuerAndSerialOfItsLiveCertificateOnly() {
      CertificateName name = FakeFleet.name(camera);
      assertTrue(decisions.decide(name, VIDEO, Actor.SERVER).permit());
      assertEquals(Optional.of(FakeFleet.thumbprint(camera)), decisions.thumbprint(name));
      CertificateName otherIssuer = new CertificateName("bb", name.serial());
      assertDenied(decisions.decide(otherIssuer, VIDEO, Actor.SERVER), "unknown certificate");
      FleetDevice device = FakeFleet.device(camera, DeviceState.ACTIVE, START, null);
      committedHere(new FleetDevice(device.subject(), device.state(), null, List.of(), List.of()));
      assertDenied(decisions.decide(name, VIDEO, Actor.SERVER), "unknown certificate");
      assertEquals(Optional.empty(), decisions.thumbprint(name));
    }

    @Test
    void deniesWhenTheEvaluationFails() {
      database.policies = new PolicySet() {
        @Override
        public Verdict evaluate(Question question) {
          throw new IllegalStateException("broken");
        }

        @Override
        public Forbidden forbidden(Question question) {
          return Forbidden.NOTHING;
        }

        @Override
        public String hash() {
          return "broken";
        }
      };
      keeper.refresh(Part.POLICIES);
      assertDenied(decisions.decide(camera, VIDEO), "error");
    }

    @Test
    void deniesAPeerThatNoNameIsAsLongAs() {
      assertDenied(decisions.decide(camera, new RequestedFlow("a".repeat(254), "tcp", 1)), "flow");
    }
  }

  /** Law 5. */
  @Nested
  class RevocationBound {
    @Test
    void theCommittingNodeDeniesAtOnce() {
      committedHere(FakeFleet.device(camera, DeviceState.QUARANTINED, START, null));
      assertDenied(decisions.decide(camera, VIDEO), "state");
    }

    @Test
    void anotherNodeDeniesWithItsNextPoll() {
      database.commit(camera, FakeFleet.device(camera, DeviceState.DECOMMISSIONED, START, null));
      assertTrue(decisions.decide(camera, VIDEO).permit());
      database.feed(keeper, clock.instant());
      assertDenied(decisions.decide(camera, VIDEO), "state");
    }

    @Test
    void nothingIsPermittedAfterTheBoundHoweverLongTheFeedIsAway() {
      database.commit(camera, FakeFleet.device(camera, DeviceState.DECOMMISSIONED, START, null));
      database.away = true;
      for (int tick = 0; tick < 100; tick++) {
        clock.advance(Duration.ofMillis(200));
        pollInVain();
        boolean permit = decisions.decide(camera, VIDEO).permit();
        assertFalse(
            permit && clock.instant().isAfter(START.plus(BOUND)), "permitted after commit + L");
      }
      assertDenied(decisions.decide(camera, VIDEO), "stale");
    }

    @Test
    void isCurrentAtTheBoundAndStaleRightAfterIt() {
      clock.advance(BOUND);
      assertTrue(decisions.decide(camera, VIDEO).permit());
      clock.advance(Duration.ofNanos(1000));
      assertDenied(decisions.decide(camera, VIDEO), "stale");
      assertDenied(decisions.decide(new UUID(1, 2), VIDEO), "stale");
      database.feed(keeper, clock.instant());
      assertTrue(decisions.decide(camera, VIDEO).permit());
    }

    @Test
    void aClockThatWentBackIsStale() {
      clock.advance(Duration.ofSeconds(-1));
      assertDenied(decisions.decide(camera, VIDEO), "stale");
    }

    @Test
    void beforeTheFirstLoadNothingIsPermitted() {
      DecisionPoint unloaded = new FleetDecisionPoint(
          new Fleet(),
          essentials,
          observed,
          canaries,
          log,
          TestDecisionSettings.logging(1),
          clock,
          ids,
          metrics);
      assertDenied(unloaded.decide(camera, TIME), "stale");
    }
  }

  @Nested
  class Refreshing {
    @Test
    void aPartThatCannotBeReadIsDeniedUntilItCan() {
      database.away = true;
      keeper.refresh(new Part.OfDevice(camera));
      assertDenied(decisions.decide(camera, VIDEO), "unconfirmed");
      database.away = false;
      database.feed(keeper, clock.instant());
      assertTrue(decisions.decide(camera, VIDEO).permit());
    }

    @Test
    void policiesThatCannotBeReadDenyEverything() {
      database.away = true;
      keeper.refresh(Part.POLICIES);
      assertDenied(decisions.decide(camera, VIDEO), "unconfirmed");
    }

    @Test
    void anEarlierReadingNeverReplacesALaterOne() throws InterruptedException {
      CountDownLatch oldWasRead = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      AtomicBoolean first = new AtomicBoolean(true);
      database.afterReading = () -> {
        if (first.getAndSet(false)) {
          oldWasRead.countDown();
          await(goOn);
        }
      };
      Thread slow = Thread.ofVirtual().start(() -> keeper.refresh(new Part.OfDevice(camera)));
      await(oldWasRead);
      database.committed.put(camera, FakeFleet.device(camera, DeviceState.SUSPENDED, START, null));
      Thread later = Thread.ofVirtual().start(() -> keeper.refresh(new Part.OfDevice(camera)));
      goOn.countDown();
      slow.join();
      later.join();
      assertDenied(decisions.decide(camera, VIDEO), "state: the device is suspended");
    }

    @Test
    void aLoadThatFailedIsTriedAgain() {
      Fleet empty = new Fleet();
      FleetKeeper other = new FleetKeeper(empty, database, new OwnFacts(), clock);
      database.away = true;
      org.junit.jupiter.api.Assertions.assertThrows(
          IllegalStateException.class, () -> database.feed(other, clock.instant()));
      assertNull(empty.confirmed());
      database.away = false;
      database.feed(other, clock.instant());
      assertNotNull(empty.device(camera));
    }
  }

  /** Law 6. */
  @Nested
  class EssentialFlows {
    @Test
    void keepTheirPermitForAtMostTheirLongestTimeWithAnAlarm() {
      clock.advance(Duration.ofHours(4));
      Decision decision = decisions.decide(camera, TIME);
      assertTrue(decision.permit());
      assertTrue(decision.reasons().getFirst().startsWith("stale"));
      assertEquals(clock.instant(), decision.validUntil(), "nothing can be built on it");
      assertEquals(1, metrics.counter("sallyport.essential.permits").count());
      assertDenied(decisions.decide(camera, VIDEO), "stale");
      clock.advance(Duration.ofSeconds(1));
      assertDenied(decisions.decide(camera, TIME), "stale");
    }

    @Test
    void keepNothingWhenTheDeviceWasCutOffBefore() {
      committedHere(FakeFleet.device(camera, DeviceState.QUARANTINED, START, null));
      clock.advance(Duration.ofMinutes(1));
      assertDenied(decisions.decide(camera, TIME), "stale");
      assertEquals(0, metrics.counter("sallyport.essential.permits").count());
    }

    @Test
    void keepNothingWhenTheDeviceIsDoubtful() {
      database.away = true;
      keeper.refresh(new Part.OfDevice(camera));
      clock.advance(Duration.ofMinutes(1));
      assertDenied(decisions.decide(camera, TIME), "stale");
    }

    @Test
    void areRecordedOnceForEachDeviceAndFlowWhenTheDatabaseIsBack() {
      store.away = true;
      clock.advance(Duration.ofMinutes(1));
      decisions.decide(camera, TIME);
      org.junit.jupiter.api.Assertions.assertThrows(IllegalStateException.class, essentials::flush);
      decisions.decide(camera, TIME);
      store.away = false;
      essentials.flush();
      essentials.flush();
      assertEquals(
          List.of(new EssentialUse(camera, TIME, "ops@plant", 2, clock.instant(), clock.instant())),
          store.uses);
    }
  }

  @Nested
  class Log {
    @Test
    void tellsWhoAskedWhatAndWhy() {
      Decision decision = decisions.decide(camera, VIDEO, Actor.enforcementPoint("firewall-1"));
      log.write();
      DecisionRow row = store.batches.getFirst().getFirst();
      assertEquals(decision.id(), row.id());
      Inputs inputs = Objects.requireNonNull(row.inputs());
      assertEquals(
          "[\"" + decision.id() + "\",\"2026-11-22T10:00:00Z\",\"enforcement-point:firewall-1\",\""
              + camera
              + "\",\"{\\\"peer\\\":\\\"vms.plant.example\\\",\\\"protocol\\\":\\\"tcp\\\",\\\"port\\\":8554}\","
              + "\"true\",\"[\\\"video: allowed\\\"]\",\"hash\",\"\",\""
              + inputs.hash().hex() + "\"]\n",
          row.line());
    }

    @Test
    void keepsABatchThroughAnOutage() {
      store.away = true;
      decisions.decide(camera, VIDEO);
      log.write();
      decisions.decide(camera, VIDEO);
      store.away = false;
      log.write();
      assertEquals(2, store.batches.stream().mapToInt(List::size).sum());
    }

    @Test
    void countsWhatItHasNoRoomFor() {
      for (int i = 0; i < DecisionLog.CAPACITY + 3; i++) {
        decisions.decide(camera, VIDEO);
      }
      assertEquals(3, metrics.counter("sallyport.decisions.dropped").count());
    }

    @Test
    void leavesOutPermitsButNoDenialWhenAShareOfThemIsWanted() {
      DecisionLog sampled =
          new DecisionLog(store, TestDecisionSettings.logging(0.25), ids, metrics);
      DecisionPoint point = new FleetDecisionPoint(
          fleet,
          essentials,
          observed,
          canaries,
          sampled,
          TestDecisionSettings.logging(1),
          clock,
          ids,
          metrics);
      for (int i = 0; i < 1000; i++) {
        point.decide(camera, VIDEO);
        point.decide(new UUID(1, 2), VIDEO);
      }
      sampled.write();
      List<DecisionRow> rows = store.batches.stream().flatMap(List::stream).toList();
      assertEquals(1000, rows.stream().filter(row -> !row.permit()).count());
      long permits = rows.stream().filter(DecisionRow::permit).count();
      // Ten standard deviations, so that it never fails by chance.
      assertTrue(permits > 113 && permits < 387, permits + " permits");
    }

    @Test
    void noCharacterOfAQuestionSpoilsItsLine() {
      decisions.decide(camera, new RequestedFlow("a\u0000\n\ud800\u00e9\"", "tcp", 1));
      log.write();
      String line = store.batches.getFirst().getFirst().line();
      assertTrue(line.chars().allMatch(c -> c >= 0x20 && c < 0x7f || c == '\n'), line);
      assertEquals(line.length() - 1, line.indexOf('\n'));
    }
  }

  /** What the committing node does for a change of its own. */
  private void committedHere(FleetDevice device) {
    database.committed.put(camera, device);
    keeper.refresh(new Part.OfDevice(camera));
  }

  private void pollInVain() {
    try {
      database.feed(keeper, clock.instant());
    } catch (IllegalStateException away) {
      assertTrue(database.away);
    }
  }

  private static void assertDenied(Decision decision, String reason) {
    assertFalse(decision.permit());
    assertFalse(decision.verdict().permit());
    assertNull(decision.validUntil());
    assertTrue(
        decision.reasons().getFirst().startsWith(reason), decision.reasons().toString());
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(10, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Video for minutes, time as an essential flow; rests on the posture when there is one. */
  private static final class VideoAndEssentialTime implements PolicySet {
    @Override
    public Forbidden forbidden(Question question) {
      return Forbidden.NOTHING;
    }

    @Override
    public Verdict evaluate(Question question) {
      Instant end = question.posture() == null ? null : question.posture().expiresAt();
      if (VIDEO.equals(question.flow())) {
        return verdict("video: allowed", end, null);
      }
      if (TIME.equals(question.flow())) {
        return verdict("time: allowed", end, new Essential("ops@plant", Duration.ofHours(4)));
      }
      return new Verdict(
          false, List.of("no rule"), "cameras", "hash", List.of(), null, null, null, 666, null);
    }

    private static Verdict verdict(
        String reason, @Nullable Instant end, @Nullable Essential essential) {
      return new Verdict(
          true,
          List.of(reason),
          "cameras",
          "hash",
          List.of(),
          Duration.ofMinutes(10),
          end,
          essential,
          666,
          null);
    }

    @Override
    public String hash() {
      return "hash";
    }
  }
}
