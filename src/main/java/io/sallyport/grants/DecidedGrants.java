package io.sallyport.grants;

import com.nimbusds.jwt.JWTClaimsSet;
import io.sallyport.audit.Fact;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.grants.RefusalReason.Remedy;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.vertx.core.json.JsonArray;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Grants what the decision point permits: decide, record, sign, decide again, hand out. */
@Singleton
final class DecidedGrants implements Grants {
  private final DecisionPoint decisions;
  private final GrantStore store;
  private final TokenKeys keys;
  private final GrantSettings settings;
  private final StatusPlaces places;
  private final RefusalReasons reasons;
  private final Clock clock;
  private final Ids ids;

  DecidedGrants(
      DecisionPoint decisions,
      GrantStore store,
      TokenKeys keys,
      GrantSettings settings,
      StatusPlaces places,
      Clock clock,
      Ids ids) {
    this.decisions = decisions;
    this.store = store;
    this.keys = keys;
    this.settings = settings;
    this.places = places;
    this.reasons = new RefusalReasons(decisions);
    this.clock = clock;
    this.ids = ids;
  }

  @Override
  public GrantAnswer grant(Holder holder, List<RequestedFlow> flows, Actor actor) {
    if (flows.size() > MOST_FLOWS) {
      throw new Refusal(
          GrantProblem.TOO_MANY_FLOWS, "Ask for at most " + MOST_FLOWS + " flows at once.");
    }
    // 1. What is permitted, and until when.
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    List<Decision> decided = ask(holder, flows, actor);
    List<RefusalReason> missing = reasons.of(holder.device(), flows, decided);
    if (!missing.isEmpty()) {
      return denied(holder, actor, null, missing);
    }
    Instant end = end(now, holder, decided);
    List<GrantedFlow> granted = granted(flows, decided);
    if (!end.isAfter(now) || granted.isEmpty()) {
      return denied(holder, actor, null, List.of(nothingLeft(now, holder)));
    }
    // 2. Recorded before it is signed, and signed outside of the transaction.
    UUID id = ids.next();
    StatusPlace place = places.next();
    List<Map<String, Object>> details = NetworkFlows.details(granted);
    Decision first = decided.getFirst();
    store.issued(
        new NetworkGrant(
            id,
            holder.device(),
            holder.thumbprint(),
            new JsonArray(details).encode(),
            now,
            end,
            decided.stream().map(Decision::id).toList(),
            first.verdict().policyHash(),
            first.appraisal(),
            place),
        actor);
    String token = keys.sign(claims(id, holder, now, end, details, first, place));
    // 3. Law 5: whatever took the permit away while this was made is seen before anything leaves.
    if (!stands(holder, flows, granted, now, end)) {
      List<RefusalReason> lost = reasons.of(holder.device(), flows, ask(holder, flows, actor));
      return denied(
          holder,
          actor,
          id,
          lost.isEmpty()
              ? List.of(RefusalReason.of(
                  "ended", "What is permitted changed at this moment; ask again", Remedy.WAIT))
              : lost);
    }
    Duration lifetime = Duration.between(now, end);
    return new GrantAnswer.Granted(
        new Grant(id, token, end, lifetime, Renewal.after(id, lifetime), granted));
  }

  /** Whether all of what was granted is permitted still, and for as long. */
  private boolean stands(
      Holder holder,
      List<RequestedFlow> asked,
      List<GrantedFlow> granted,
      Instant now,
      Instant end) {
    List<Decision> again = asked.isEmpty()
        ? decisions.lookAgain(holder.thumbprint(), null).stream().toList()
        : asked.stream()
            .flatMap(flow -> decisions.lookAgain(holder.thumbprint(), flow).stream())
            .toList();
    if (again.size() != Math.max(1, asked.size())
        || !again.stream().allMatch(Decision::permit)
        || end(now, holder, again).isBefore(end)) {
      return false;
    }
    List<AllowedFlow> allowed = again.getFirst().verdict().flows();
    return !asked.isEmpty()
        || granted.stream()
            .allMatch(flow -> allowed.stream().anyMatch(rule -> NetworkFlows.covers(rule, flow)));
  }

  private static RefusalReason nothingLeft(Instant now, Holder holder) {
    boolean certificate = !holder.notAfter().isAfter(now.plusSeconds(1));
    return RefusalReason.of(
        "ended",
        "Nothing is left of what the permit rests on; renew, attest, then ask again",
        certificate ? Remedy.RENEW : Remedy.ATTEST);
  }

  @Override
  public Live live(Collection<UUID> devices) {
    Map<UUID, List<LiveGrant>> live = new HashMap<>();
    Set<UUID> doubtful = new HashSet<>();
    for (LiveGrant grant : store.open(devices, MOST_LIVE)) {
      switch (judge(grant)) {
        case Judgement.Lives() ->
          live.computeIfAbsent(grant.device(), device -> new ArrayList<>()).add(grant);
        case Judgement.Over over -> {}
        case Judgement.Doubtful() -> doubtful.add(grant.device());
      }
    }
    doubtful.forEach(live::remove);
    return new Live(live, doubtful);
  }

  @Override
  public Optional<LiveGrant> live(String token) {
    return keys.verify(token)
        .flatMap(DecidedGrants::id)
        .flatMap(store::open)
        .filter(grant -> switch (judge(grant)) {
          case Judgement.Lives() -> true;
          case Judgement.Over over -> false;
          case Judgement.Doubtful() -> throw cannotSay();
        });
  }

