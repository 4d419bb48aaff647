package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.attestation.Appraisal;
import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.attestation.Attestations;
import io.sallyport.attestation.Signals;
import io.sallyport.attestation.Signals.Signal;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.LogEntry;
import io.sallyport.decision.DecisionHistory;
import io.sallyport.decision.DecisionHistory.Filter;
import io.sallyport.decision.DecisionHistory.LoggedDecision;
import io.sallyport.decision.FleetView;
import io.sallyport.decommission.Decommissions;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.enforcement.AddressBindings;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Sessions;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.grants.GrantHistory;
import io.sallyport.grants.GrantHistory.IssuedGrant;
import io.sallyport.kernel.Page;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.RequestedFlow;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Everything that is known about one device, for its page. Each list is a page along an index. */
@Singleton
final class DeviceDossier {
  private static final int DECISIONS = 20;
  private static final int GRANTS = 10;
  private static final int ROWS = 20;
  private static final int FACTS = 15;

  /** AR4SI §2.3; others behind them. */
  private static final List<String> CLAIMS = List.of(
      "instance-identity",
      "configuration",
      "executables",
      "file-system",
      "hardware",
      "runtime-opaque",
      "storage-opaque",
      "sourced-data");

  private final Credentials credentials;
  private final Attestations attestations;
  private final Signals signals;
  private final FleetView fleet;
  private final DecisionHistory decisions;
  private final GrantHistory grants;
  private final Sessions sessions;
  private final AddressBindings bindings;
  private final Enforcements enforcements;
  private final EnforcementPoints points;
  private final Decommissions decommissions;
  private final DeviceLife life;
  private final AuditLog log;
  private final Caller caller;
  private final Clock clock;

  DeviceDossier(
      Credentials credentials,
      Attestations attestations,
      Signals signals,
      FleetView fleet,
      DecisionHistory decisions,
      GrantHistory grants,
      Sessions sessions,
      AddressBindings bindings,
      Enforcements enforcements,
      EnforcementPoints points,
      Decommissions decommissions,
      DeviceLife life,
      AuditLog log,
      Caller caller,
      Clock clock) {
    this.credentials = credentials;
    this.attestations = attestations;
    this.signals = signals;
    this.fleet = fleet;
    this.decisions = decisions;
    this.grants = grants;
    this.sessions = sessions;
    this.bindings = bindings;
    this.enforcements = enforcements;
    this.points = points;
    this.decommissions = decommissions;
    this.life = life;
    this.log = log;
    this.caller = caller;
    this.clock = clock;
  }

  /** The page; null where there is nothing, or nothing that the caller may see. */
  record View(
      Device device,
      Tag state,
      Map<String, String> labels,
      List<CertificateRow> certificates,
      @Nullable Posture posture,
      Tag effective,
      List<SignalRow> signals,
      List<GrantRow> grants,
      @Nullable String moreGrants,
      List<DecisionRow> decisions,
      @Nullable String moreDecisions,
      boolean newest,
      List<SessionRow> sessions,
      List<AddressBinding> addresses,
      List<EnforcementRow> enforcements,
      @Nullable List<LogEntry> facts,
      @Nullable DeviceRun run,
      DeviceLife.View life,
      DeviceActs acts,
      String done) {
    /** Whether its unit may come back under a new identity: not while it waits for its first contact, or wipes. */
    public boolean remanufacturable() {
      return device.state() != DeviceState.EXPECTED && device.state() != DeviceState.WIPING;
    }

    /** An actor's kind and name, short when it is the device itself. */
    public String who(String actor) {
      return DeviceDossier.who(device, actor);
    }
  }

  /** The newest appraisal. */
  record Posture(
      Appraisal appraisal,
      Tag status,
      boolean expired,
      List<ClaimRow> claims,
      Map<String, String> observed) {}

  /** A claim. */
  record ClaimRow(
      String name, int value, Tag tier, String assurance, String source, String reason) {}

  /** What somebody else said of it. */
  record SignalRow(Signal signal, Tag severity, boolean active) {}

  /** A grant. */
  record GrantRow(IssuedGrant grant, List<String> flows, boolean live) {}

  /** A decision. */
  record DecisionRow(LoggedDecision decision, Tag verdict, String flow, String askedBy) {}

  /** A session. */
  record SessionRow(Session session, String point, Tag state, Map<String, String> attributes) {}

  /** A withdrawal. */
  record EnforcementRow(Enforcement enforcement, Tag outcome) {}

