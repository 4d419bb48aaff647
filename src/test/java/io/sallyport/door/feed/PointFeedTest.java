package io.sallyport.door.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.door.feed.DevicePicture.LiveFlow;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.AddressBindings.Source;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PointFeedTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

  private record Settings(int mostEntries) implements FeedSettings {
    @Override
    public Duration heartbeatEvery() {
      return Duration.ofSeconds(2);
    }

    @Override
    public Duration confirmWithin() {
      return Duration.ofSeconds(5);
    }

    @Override
    public int mostStreamsForPoint() {
      return 1;
    }

    @Override
    public int mostWaiting() {
      return 1;
    }
  }

  private static EnforcementPoint point(String peer, String... more) {
    List<String> peers = new ArrayList<>(List.of(more));
    if (!peer.isEmpty()) {
      peers.add(peer);
    }
    return new EnforcementPoint(
        new UUID(0, 1),
        "wall",
        PointKind.NFTABLES,
        new PointSettings(
            Set.of("plant-1"),
            peers,
            Map.of("vms.plant.example", List.of("192.0.2.80", "2001:db8::80")),
            null,
            Map.of()),
        NOW);
  }

  /** An address, bound for ten minutes, with a grant of an hour to a peer. */
  private static DevicePicture picture(String address, String peer, boolean cut) {
    return picture(address, cut, new GrantedFlow(peer, "tcp", List.of("8554", "9000-9010")));
  }

  private static DevicePicture picture(String address, boolean cut, GrantedFlow flow) {
    UUID device = new UUID(1, address.hashCode());
    return new DevicePicture(
        device,
        "plant-1",
        cut,
        List.of(new AddressBinding(
            new UUID(2, 2),
            device,
            address,
            "default",
            Source.STATIC,
            null,
            NOW,
            NOW.plusSeconds(600),
            null,
            null)),
        List.of(new LiveFlow(new UUID(3, 3), flow, NOW, NOW.plusSeconds(3600), null)),
        Forbidden.NOTHING,
        false);
  }

  private static Share share(EnforcementPoint point, DevicePicture picture) {
    return Share.of(point, picture, NOW);
  }

  @Test
  void anEntryEndsWithTheEarlierOfGrantAndBinding() {
    Share share = share(point(""), picture("10.0.0.1", "10.20.0.0/16", false));
    assertEquals(2, share.entries().size());
    share
        .entries()
        .values()
        .forEach(entry -> assertEquals(NOW.plusSeconds(600), entry.expiresAt()));
  }

  /** The peer of a grant, what the point guards, and where the entries lead to. */
  @ParameterizedTest
  @CsvSource({
    "10.20.0.0/16, 10.0.0.0/8, 10.20.0.0/16",
    "10.0.0.0/8, 10.20.0.0/16, 10.20.0.0/16",
    "10.0.0.0/8, 192.0.2.0/24, ",
    "vms.plant.example, vms.plant.example, 192.0.2.80",
    "VMS.plant.example, vms.plant.example, 192.0.2.80",
    "vms.plant.example, other.example, ",
    "2001:db8::/32, '', "
  })
  void aPointSeesItsPartOfAPeer(String peer, String guarded, @Nullable String destination) {
    Share share = share(point(guarded), picture("10.0.0.1", peer, false));
    List<String> destinations =
        share.entries().values().stream().map(Entry::destination).distinct().toList();
    assertEquals(destination == null ? List.of() : List.of(destination), destinations);
  }

  /** What a grant says of icmp, and what an address of each version of IP gets of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vms.plant.example|10.0.0.1|v4:8,v6:128|8",
        "vms.plant.example|2001:db8::1|v4:8,v6:128|128",
        "vms.plant.example|2001:db8::1|v4:8|",
        "10.20.0.0/16|10.0.0.1|0-7,9|0-7,9",
        "10.20.0.0/16|10.0.0.1||all"
      })
  void typesOfIcmpGoToAddressesOfTheirVersion(
      String peer, String address, @Nullable String types, @Nullable String given) {
    List<String> asked = types == null ? List.of() : List.of(types.split(","));
    Share share = share(point(""), picture(address, false, new GrantedFlow(peer, "icmp", asked)));
    assertEquals(
        given == null ? List.of() : List.of(given.split(",")),
        share.entries().values().stream()
            .map(entry -> entry.json().getString("icmp_types", "all"))
            .sorted()
            .toList());
  }

  @Test
  void aDeviceOfAnotherSiteIsNotSeenAtAll() {
    DevicePicture own = picture("10.0.0.1", "10.20.0.0/16", true);
    DevicePicture other = new DevicePicture(
        own.device(), "plant-2", true, own.bindings(), own.flows(), own.forbidden(), false);
    assertEquals(Set.of("10.0.0.1"), share(point(""), own).quarantined());
    assertEquals(Share.NOTHING, share(point(""), other));
  }

  /** What is forbidden of an address, and what is left of 8554 and 9000 to 9010 at the two that the name has. */
  @ParameterizedTest
  @CsvSource({
    "192.0.2.0/24, tcp, 9005-9010, 8554 9000-9004",
    "192.0.2.0/24, tcp, 1-65535, ",
    "192.0.2.0/24, udp, 1-65535, 8554 9000-9010",
    "192.0.2.81, tcp, 1-65535, 8554 9000-9010"
  })
  void anAddressOfANameLosesWhatIsForbiddenThere(
      String prefix, String protocol, String ports, @Nullable String left) {
    PolicySet policies = PolicySet.compile(List.of("""
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: closed}
        spec:
          effect: forbid
          selector: {}
          deny: [{peer: %s, protocol: %s, ports: ["%s"]}]
        """.formatted(prefix, protocol, ports)));
    DevicePicture own = picture("10.0.0.1", "vms.plant.example", false);
    Question question = new Question(
        new Question.Described(
            "camera", "acme", "c1", "1", "camera", "ops", "plant-1", Map.of(), "active", Set.of()),
        null,
        null,
        NOW);
    Share share = share(
        point(""),
        new DevicePicture(
            own.device(),
            "plant-1",
            false,
            own.bindings(),
            own.flows(),
            policies.forbidden(question),
            false));
    assertEquals(
        left == null ? List.of() : List.of(left.split(" ")),
        share.entries().values().stream().map(Entry::ports).sorted().toList());
  }

  @Test
  void aFeedThatIsTooLargeIsRefusedWhole() {
    PointFeed feed = new PointFeed(point(""), new Settings(2), "life");
    feed.take(new UUID(1, 1), share(point(""), picture("10.0.0.1", "10.20.0.0/16", false)));
    feed.publish(7, NOW);
    assertEquals(2, feed.state().entries().size());
    feed.take(new UUID(1, 2), share(point(""), picture("10.0.0.2", "10.20.0.0/16", false)));
    feed.publish(8, NOW);
    Refusal refused = assertThrows(Refusal.class, feed::state);
    assertEquals(FeedProblem.FEED_TOO_LARGE, refused.problem());
    assertTrue(refused.detail().contains("4 entries"), refused.detail());
    feed.take(new UUID(1, 2), Share.NOTHING);
    assertEquals(2, feed.state().entries().size());
  }

  @Test
  void anAcknowledgedPositionCountsUpToWhatWasConfirmedThere() {
    PointFeed feed = new PointFeed(point(""), new Settings(2), "life");
    feed.publish(5, NOW);
    assertNull(feed.seenAt(5));
    feed.confirm(NOW.plusSeconds(1));
    feed.confirm(NOW.plusSeconds(2));
    feed.publish(9, NOW);
    feed.confirm(NOW.plusSeconds(3));
    assertNull(feed.seenAt(4));
    assertEquals(NOW.plusSeconds(2), feed.seenAt(5));
    assertEquals(NOW.plusSeconds(2), feed.seenAt(8));
    assertEquals(NOW.plusSeconds(3), feed.seenAt(9));
    assertThrows(Refusal.class, () -> feed.seenAt(10));
  }
}
