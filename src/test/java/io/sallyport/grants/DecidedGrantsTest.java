package io.sallyport.grants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Fact;
import io.sallyport.decision.CertificateName;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DrivenClock;
import io.sallyport.devices.DeviceState;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.grants.Grants.Grant;
import io.sallyport.grants.Grants.Holder;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.grants.RefusalReason.Remedy;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Explanation.Kind;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.lang.reflect.Proxy;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecidedGrantsTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);
  private static final RequestedFlow PING = new RequestedFlow("10.20.0.1", "icmp", 0);

  private final UUID id = UUID.fromString("0193516b-0000-7000-8000-000000000001");
  private final Actor actor = Actor.device(id);
  private final DrivenClock clock = new DrivenClock(NOW.plusMillis(400));
  private final FakeDecisions decisions = new FakeDecisions();
  private final List<Object> events = new ArrayList<>();
  private final List<LiveGrant> open = new ArrayList<>();
  private final Store store = new Store();
  private final Grants grants = new DecidedGrants(
      decisions,
      store,
      new TokenKeys(keys(), Map::of, clock),
      new Settings(),
      new StatusPlaces(store, clock, new SecureRandom()),
      clock,
      new Ids(clock, new SecureRandom()));

  @Test
  void aTokenSaysWhatIsGrantedAndToWhichCertificate() throws Exception {
    Grant grant = granted(holder(Duration.ofDays(1)), List.of(VIDEO, PING));
    SignedJWT token = SignedJWT.parse(grant.token());
    JWK key = JWKSet.parse(grants.keySet()).getKeyByKeyId(token.getHeader().getKeyID());
    assertTrue(token.verify(new ECDSAVerifier(key.toECKey())));
    assertFalse(grants.keySet().contains("\"d\""), "no private part");
    assertEquals("at+jwt", token.getHeader().getType().toString());
    JWTClaimsSet claims = token.getJWTClaimsSet();
    assertEquals("https://sallyport.example", claims.getIssuer());
    assertEquals(id.toString(), claims.getSubject());
    assertEquals(grant.id().toString(), claims.getJWTID());
    assertEquals(Map.of("x5t#S256", Digest.of(new byte[] {1}).base64Url()), claims.getClaim("cnf"));
    assertEquals("hash", claims.getClaim("policy_hash"));
    assertEquals(decisions.appraisal.toString(), claims.getClaim("appraisal"));
    assertEquals(
        List.of(
            Map.of(
                "type",
                "network_flow",
                "peer",
                "vms.plant.example",
                "protocol",
                "tcp",
                "port",
                8554L),
            Map.of("type", "network_flow", "peer", "10.20.0.1", "protocol", "icmp")),
        claims.getClaim("authorization_details"));
    assertEquals(NOW, claims.getIssueTime().toInstant());
    assertEquals(grant.expiresAt(), claims.getExpirationTime().toInstant());
  }

  @Test
  void withoutFlowsEverythingThatPolicyPermitsIsGranted() {
    Grant grant = granted(holder(Duration.ofDays(1)), List.of());
    assertEquals(
        List.of(Map.of(
            "type",
            "network_flow",
            "peer",
            "vms.plant.example",
            "protocol",
            "tcp",
            "ports",
            List.of("8554", "9000-9010"))),
        NetworkFlows.details(grant.flows()));
  }

  @ParameterizedTest
  @CsvSource({
    "10.20.0.1, 9",
    "10.20.0.1, 0",
    "2001:db8::1, 385",
    "vms.plant.example, 9",
    "vms.plant.example, 385"
  })
  void aGrantOfATypeOfIcmpIsAskedForAgainAsThatType(String peer, int type) {
    RequestedFlow flow = new RequestedFlow(peer, "icmp", type);
    assertEquals(Optional.of(flow), NetworkFlows.requested(NetworkFlows.granted(flow)));
  }

  /** Law 4, of whatever lasts and at whatever moment; and law 5, when a part of it ends while the token is made. */
  @Property(tries = 3000)
  void noGrantOutlivesWhatItStandsOn(
      @ForAll @LongRange(min = 1, max = 86_400_000) long policy,
      @ForAll @LongRange(min = 1, max = 86_400_000) long certificate,
      @ForAll @LongRange(min = 1, max = 86_400_000) long appraisal,
      @ForAll @LongRange(min = 0, max = 5_000) long passed) {
    clock.advance(Duration.ofMillis(passed));
    Instant now = clock.instant();
    decisions.ttl = Duration.ofMillis(policy);
    decisions.validUntil = now.plusMillis(appraisal);
    Holder holder = new Holder(id, Digest.of(new byte[] {1}), now.plusMillis(certificate));
    if (grants.grant(holder, List.of(VIDEO), actor) instanceof GrantAnswer.Granted made) {
      Instant end = made.grant().expiresAt();
      assertTrue(end.isAfter(now.truncatedTo(ChronoUnit.SECONDS)));
      assertFalse(end.isAfter(now.plusMillis(policy)), "policy");
      assertFalse(end.isAfter(holder.notAfter()), "certificate");
      assertFalse(end.isAfter(now.plusMillis(appraisal)), "appraisal");
    } else {
      assertTrue(Math.min(policy, Math.min(certificate, appraisal)) < 2_000, "refused for nothing");
    }
  }

  /** Law 4: seconds that policy, certificate and appraisal last, and the least of them. */
  @ParameterizedTest
  @CsvSource({
    "600, 86400, 900, 600",
    "600, 300, 900, 300",
    "600, 86400, 200, 200",
    "600, 86400, , 600"
  })
  void aGrantEndsWithTheFirstOfAllThatItStandsOn(
      long policy, long certificate, @Nullable Long appraisal, long expected) {
    decisions.ttl = Duration.ofSeconds(policy);
    decisions.validUntil = appraisal == null ? null : NOW.plusSeconds(appraisal);
    Grant grant = granted(holder(Duration.ofSeconds(certificate)), List.of(VIDEO));
    assertEquals(NOW.plusSeconds(expected), grant.expiresAt());
    assertEquals(Duration.ofSeconds(expected), grant.lifetime());
  }

  @Test
  void nothingIsGrantedOnWhatEndsNow() {
    decisions.validUntil = clock.instant();
    assertDenied(List.of(VIDEO), "Nothing is left");
    assertEquals(List.of("grant.refused"), events);
  }

  @Test
  void oneForbiddenFlowRefusesAllWithItsReasons() {
    assertDenied(
        List.of(VIDEO, new RequestedFlow("evil.example", "tcp", 22)), "no rule for evil.example");
    assertEquals(List.of("grant.refused"), events);
  }

  @Test
  void whatOneFlowLacksIsSaidOfItAndThatTheOthersMayPass() {
    RequestedFlow evil = new RequestedFlow("evil.example", "tcp", 22);
    RefusalReason reason = denied(List.of(VIDEO, evil)).getFirst();
    assertEquals("policy", reason.code());
    assertEquals(evil, reason.flow());
    assertEquals(Remedy.NARROW, reason.remedy());
    assertEquals(Remedy.NONE, denied(List.of(evil)).getFirst().remedy());
  }

  @Test
  void whatAPolicyWantsIsSaidAsData() {
    decisions.unmet = List.of(
        new Unmet(
            "cameras", null, Kind.POSTURE, "executables", "contraindicated", "warning or better"),
        new Unmet("cameras", "video", Kind.FLOW, "tcp to evil.example", null, "vms.plant.example"));
    List<RefusalReason> reasons = denied(List.of(new RequestedFlow("evil.example", "tcp", 22)));
    assertEquals(
        List.of("posture attest", "flow none"),
        reasons.stream()
            .map(reason -> reason.code() + " " + reason.remedy().word())
            .toList());
    assertEquals("contraindicated", reasons.getFirst().has());
    assertEquals("warning or better", reasons.getFirst().wants());
    assertEquals("video", reasons.getLast().rule());
  }

  @Test
  void whatLiesInTheDeviceIsNoPolicysReason() {
    decisions.lostAfter = 0;
    RefusalReason reason = denied(List.of(VIDEO)).getFirst();
    assertEquals("state", reason.code());
    assertEquals(null, reason.policy());
    decisions.lostAfter = Integer.MAX_VALUE;
    decisions.doubtful = Digest.of(new byte[] {1});
    reason = denied(List.of(VIDEO)).getFirst();
    assertEquals("unconfirmed", reason.code());
    assertEquals(Remedy.WAIT, reason.remedy());
  }

  @Test
  void aTokenNamesItsPlaceOnAStatusList() throws Exception {
    Grant grant = granted(holder(Duration.ofDays(1)), List.of(VIDEO));
    Map<String, Object> status =
        SignedJWT.parse(grant.token()).getJWTClaimsSet().getJSONObjectClaim("status");
    Map<?, ?> place = (Map<?, ?>) Objects.requireNonNull(status.get("status_list"));
    assertEquals("https://sallyport.example/oauth2/status/2", place.get("uri"));
    long index = ((Number) Objects.requireNonNull(place.get("idx"))).longValue();
    assertEquals(1, index % StatusPlace.BLOCKS, "a place of the block that was taken");
    assertTrue(index >= 0 && index < StatusPlace.LIST);
  }

  @Test
  void aGrantIsOfWhatTheDeviceOpensAndNotOfWhatOpensToIt() {
    decisions.flows = List.of(
        new AllowedFlow("vms.plant.example", "tcp", List.of("8554")),
        new AllowedFlow("vms.plant.example", "tcp", List.of("554"), Direction.TO_DEVICE));
    Grant grant = granted(holder(Duration.ofDays(1)), List.of());
    assertEquals(
        List.of(List.of("8554")),
        grant.flows().stream().map(flow -> flow.ports()).toList());
    decisions.flows = decisions.flows.subList(1, 2);
    assertEquals("ended", denied(List.of()).getFirst().code());
  }

  @Test
  void aGrantIsRecordedBeforeItIsSigned() {
    granted(holder(Duration.ofDays(1)), List.of(VIDEO));
    assertEquals(List.of("issued", "signed"), events);
  }

  @Test
  void aPermitThatWasLostWhileItWasMadeIsNotHandedOut() {
    decisions.lostAfter = 1;
    assertDenied(List.of(VIDEO), "state");
    assertEquals(List.of("issued", "signed", "grant.withheld"), events);
  }

  @Test
  void aWholeThatShrankWhileItWasMadeIsNotHandedOut() {
    decisions.later = List.of(new AllowedFlow("vms.plant.example", "tcp", List.of("8554")));
    assertEquals(Remedy.WAIT, denied(List.of()).getFirst().remedy());
    assertEquals(List.of("issued", "signed", "grant.withheld"), events);
  }

  /** Law 5: another node may be behind for as long as it may be, and its grant comes after the look at the change. */
  @Test
  void aGrantOfANodeThatWasBehindIsWithdrawnToo() {
    Changes changes = (Changes) Proxy.newProxyInstance(
        Changes.class.getClassLoader(), new Class<?>[] {Changes.class}, (proxy, method, all) -> {
          throw new UnsupportedOperationException(method.getName());
        });
    AuditLog log = (AuditLog) Proxy.newProxyInstance(
        AuditLog.class.getClassLoader(), new Class<?>[] {AuditLog.class}, (proxy, method, all) -> {
          throw new UnsupportedOperationException(method.getName());
        });
    GrantWithdrawal withdrawal = new GrantWithdrawal(
        changes, log, decisions, store, (DecidedGrants) grants, clock, Duration.ofSeconds(5));
    clock.advance(Duration.ofMinutes(1));
    withdrawal.confirmed(clock.instant());
    decisions.lostAfter = 0;
    withdrawal.changed(List.of(new Change(0, id, "device.moved", "device", id.toString())));
    assertEquals(List.of(), events);

    open.add(live(id, Digest.of(new byte[] {1})));
    withdrawal.confirmed(clock.instant());
    assertEquals(List.of(), events);
    clock.advance(Duration.ofSeconds(10));
    withdrawal.confirmed(clock.instant());
    assertEquals(List.of("withdrawn state: the device is quarantined"), events);
  }

  @Test
  void tooManyFlowsAreRefused() {
    List<RequestedFlow> flows = java.util.Collections.nCopies(Grants.MOST_FLOWS + 1, VIDEO);
    Refusal refusal =
        assertThrows(Refusal.class, () -> grants.grant(holder(Duration.ofDays(1)), flows, actor));
    assertEquals(GrantProblem.TOO_MANY_FLOWS, refusal.problem());
  }

  @Test
  void aDeviceInDoubtStopsNobodyElse() {
    UUID other = new UUID(0, 2);
    open.add(live(id, Digest.of(new byte[] {1})));
    open.add(live(other, Digest.of(new byte[] {9})));
    decisions.doubtful = Digest.of(new byte[] {1});

    Grants.Live live = grants.live(List.of(id, other));

    assertEquals(Set.of(other), live.grants().keySet());
    assertEquals(Set.of(id), live.doubtful());
  }

  private static LiveGrant live(UUID device, Digest thumbprint) {
    return new LiveGrant(device, device, thumbprint, List.of(), NOW, NOW.plusSeconds(60));
  }

  private void assertDenied(List<RequestedFlow> flows, String reason) {
    List<RefusalReason> reasons = denied(flows);
    assertTrue(reasons.getFirst().detail().contains(reason), reasons.toString());
  }

  private List<RefusalReason> denied(List<RequestedFlow> flows) {
    return switch (grants.grant(holder(Duration.ofDays(1)), flows, actor)) {
      case GrantAnswer.Granted granted -> throw new AssertionError("granted " + granted);
      case GrantAnswer.Denied denied -> denied.reasons();
    };
  }

  private Grant granted(Holder holder, List<RequestedFlow> flows) {
    return switch (grants.grant(holder, flows, actor)) {
      case GrantAnswer.Granted granted -> granted.grant();
      case GrantAnswer.Denied denied -> throw new AssertionError("denied " + denied);
    };
  }

  private Holder holder(Duration left) {
    return new Holder(id, Digest.of(new byte[] {1}), NOW.plus(left));
  }

  private Keys keys() {
    KeyPair pair;
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      pair = generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    KeyHandle handle =
        new KeyHandle(id, KeyAlgorithm.EC_P256, Der.of(pair.getPublic().getEncoded()));
    return (Keys) Proxy.newProxyInstance(
        Keys.class.getClassLoader(),
        new Class<?>[] {Keys.class},
        (proxy, method, arguments) -> switch (method.getName()) {
          case "of" -> List.of(handle);
          case "shared" -> handle;
          case "sign" -> {
            events.add("signed");
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(pair.getPrivate());
            signature.update((byte[]) arguments[1]);
            yield signature.sign();
          }
          default -> throw new UnsupportedOperationException(method.getName());
        });
  }

  private final class Store implements GrantStore {
    @Override
    public void issued(NetworkGrant grant, Actor by) {
      events.add("issued");
      grant.liveAt(clock.instant()).ifPresent(open::add);
    }

    @Override
    public List<LiveGrant> open(Collection<UUID> devices, int most) {
      return open;
    }

    @Override
    public List<LiveGrant> openAfter(
        Collection<UUID> devices, @Nullable LiveGrant last, int limit) {
      return openAfter(last, limit);
    }

    @Override
    public List<LiveGrant> openAfter(@Nullable LiveGrant last, int limit) {
      return last == null ? open : List.of();
    }

    @Override
    public Optional<LiveGrant> open(UUID grant) {
      return open.stream().filter(known -> known.id().equals(grant)).findFirst();
    }

    @Override
    public Map<UUID, UUID> holders(Collection<UUID> grants) {
      return Map.of();
    }

    @Override
    public void withdraw(UUID grant, String because, Actor by) {
      events.add("withdrawn " + because);
    }

    @Override
    public void withdrawAll(UUID holder, Instant instant, String because) {
      events.add("all withdrawn " + because);
    }

    @Override
    public void withdrawAll(UUID holder, Digest thumbprint, Instant instant, String because) {
      events.add("all withdrawn of " + thumbprint + " " + because);
    }

    @Override
    public long takeStatusBlock() {
      return 2 * StatusPlace.BLOCKS + 1;
    }

    @Override
    public List<Integer> statusLists(Instant since) {
      return List.of(2);
    }

    @Override
    public List<Integer> withdrawnOn(int list) {
      return List.of();
    }

    @Override
    public long withdrawnTo() {
      return 0;
    }

    @Override
    public void refused(Fact fact) {
      events.add(fact.kind());
    }
  }

  private record Settings() implements GrantSettings {
    @Override
    public String issuer() {
      return "https://sallyport.example";
    }

    @Override
    public String audience() {
      return "urn:sallyport:enforcement-points";
    }
  }

  /** Permits all but evil.example, and nothing after {@code lostAfter} questions. */
  private static final class FakeDecisions implements DecisionPoint {
    final UUID appraisal = new UUID(7, 7);
    Duration ttl = Duration.ofMinutes(10);

    @Nullable
    Instant validUntil;

    @Nullable
    Digest doubtful;

    List<AllowedFlow> flows =
        List.of(new AllowedFlow("vms.plant.example", "tcp", List.of("8554", "9000-9010")));
    /** What it is from the second question on, or null for the same. */
    @Nullable
    List<AllowedFlow> later;

    List<Unmet> unmet = List.of();
    int lostAfter = Integer.MAX_VALUE;
    private int asked;

    @Override
    public Forbidden forbidden(UUID device) {
      return Forbidden.NOTHING;
    }

    @Override
    public Decision decide(UUID device, @Nullable RequestedFlow flow, Actor asker) {
      throw new UnsupportedOperationException("a grant is bound to a certificate");
    }

    @Override
    public Decision decide(Digest thumbprint, @Nullable RequestedFlow flow, Actor asker) {
      String reason = Objects.equals(thumbprint, doubtful)
          ? "unconfirmed device: a change of it could not be read yet"
          : asked++ >= lostAfter
              ? "state: the device is quarantined"
              : flow != null && flow.peer().equals("evil.example")
                  ? "no rule for evil.example"
                  : null;
      boolean permit = reason == null;
      List<String> reasons = List.of(permit ? "allowed" : reason);
      Verdict verdict = new Verdict(
          permit,
          reasons,
          "cameras",
          "hash",
          permit ? later != null && asked > 1 ? later : flows : List.of(),
          permit ? ttl : null,
          null,
          null,
          null,
          null);
      return new Decision(
          new UUID(1, asked),
          new UUID(0, 1),
          permit,
          reasons,
          verdict,
          appraisal,
          permit ? validUntil : null);
    }

    @Override
    public Optional<Explanation> explain(UUID device, @Nullable RequestedFlow flow) {
      Verdict denied = new Verdict(
          false, List.of("denied"), "cameras", "hash", List.of(), null, null, null, null, null);
      return unmet.isEmpty()
          ? Optional.empty()
          : Optional.of(new Explanation(denied, List.of(), unmet, List.of()));
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
      return Optional.of(new UUID(0, 1));
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
  }
}