  View of(
      Device device,
      @Nullable String decisionCursor,
      @Nullable String grantCursor,
      @Nullable String done) {
    UUID id = device.id();
    Instant now = clock.instant();
    Page<LoggedDecision> decided = decisions.find(Filter.device(id), decisionCursor, DECISIONS);
    Page<IssuedGrant> granted = grants.of(id, grantCursor, GRANTS);
    String path = "/console/devices/" + id;
    return new View(
        device,
        Tag.of(device.state()),
        new TreeMap<>(device.labels()),
        credentials.of(CertificateSubject.device(id)).stream()
            .map(credential -> CertificateRow.of(
                credential,
                device.state() != DeviceState.DECOMMISSIONED
                    && device.state() != DeviceState.WIPING,
                now))
            .toList(),
        attestations.latest(id).map(appraisal -> posture(appraisal, now)).orElse(null),
        Tag.of(fleet.posture(id).orElse(FleetView.Posture.NEVER)),
        signals.of(id, ROWS).stream().map(signal -> signal(signal, now)).toList(),
        granted.items().stream().map(grant -> grant(grant, device, now)).toList(),
        Optional.ofNullable(granted.next())
            .map(next -> Inputs.address(path, "decisions", decisionCursor, "grants", next))
            .orElse(null),
        decided.items().stream().map(decision -> decision(decision, device)).toList(),
        Optional.ofNullable(decided.next())
            .map(next -> Inputs.address(path, "decisions", next, "grants", grantCursor))
            .orElse(null),
        decisionCursor == null && grantCursor == null,
        sessions(id),
        bindings.live(id),
        enforcements.of(id, ROWS).stream()
            .map(enforcement -> new EnforcementRow(enforcement, Tag.of(enforcement.outcome())))
            .toList(),
        caller.may(Right.READ_AUDIT)
            ? log.newest(Long.MAX_VALUE, FACTS, id.toString(), null).items()
            : null,
        decommissions.find(id).map(DeviceRun::of).orElse(null),
        life.of(device),
        DeviceActs.of(device.state()),
        told(done));
  }

  private static Posture posture(Appraisal appraisal, Instant now) {
    List<ClaimRow> claims = appraisal.claims().entrySet().stream()
        .sorted(Comparator.<Map.Entry<String, Claim>>comparingInt(claim -> order(claim.getKey()))
            .thenComparing(Map.Entry::getKey))
        .map(claim -> new ClaimRow(
            claim.getKey(),
            claim.getValue().value(),
            Tag.of(claim.getValue().tier()),
            claim.getValue().assurance().word().replace('-', ' '),
            claim.getValue().source(),
            claim.getValue().reason()))
        .toList();
    Map<String, String> observed = new TreeMap<>();
    appraisal.observed().forEach((name, value) -> observed.put(name, value.toString()));
    boolean expired = !now.isBefore(appraisal.expiresAt());
    return new Posture(
        appraisal,
        expired ? new Tag("expired", "calm") : Tag.of(appraisal.status()),
        expired,
        claims,
        observed);
  }

  private static SignalRow signal(Signal signal, Instant now) {
    boolean active = signal.activeAt(now);
    String css = !active
        ? "calm"
        : switch (signal.severity().tier()) {
          case CONTRAINDICATED -> "bad";
          case WARNING -> "warn";
          case NONE, AFFIRMING -> "calm";
        };
    return new SignalRow(signal, new Tag(signal.severity().word(), css), active);
  }

  private static int order(String claim) {
    int place = CLAIMS.indexOf(claim);
    return place < 0 ? CLAIMS.size() : place;
  }

  private static GrantRow grant(IssuedGrant grant, Device device, Instant now) {
    return new GrantRow(
        grant,
        grant.flows().stream()
            .map(flow -> flow(flow.peer(), flow.protocol(), String.join(", ", flow.ports())))
            .toList(),
        device.state().may(DeviceState.Operation.CONNECT) && now.isBefore(grant.expiresAt()));
  }

  private static DecisionRow decision(LoggedDecision decision, Device device) {
    var flow = decision.flow();
    return new DecisionRow(
        decision,
        Tag.permit(decision.permit()),
        flow == null ? "anything at all" : flow(flow.peer(), flow.protocol(), port(flow)),
        who(device, decision.askedBy()));
  }

  private static String who(Device device, String actor) {
    return actor.equals("device:" + device.id()) ? "itself" : actor;
  }

  /** The port, or of icmp the type; empty for all types. */
  static String port(RequestedFlow flow) {
    return flow.protocol().equals("icmp")
        ? IcmpTypes.text(flow.port(), flow.peer()).orElse("")
        : Integer.toString(flow.port());
  }

  static String flow(String peer, String protocol, String ports) {
    return peer + " " + protocol + (ports.isEmpty() ? "" : " " + ports);
  }

  private List<SessionRow> sessions(UUID device) {
    Map<UUID, String> names = points.all().stream()
        .collect(Collectors.toMap(EnforcementPoint::id, EnforcementPoint::name));
    return sessions.of(device, ROWS).stream()
        .map(session -> new SessionRow(
            session,
            names.getOrDefault(session.point(), "withdrawn point"),
            session.endedAt() != null
                ? new Tag("ended", "calm")
                : session.permit() ? new Tag("live", "good") : new Tag("restricted", "warn"),
            new TreeMap<>(session.attributes())))
        .toList();
  }

  private static String told(@Nullable String done) {
    return switch (done == null ? "" : done) {
      case "quarantined" -> "Quarantined";
      case "released" -> "Released";
      case "suspended" -> "Suspended";
      case "changed" -> "Changed";
      case "remanufactured" -> "The unit came back as this device";
      case "kept" -> "The release was taken back";
      case "claimed" -> "Claimed";
      case "replaced" -> "It took the failed device's place";
      case "held" -> "The certificate is on hold";
      case "given-back" -> "The certificate counts again";
      case "decommissioned" -> "Decommissioning has begun";
      default -> "";
    };
  }
}
