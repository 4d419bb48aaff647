package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.SeenPoints;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.LogEntry;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.FleetView;
import io.sallyport.decision.FleetView.Posture;
import io.sallyport.decision.FleetView.Summary;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.events.Changes;
import io.sallyport.pki.Credential;
import io.sallyport.pki.EndingCertificates;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How the fleet is, at a glance. */
@Path("/console")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class OverviewPage {
  /** Kinds of facts that somebody should look at. */
  private static final List<String> ALARMS = List.of(
      "decision.essential-used",
      "security.certificate-in-two-places",
      "security.serial-number-twice",
      "security.attestation-key-moved",
      "attestation.refused",
      "device.refused",
      "enforcement-point.refused",
      "enrollment.refused",
      "grant.refused",
      "request.refused");

  private static final int SHOWN = 8;
  private static final int ENDING = 6;
  private static final Duration SOON = Duration.ofDays(14);
  private static final Duration STALE = Duration.ofSeconds(2);

  private final FleetView fleet;
  private final DecisionPoint decisions;
  private final Changes changes;
  private final AuditLog log;
  private final EndingCertificates endings;
  private final Devices devices;
  private final SeenPoints points;
  private final Enforcements enforcements;
  private final Caller caller;
  private final Clock clock;

  OverviewPage(
      FleetView fleet,
      DecisionPoint decisions,
      Changes changes,
      AuditLog log,
      EndingCertificates endings,
      Devices devices,
      SeenPoints points,
      Enforcements enforcements,
      Caller caller,
      Clock clock) {
    this.fleet = fleet;
    this.decisions = decisions;
    this.changes = changes;
    this.log = log;
    this.endings = endings;
    this.devices = devices;
    this.points = points;
    this.enforcements = enforcements;
    this.caller = caller;
    this.clock = clock;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance overview(View view);
  }

  /** The page. */
  record View(
      Shares states,
      Shares postures,
      List<Ending> endings,
      @Nullable List<LogEntry> alarms,
      Node node,
      @Nullable Checkpoint checkpoint,
      List<Waiting> waiting,
      int points) {}

  /** A whole and its parts. */
  record Shares(long total, List<Share> shares) {
    /** For somebody who cannot see the colors. */
    public String summary() {
      return String.join(
          ", ",
          shares.stream().map(share -> share.count() + " " + share.tag().word()).toList());
    }
  }

  /**
   * A part.
   *
   * @param from where it begins in a bar of {@link #WHOLE}
   * @param address of the devices in it, or null where there is no such list
   */
  record Share(
      Tag tag, long count, long from, long width, @Nullable String address) {
    static final long WHOLE = 1000;
  }

  /** A certificate that ends. */
  record Ending(UUID device, String serialNumber, String profile, Instant notAfter, boolean soon) {}

  /** This node. */
  record Node(boolean current, String lag, long position, long behind) {}

  /** A point that has not confirmed everything. */
  record Waiting(String name, long open, Instant since, boolean late) {}

  @GET
  @Requires(Right.READ)
  public TemplateInstance get() {
    Summary summary = fleet.summary(caller.sites());
    return Templates.overview(new View(
        states(summary),
        postures(summary),
        endings(),
        alarms(),
        node(),
        log.latest().orElse(null),
        waiting(),
        points.all().size()));
  }

  private static Shares states(Summary summary) {
    Map<DeviceState, Long> states = summary.states();
    return shares(states.entrySet().stream()
        .map(state -> new Share(
            Tag.of(state.getKey()),
            state.getValue(),
            0,
            0,
            "/console/devices?state=" + state.getKey().word()))
        .toList());
  }

  private static Shares postures(Summary summary) {
    Map<Posture, Long> postures = new EnumMap<>(summary.postures());
    return shares(postures.entrySet().stream()
        .filter(posture -> posture.getValue() > 0 || posture.getKey() != Posture.NONE)
        .map(posture -> new Share(Tag.of(posture.getKey()), posture.getValue(), 0, 0, null))
        .toList());
  }

  private static Shares shares(List<Share> counted) {
    long total = counted.stream().mapToLong(Share::count).sum();
    List<Share> shares = new ArrayList<>();
    long sum = 0;
    for (Share share : counted) {
      long from = total == 0 ? 0 : sum * Share.WHOLE / total;
      sum += share.count();
      long to = total == 0 ? 0 : sum * Share.WHOLE / total;
      shares.add(new Share(share.tag(), share.count(), from, to - from, share.address()));
    }
    return new Shares(total, shares);
  }

  private List<Ending> endings() {
    Instant soon = clock.instant().plus(SOON);
    return endings.soonest(caller.sites(), ENDING).stream()
        .map(credential -> ending(credential, soon))
        .toList();
  }

  private Ending ending(Credential credential, Instant soon) {
    UUID id = UUID.fromString(credential.subject().id());
    return new Ending(
        id,
        devices.find(id).map(device -> device.hardware().serialNumber()).orElse(id.toString()),
        credential.profile(),
        credential.notAfter(),
        credential.notAfter().isBefore(soon));
  }

  /** Null for whoever may not see the log's facts: they know no site. */
  private @Nullable List<LogEntry> alarms() {
    if (!caller.may(Right.READ_AUDIT) || !caller.sites().isEmpty()) {
      return null;
    }
    return ALARMS.stream()
        .flatMap(kind -> newest(kind))
        .sorted(Comparator.comparingLong(LogEntry::position).reversed())
        .limit(SHOWN)
        .toList();
  }

  private Stream<LogEntry> newest(String kind) {
    return log.newest(Long.MAX_VALUE, SHOWN, null, kind).items().stream();
  }

  private Node node() {
    Duration lag = decisions.lag();
    long position = changes.position();
    return new Node(
        lag.compareTo(STALE) < 0,
        lag.compareTo(Duration.ofDays(1)) > 0 ? "not loaded" : lag.toMillis() + " ms",
        position,
        Math.max(0, position - decisions.position()));
  }

  private List<Waiting> waiting() {
    Instant now = clock.instant();
    List<Waiting> waiting = new ArrayList<>();
    for (EnforcementPoint point : points.all()) {
      long open = point.kind().asks() ? 0 : enforcements.open(point.id());
      if (open > 0) {
        Instant since = enforcements.waitingSince(point.id()).orElse(now);
        waiting.add(new Waiting(
            point.name(), open, since, since.plus(point.worstCaseDelay()).isBefore(now)));
      }
    }
    return waiting;
  }
}
