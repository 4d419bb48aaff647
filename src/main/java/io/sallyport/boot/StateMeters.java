package io.sallyport.boot;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.CheckpointDeliveries;
import io.sallyport.audit.CheckpointDeliveries.Delivery;
import io.sallyport.events.Backlog;
import io.sallyport.events.Changes;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.CertificateStatus;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Figures that stand in the database: looked up now and then, so that asking for metrics costs nothing there. While the
 * database is away, ages go on rising and everything else stays as it was.
 */
@Singleton
final class StateMeters {

  /** What a checkpoint can be delivered to. */
  private static final List<String> PLACES = List.of("file", "store", "witness");

  private final Map<String, CertificateStatus.Lists> crls = new ConcurrentHashMap<>();
  private final AuditLog log;
  private final CheckpointDeliveries kept;
  private final Changes changes;
  private final Backlog backlog;
  private final Authorities authorities;
  private final CertificateStatus status;
  private final MeterRegistry meters;
  private final Clock clock;
  private volatile boolean certified;
  private volatile long numbered;
  private volatile long sealed;
  private volatile long waiting;
  private volatile @Nullable Instant oldestWaiting;
  private volatile @Nullable Instant unsealedSince;
  private volatile Map<String, Delivery> deliveries = Map.of();

  StateMeters(
      AuditLog log,
      CheckpointDeliveries kept,
      Changes changes,
      Backlog backlog,
      Authorities authorities,
      CertificateStatus status,
      MeterRegistry meters,
      Clock clock,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.log = log;
    this.kept = kept;
    this.changes = changes;
    this.backlog = backlog;
    this.authorities = authorities;
    this.status = status;
    this.meters = meters;
    this.clock = clock;
    gauge("sallyport.audit.numbered", "facts", "Facts numbered", state -> state.numbered);
    gauge("sallyport.audit.sealed", "facts", "Facts under a checkpoint", state -> state.sealed);
    gauge(
        "sallyport.audit.waiting",
        "facts",
        "Facts committed and not numbered yet",
        state -> state.waiting);
    gauge(
        "sallyport.audit.numbering.lag",
        "seconds",
        "Age of the oldest fact that has no number",
        state -> state.age(state.oldestWaiting));
    gauge(
        "sallyport.audit.sealing.lag",
        "seconds",
        "Since when numbered facts wait for a checkpoint",
        state -> state.age(state.unsealedSince));
    for (String place : PLACES) {
      Gauge.builder("sallyport.audit.delivery.lag", () -> waiting(place))
          .description("Since when a place outside has not had the newest checkpoint")
          .baseUnit("seconds")
          .tag("place", place)
          .register(meters);
    }
    Gauge.builder("sallyport.build.info", () -> 1)
        .description("The version that runs")
        .tag("version", version)
        .register(meters);
  }

  /** Whether the authorities that this server issues with have their certificates. */
  boolean isCertified() {
    return certified;
  }

  /** Reads everything anew; throws what the database throws. For one thread at a time. */
  void look() {
    Backlog.Waiting found = backlog.waiting();
    waiting = found.facts();
    oldestWaiting = found.oldest();
    // Sealed first: in the other order a seal in between would look like a log of which more is
    // sealed than there is.
    sealed = log.latest().map(Checkpoint::size).orElse(0L);
    numbered = changes.position();
    unsealedSince =
        sealed >= numbered ? null : unsealedSince == null ? clock.instant() : unsealedSince;
    deliveries = kept.deliveries().stream()
        .collect(Collectors.toUnmodifiableMap(
            Delivery::kind, delivery -> delivery, StateMeters::longerWaiting));
    certified = authorities.find(Authorities.DEVICES).isPresent()
        && authorities.find(Authorities.INTERNAL).isPresent();
    Map<String, CertificateStatus.Lists> lists = status.lists();
    for (Authority authority : authorities.list()) {
      CertificateStatus.Lists all = lists.get(authority.name());
      if (all != null) {
        expected(authority.name(), all);
      }
    }
  }

  private void expected(String authority, CertificateStatus.Lists lists) {
    CertificateStatus.Lists before = crls.put(authority, lists);
    if (before == null) {
      crl(
          "sallyport.crl.missing",
          "lists",
          "Shards that have no CRL",
          authority,
          all -> all.shards() - all.published());
      crl("sallyport.crl", "lists", "CRLs", authority, CertificateStatus.Lists::published);
    }
    if (lists.published() > 0 && (before == null || before.published() == 0)) {
      crl(
          "sallyport.crl.age",
          "seconds",
          "Since the oldest of its CRLs was made",
          authority,
          all -> age(all.oldest()));
      crl(
          "sallyport.crl.remaining",
          "seconds",
          "Until the first of its CRLs runs out; below 0 once one has",
          authority,
          all -> all.firstEnd() == null
              ? 0
              : Duration.between(clock.instant(), all.firstEnd()).toMillis() / 1e3);
      crl(
          "sallyport.crl.number",
          null,
          "The highest number of its CRLs",
          authority,
          CertificateStatus.Lists::number);
    }
  }

  private void crl(
      String name,
      @Nullable String unit,
      String description,
      String authority,
      ToDoubleFunction<CertificateStatus.Lists> value) {
    Gauge.builder(name, () -> value.applyAsDouble(crls.get(authority)))
        .description(description)
        .baseUnit(unit)
        .tag("authority", authority)
        .register(meters);
  }

  private void gauge(
      String name, String unit, String description, ToDoubleFunction<StateMeters> value) {
    Gauge.builder(name, this, value).description(description).baseUnit(unit).register(meters);
  }

  private static Delivery longerWaiting(Delivery one, Delivery other) {
    Instant since = other.waitingSince();
    Instant before = one.waitingSince();
    return since != null && (before == null || since.isBefore(before)) ? other : one;
  }

  private double waiting(String place) {
    Delivery delivery = deliveries.get(place);
    return age(delivery == null ? null : delivery.waitingSince());
  }

  private double age(@Nullable Instant since) {
    return since == null
        ? 0
        : Math.max(0, Duration.between(since, clock.instant()).toMillis()) / 1e3;
  }
}
