package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.attestation.TrustTier;
import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.decision.FleetDevice.Standing;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The fleet in memory against maps. */
class FleetTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00.123456Z");

  /** What a device is made of. */
  private record Made(
      Subject subject,
      DeviceState state,
      @Nullable Standing standing,
      List<LiveCredential> credentials,
      List<Lowering> lowerings,
      List<Signalled> signals) {
    FleetDevice device() {
      return new FleetDevice(subject, state, standing, credentials, lowerings, signals);
    }
  }

  @Property(tries = 60)
  void findsWhatMapsFind(@ForAll long seed) {
    Random random = new Random(seed);
    Fleet fleet = new Fleet();
    Map<UUID, Made> known = new HashMap<>();
    Set<LiveCredential> everUsed = new HashSet<>();
    int devices = 1 + random.nextInt(1500);
    for (int step = 0; step < 3000; step++) {
      UUID id = new UUID(7, random.nextInt(devices));
      if (random.nextInt(4) == 0) {
        fleet.putDevice(id, Optional.empty());
        known.remove(id);
      } else {
        Made made = made(id, random);
        fleet.putDevice(id, Optional.of(made.device()));
        known.put(id, made);
        everUsed.addAll(made.credentials);
      }
    }
    assertEquals(known.size(), fleet.size());
    Set<UUID> seen = new HashSet<>();
    for (int shard = 0; shard < Fleet.SHARDS; shard++) {
      List<UUID> there = fleet.shard(shard).stream().map(FleetDevice::id).toList();
      assertEquals(there.stream().sorted().toList(), there);
      for (UUID each : there) {
        assertTrue(seen.add(each), "in two shards");
        assertEquals(shard, Fleet.shard(each));
      }
    }
    assertEquals(known.keySet(), seen);
    Map<Digest, UUID> holders = new HashMap<>();
    known.forEach((id, made) -> {
      assertSame(made, fleet.device(id));
      made.credentials.forEach(one -> holders.put(one.thumbprint(), id));
    });
    for (LiveCredential each : everUsed) {
      UUID holder = holders.get(each.thumbprint());
      assertEquals(holder, fleet.holder(each.thumbprint()));
      assertEquals(holder == null ? null : each.thumbprint(), fleet.thumbprint(each.name()));
    }
  }

  private static void assertSame(Made made, @Nullable FleetDevice found) {
    assertNotNull(found);
    assertEquals(told(made.subject), told(found.subject()));
    assertEquals(made.state, found.state());
    assertEquals(made.standing, found.standing());
    assertEquals(made.credentials, found.credentials());
    assertEquals(made.signals, found.signals(NOW));
    Posture posture = made.standing == null ? null : made.standing.posture();
    for (Lowering lowering : made.lowerings) {
      posture = lowering.on(posture, NOW);
    }
    assertEquals(posture, found.posture(NOW));
    for (LiveCredential each : made.credentials) {
      boolean live = !NOW.isBefore(each.notBefore()) && !NOW.isAfter(each.notAfter());
      assertEquals(
          live ? each.notAfter() : null, found.liveUntil(each.thumbprint(), NOW, Set.of()));
      assertNull(
          found.liveUntil(each.thumbprint(), NOW, Set.of(each.name().authorityKeyIdentifier())));
    }
    assertEquals(
        made.credentials.stream()
            .filter(each -> !NOW.isBefore(each.notBefore()) && !NOW.isAfter(each.notAfter()))
            .map(LiveCredential::notAfter)
            .max(Instant::compareTo)
            .orElse(null),
        found.liveUntil(null, NOW, Set.of()));
  }

  /** A reader that goes on while a device is put again and again sees one of them, whole, and always one. */
  @Test
  void readersSeeAWholeDeviceWhileItChanges() throws InterruptedException {
    Fleet fleet = new Fleet();
    UUID id = new UUID(7, 1);
    Random random = new Random(3);
    Made one = made(id, random);
    Made other = made(id, random);
    fleet.putDevice(id, Optional.of(one.device()));
    AtomicBoolean over = new AtomicBoolean();
    AtomicReference<String> wrong = new AtomicReference<>("");
    Thread reader = Thread.ofPlatform().start(() -> {
      while (!over.get()) {
        FleetDevice seen = fleet.device(id);
        if (seen == null
            || !told(seen.subject()).equals(told(one.subject))
                && !told(seen.subject()).equals(told(other.subject))) {
          wrong.set("saw " + (seen == null ? "nothing" : told(seen.subject())));
        }
      }
    });
    for (int i = 0; i < 20_000; i++) {
      fleet.putDevice(id, Optional.of((i % 2 == 0 ? other : one).device()));
      UUID next = new UUID(8, i);
      fleet.putDevice(next, Optional.of(made(next, random).device()));
    }
    over.set(true);
    reader.join();
    assertEquals("", wrong.get());
  }

  @Test
  void whatIsEqualIsKeptOnce() {
    Interned<List<String>> words = new Interned<>();
    List<String> first = words.of(new ArrayList<>(List.of("a")));
    assertTrue(first == words.of(new ArrayList<>(List.of("a"))));
    assertTrue(first != words.of(new ArrayList<>(List.of("b"))));
    assertEquals(List.of("a"), first);
  }

  private static Described told(Subject subject) {
    return new Described(
        subject.id(),
        subject.manufacturer(),
        subject.model(),
        subject.serialNumber(),
        subject.profile(),
        subject.owner(),
        subject.site(),
        subject.labels(),
        subject.state(),
        subject.policies());
  }

  private static Made made(UUID id, Random random) {
    DeviceState state = random.nextBoolean() ? DeviceState.ACTIVE : DeviceState.SUSPENDED;
    Subject subject = FleetDevice.of(
            new Device(
                id,
                new HardwareUnit(
                    id, "Acme", "Cam " + random.nextInt(3), "S-\u00e9" + random.nextInt()),
                "camera",
                "ops",
                "site-" + random.nextInt(3),
                random.nextBoolean() ? Map.of("zone", "a") : Map.of(),
                state,
                0,
                NOW),
            List.of(),
            Optional.empty(),
            List.of())
        .subject();
    @Nullable
    Standing standing = random.nextInt(3) == 0
        ? null
        : new Standing(
            new UUID(random.nextLong(), random.nextLong()),
            new Posture(
                "warning",
                Map.of("executables", new PostureClaim("affirming", "hardware")),
                Map.of("firmware.version", "1." + random.nextInt(3)),
                NOW.plusSeconds(random.nextInt(100))));
    List<LiveCredential> credentials = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      Digest thumbprint =
          Digest.of((id + " " + random.nextInt(4)).getBytes(StandardCharsets.UTF_8));
      if (credentials.stream().noneMatch(known -> known.thumbprint().equals(thumbprint))) {
        credentials.add(new LiveCredential(
            thumbprint,
            new CertificateName("aa", new BigInteger(1, thumbprint.octets())),
            NOW.minusSeconds(100),
            NOW.plusSeconds(random.nextInt(100) - 50)));
      }
    }
    boolean signalled = random.nextInt(4) == 0;
    return new Made(
        subject,
        state,
        standing,
        credentials,
        signalled
            ? List.of(new Lowering("executables", TrustTier.CONTRAINDICATED, NOW.plusSeconds(1)))
            : List.of(),
        signalled
            ? List.of(new Signalled("malware", "executables", "high", NOW.plusSeconds(1)))
            : List.of());
  }
}