  private static Optional<UUID> id(JWTClaimsSet claims) {
    return Optional.ofNullable(claims.getJWTID()).map(UUID::fromString);
  }

  @Override
  public Map<UUID, UUID> holders(Collection<UUID> grants) {
    return grants.isEmpty() ? Map.of() : store.holders(grants);
  }

  @Override
  public void withdraw(UUID grant, String because, Actor actor) {
    store.withdraw(grant, because, actor);
  }

  /** What memory says of a grant whose time is not over. */
  sealed interface Judgement {
    record Lives() implements Judgement {}

    record Over(String because) implements Judgement {}

    /** Something about this device could not be read yet. */
    record Doubtful() implements Judgement {}
  }

  /** Refuses with {@code unavailable} while the decision point is not known to be current. */
  Judgement judge(LiveGrant grant) {
    Decision decision = decisions.decide(grant.thumbprint(), null);
    if (decision.isDoubtful()) {
      return new Judgement.Doubtful();
    }
    if (decision.isProvisional()) {
      throw cannotSay();
    }
    if (!decision.permit()) {
      return new Judgement.Over(decision.reasons().getFirst());
    }
    List<AllowedFlow> allowed = decision.verdict().flows();
    return grant.flows().stream()
        .filter(flow -> allowed.stream().noneMatch(rule -> NetworkFlows.covers(rule, flow)))
        .filter(flow -> !decision.verdict().isOpen() || !isObserved(grant, flow))
        .findFirst()
        .<Judgement>map(flow ->
            new Judgement.Over("policy no longer allows " + flow.protocol() + " to " + flow.peer()))
        .orElseGet(Judgement.Lives::new);
  }

  /** Whether a flow that no rule permits is let be because a segment observes; such a one was asked for by itself. */
  private boolean isObserved(LiveGrant grant, GrantedFlow flow) {
    return NetworkFlows.requested(flow)
        .flatMap(asked -> decisions.lookAgain(grant.thumbprint(), asked))
        .filter(Decision::permit)
        .isPresent();
  }

  private static Refusal cannotSay() {
    return new Refusal(
        CommonProblem.UNAVAILABLE,
        "This node is not confirmed current, so it cannot say which grants live; ask again.");
  }

  @Override
  public String issuer() {
    return settings.issuer();
  }

  @Override
  public String keySet() {
    return keys.keySet();
  }

  private List<Decision> ask(Holder holder, List<RequestedFlow> flows, Actor actor) {
    return flows.isEmpty()
        ? List.of(decisions.decide(holder.thumbprint(), null, actor))
        : flows.stream()
            .map(flow -> decisions.decide(holder.thumbprint(), flow, actor))
            .toList();
  }

  /** Law 4: the earliest end of all that it stands on; whole seconds, as the token has them. */
  private static Instant end(Instant now, Holder holder, List<Decision> decided) {
    return Stream.concat(Stream.of(holder.notAfter()), decided.stream().flatMap(decision -> {
          Duration ttl = decision.verdict().ttl();
          // A permit without a longest time gives no time at all.
          return Stream.of(ttl == null ? now : now.plus(ttl), decision.validUntil());
        }))
        .filter(Objects::nonNull)
        .min(Instant::compareTo)
        .orElse(now)
        .truncatedTo(ChronoUnit.SECONDS);
  }

  private static List<GrantedFlow> granted(List<RequestedFlow> flows, List<Decision> decided) {
    if (flows.isEmpty()) {
      // A grant says what its device may open; who may call it is the caller's matter.
      return decided.getFirst().verdict().flows().stream()
          .filter(flow -> flow.direction() == Direction.FROM_DEVICE)
          .map(flow -> new GrantedFlow(flow.peer(), flow.protocol(), flow.ports()))
          .toList();
    }
    return flows.stream().map(NetworkFlows::granted).toList();
  }

  private Map<String, Object> claims(
      UUID id,
      Holder holder,
      Instant now,
      Instant end,
      List<Map<String, Object>> details,
      Decision decision,
      StatusPlace place) {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", settings.issuer());
    claims.put("sub", holder.device().toString());
    claims.put("aud", settings.audience());
    claims.put("client_id", holder.device().toString());
    claims.put("iat", now.getEpochSecond());
    claims.put("nbf", now.getEpochSecond());
    claims.put("exp", end.getEpochSecond());
    claims.put("jti", id.toString());
    claims.put("cnf", Map.of("x5t#S256", holder.thumbprint().base64Url()));
    claims.put("authorization_details", details);
    claims.put(
        "status",
        Map.of(
            "status_list",
            Map.of(
                "idx", place.index(), "uri", SignedStatusLists.address(settings, place.list()))));
    claims.put("policy_hash", decision.verdict().policyHash());
    if (decision.appraisal() != null) {
      claims.put("appraisal", decision.appraisal().toString());
    }
    return claims;
  }

  /** Records the refusal (law 8); {@code withheld} is a grant that was recorded and is not handed out, or null. */
  private GrantAnswer denied(
      Holder holder, Actor actor, @Nullable UUID withheld, List<RefusalReason> why) {
    Fact fact = Fact.of(
            withheld == null ? "grant.refused" : "grant.withheld", actor, "device", holder.device())
        .with(
            "reasons",
            why.stream().map(RefusalReason::detail).distinct().collect(Collectors.joining("; ")));
    store.refused(withheld == null ? fact : fact.with("grant", withheld));
    return new GrantAnswer.Denied(why);
  }
}
