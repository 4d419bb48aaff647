package io.sallyport.attestation;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Signals as rows. */
@ApplicationScoped
class StoredSignals implements Signals {
  private static final Pattern KIND = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final int LONGEST_REASON = 500;
  /** Of one source, so that none takes the place of another; it must not grow what every decision looks at. */
  private static final int MOST_ACTIVE = 16;

  /** AR4SI §2.3. */
  private static final Set<String> CLAIMS = Set.of(
      "instance-identity",
      "configuration",
      "executables",
      "file-system",
      "hardware",
      "runtime-opaque",
      "storage-opaque",
      "sourced-data");

  private final EntityManager entities;
  private final Devices devices;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredSignals(EntityManager entities, Devices devices, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Signal receive(Report report, String source, Actor actor) {
    require(report);
    devices.lock(report.device());
    List<SignalRow> own = activeRows(List.of(report.device())).stream()
        .filter(row -> row.source.equals(source))
        .toList();
    Optional<SignalRow> before = own.stream()
        .filter(row -> row.kind.equals(report.kind()) && row.claim.equals(report.claim()))
        .findFirst();
    before.ifPresent(row -> end(row, "signal.replaced", actor));
    if (before.isEmpty() && own.size() >= MOST_ACTIVE) {
      throw new Refusal(
          AttestationProblem.TOO_MANY_SIGNALS,
          "You have " + MOST_ACTIVE + " signals about this device; withdraw some or wait.");
    }
    Instant now = now();
    SignalRow row = new SignalRow(new Signal(
        ids.next(),
        report.device(),
        source,
        report.kind(),
        report.severity(),
        report.claim(),
        report.reason(),
        now,
        now.plus(report.lifetime()).truncatedTo(ChronoUnit.MICROS),
        null));
    entities.persist(row);
    audit.record(Fact.of("signal.received", actor, "device", row.device)
        .with("signal", row.id)
        .with("source", source)
        .with("kind", row.kind)
        .with("severity", row.severity.word())
        .with("claim", row.claim)
        .with("reason", row.reason)
        .with("expires_at", row.expiresAt));
    return row.signal();
  }

  private static void require(Report report) {
    if (!KIND.matcher(report.kind()).matches()) {
      throw invalid("kind must have 1 to 64 lower-case letters, digits and hyphens.");
    }
    if (!CLAIMS.contains(report.claim())) {
      throw invalid("claim must be one of "
          + CLAIMS.stream().sorted().collect(Collectors.joining(", ")) + ".");
    }
    if (report.reason().isBlank()
        || report.reason().length() > LONGEST_REASON
        || report.reason().chars().anyMatch(Character::isISOControl)) {
      throw invalid("reason must be one line of 1 to " + LONGEST_REASON + " characters.");
    }
    if (!report.lifetime().isPositive() || report.lifetime().compareTo(LONGEST) > 0) {
      throw invalid("lifetime must be more than zero and at most " + LONGEST + ".");
    }
  }

  @Override
  @Transactional
  public void withdraw(UUID signal, Actor actor) {
    SignalRow row = entities.find(SignalRow.class, signal, LockModeType.PESSIMISTIC_WRITE);
    if (row != null && row.endedAt == null) {
      end(row, "signal.withdrawn", actor);
    }
  }

  private void end(SignalRow row, String kind, Actor actor) {
    row.endedAt = now();
    audit.record(Fact.of(kind, actor, "device", row.device)
        .with("signal", row.id)
        .with("source", row.source)
        .with("kind", row.kind));
  }

  /** Ends what has expired, as facts, so that whoever follows changes looks at the device again. */
  @Transactional
  int expire(int limit) {
    List<SignalRow> over = entities
        .createQuery(
            "from SignalRow where endedAt is null and expiresAt <= :now order by expiresAt",
            SignalRow.class)
        .setParameter("now", now())
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .setMaxResults(limit)
        .getResultList();
    over.forEach(row -> end(row, "signal.expired", Actor.SERVER));
    return over.size();
  }

  @Override
  @Transactional
  public Optional<Signal> find(UUID signal) {
    return Optional.ofNullable(entities.find(SignalRow.class, signal)).map(SignalRow::signal);
  }

  @Override
  @Transactional
  public List<Signal> of(UUID device, int limit) {
    return entities
        .createQuery(
            "from SignalRow where device = :device order by receivedAt desc, id desc",
            SignalRow.class)
        .setParameter("device", device)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(SignalRow::signal)
        .toList();
  }

  @Override
  @Transactional
  public Map<UUID, List<Signal>> active(Collection<UUID> of) {
    return of.isEmpty()
        ? Map.of()
        : activeRows(of).stream()
            .map(SignalRow::signal)
            .collect(Collectors.groupingBy(Signal::device));
  }

  private List<SignalRow> activeRows(Collection<UUID> of) {
    Stream<?> rows = entities
        .createNativeQuery(
            "select * from signal where device = any (cast(:devices as uuid[])) and ended_at is null",
            SignalRow.class)
        .setParameter("devices", of.toArray(UUID[]::new))
        .getResultStream();
    return rows.map(SignalRow.class::cast).toList();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static Refusal invalid(String detail) {
    return new Refusal(AttestationProblem.INVALID_SIGNAL, detail);
  }
}
