package io.sallyport.enforcement;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.FactRecorded;
import io.sallyport.devices.Devices;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedColumn;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.CredentialIdentity;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.RevocationReason;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Enforcement points in the database, their live certificates in memory. */
@ApplicationScoped
class RegisteredPoints implements EnforcementPoints {
  private static final String SUBJECT = CertificateSubject.Kind.ENFORCEMENT_POINT.word();
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?");
  private static final int LONGEST_SECRET = 1024;
  /** After the tables are there and before the fronts open. */
  private static final int START = 2000;

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);
  private static final long RETRY_NANOS = 1_000_000_000;
  private static final Logger LOG = Logger.getLogger(RegisteredPoints.class);

  private final EntityManager entities;
  private final Issuance issuance;
  private final Authorities authorities;
  private final Credentials credentials;
  private final Devices devices;
  private final Audit audit;
  private final Changes changes;
  private final Keys keys;
  private final Ids ids;
  private final Clock clock;

  private volatile List<EnforcementPoint> points = List.of();
  private volatile Map<Digest, Recognised> recognised = new ConcurrentHashMap<>();

  RegisteredPoints(
      EntityManager entities,
      Issuance issuance,
      Authorities authorities,
      Credentials credentials,
      Devices devices,
      Audit audit,
      Changes changes,
      Keys keys,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.issuance = issuance;
    this.authorities = authorities;
    this.credentials = credentials;
    this.devices = devices;
    this.audit = audit;
    this.changes = changes;
    this.keys = keys;
    this.ids = ids;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedColumn sealedSecrets() {
    return SealedColumn.of(
        "enforcement_point", "sealed_secret", List.of("id"), "'enforcement-point ' || id");
  }

  private record Recognised(EnforcementPoint point, CredentialIdentity credential) {}

  @Override
  public Admission add(Application application, Actor actor) {
    String name = application.name();
    if (!NAME.matcher(name).matches()) {
      throw invalid("The name must have 1 to 63 letters, digits, dots or hyphens.");
    }
    application.settings().require(application.kind());
    requireSecret(application.secret());
    CertificateRequest parsed = CertificateRequest.read(application.request());
    Digest key = parsed.subjectPublicKeyInfo().digest();
    EnforcementPoint point =
        QuarkusTransaction.requiringNew().call(() -> registered(application, key, actor));
    CertificateProfile profile =
        CertificateProfiles.internal(CertificateProfiles.ENFORCEMENT_POINT);
    Credential credential = issuance.issue(
        new Issuance.Order(
            subject(point.id()),
            profile,
            parsed.subjectPublicKeyInfo(),
            Digest.of(("enforcement-point:" + point.id()).getBytes(StandardCharsets.UTF_8)),
            false,
            "CN=" + name + ",O=Sallyport enforcement",
            List.of()),
        digest -> devices.reserveKey(key),
        actor);
    if (QuarkusTransaction.requiringNew().call(() -> removedMeanwhile(point, actor))) {
      throw unknown(name);
    }
    return new Admission(point, credential);
  }

  /** A point that was removed while its certificate was made does not keep it. */
  private boolean removedMeanwhile(EnforcementPoint point, Actor actor) {
    EnforcementPointRow row =
        entities.find(EnforcementPointRow.class, point.id(), LockModeType.PESSIMISTIC_WRITE);
    if (row.removedAt == null) {
      return false;
    }
    credentials.revokeAll(subject(point.id()), RevocationReason.CESSATION_OF_OPERATION, actor);
    return true;
  }

  private EnforcementPoint registered(Application application, Digest key, Actor actor) {
    String name = application.name();
    String kind = application.kind().word();
    Optional<EnforcementPointRow> known = row(name);
    if (known.isPresent()) {
      if (!Arrays.equals(known.get().keyDigest, key.octets())
          || !known.get().kind.equals(kind)) {
        throw new Refusal(
            EnforcementProblem.ENFORCEMENT_POINT_EXISTS,
            "\"" + name
                + "\" is registered with another key or kind; remove it first or choose another name.");
      }
      return known.get().point();
    }
    devices.reserveKey(key);
    EnforcementPointRow row = new EnforcementPointRow(
        ids.next(),
        name,
        application.kind(),
        SettingsText.write(application.settings()),
        key.octets(),
        clock.instant().truncatedTo(ChronoUnit.MICROS));
    seal(row, application.secret());
    entities.persist(row);
    audit.record(Fact.of("enforcement-point.added", actor, SUBJECT, row.id)
        .with("name", name)
        .with("kind", kind));
    return row.point();
  }

  @Override
  @Transactional
  public EnforcementPoint change(
      String name, PointSettings settings, @Nullable String secret, Actor actor) {
    EnforcementPointRow row = row(name).orElseThrow(() -> unknown(name));
    settings.require(PointKind.of(row.kind));
    requireSecret(secret);
    row.settings = SettingsText.write(settings);
    seal(row, secret);
    audit.record(Fact.of("enforcement-point.changed", actor, SUBJECT, row.id)
        .with("name", name)
        .with("settings", row.settings)
        .with("secret", secret == null ? "kept" : "replaced"));
    return row.point();
  }

  private void seal(EnforcementPointRow row, @Nullable String secret) {
    if (secret != null) {
      row.sealedSecret = keys.seal(secret.getBytes(StandardCharsets.UTF_8), context(row.id));
    }
  }

  @Override
  @Transactional
  public Optional<String> secret(UUID point) {
    return Optional.ofNullable(entities.find(EnforcementPointRow.class, point))
        .map(row -> row.sealedSecret)
        .map(octets -> new String(keys.unseal(octets, context(point)), StandardCharsets.UTF_8));
  }

  private static String context(UUID point) {
    return "enforcement-point " + point;
  }

  private static void requireSecret(@Nullable String secret) {
    if (secret != null && (secret.isEmpty() || secret.length() > LONGEST_SECRET)) {
      throw invalid("A secret has 1 to " + LONGEST_SECRET + " characters.");
    }
  }

  @Override
  public List<EnforcementPoint> all() {
    return points;
  }

  @Override
  @Transactional
  public Page<EnforcementPoint> list(@Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<EnforcementPoint> rows = entities
        .createQuery(
            "from EnforcementPointRow where removedAt is null and name > :after order by name",
            EnforcementPointRow.class)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(EnforcementPointRow::point)
        .toList();
    return Page.cut(rows, most, EnforcementPoint::name);
  }

  @Override
  @Transactional
  public Optional<EnforcementPoint> find(String name) {
    return row(name).map(EnforcementPointRow::point);
  }

  private Optional<EnforcementPointRow> row(String name) {
    return entities
        .createQuery(
            "from EnforcementPointRow where removedAt is null and name = :name",
            EnforcementPointRow.class)
        .setParameter("name", name)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional
  public void remove(String name, Actor actor) {
    EnforcementPointRow row = row(name).orElseThrow(() -> unknown(name));
    row.removedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
    credentials.revokeAll(
        new CertificateSubject(CertificateSubject.Kind.ENFORCEMENT_POINT, row.id.toString()),
        RevocationReason.CESSATION_OF_OPERATION,
        actor);
    audit.record(Fact.of("enforcement-point.removed", actor, SUBJECT, row.id).with("name", name));
  }

  @Override
  public Optional<EnforcementPoint> recognise(Digest thumbprint) {
    Recognised found = recognised.get(thumbprint);
    return found == null
            || !found.credential.isValidAt(clock.instant())
            || isRevoked(found.credential.authority())
        ? Optional.empty()
        : Optional.of(found.point);
  }

  private boolean isRevoked(String authority) {
    return authorities.find(authority).filter(known -> known.distrust() == null).isEmpty();
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    long position = changes.position();
    read();
    changes.follow("enforcement-points", position, this::follow);
  }

  /** What any node committed. */
  private void follow(List<Change> next) {
    Set<String> changed = next.stream()
        .filter(change -> change.subjectType().equals(SUBJECT))
        .map(Change::subject)
        .collect(Collectors.toSet());
    if (!changed.isEmpty()) {
      try {
        read();
      } catch (RuntimeException failure) {
        // Only then: most of these are this node's own, and their points would be strangers while
        // it reads.
        recognised.values().removeIf(known -> changed.contains(known.point.id().toString()));
        throw failure;
      }
    }
  }

  /** A point that changed is not recognised until it was read again, which is before its change is answered. */
  void changed(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    if (recorded.fact().subjectType().equals(SUBJECT)) {
      recognised
          .values()
          .removeIf(known -> known.point.id().toString().equals(recorded.fact().subject()));
      try {
        Thread.startVirtualThread(this::readUntilDone).join(LONGEST_WAIT);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void readUntilDone() {
    while (true) {
      try {
        read();
        return;
      } catch (RuntimeException failure) {
        LOG.warnf(
            "Enforcement points could not be read again, trying on: %s", failure.getMessage());
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  /** One reader at a time, so that what an earlier one saw never replaces what a later one saw. */
  private synchronized void read() {
    Live live = QuarkusTransaction.requiringNew().call(this::live);
    points = live.points;
    recognised = new ConcurrentHashMap<>(live.recognised);
  }

  private record Live(List<EnforcementPoint> points, Map<Digest, Recognised> recognised) {}

  private Live live() {
    Map<Digest, Recognised> live = new HashMap<>();
    List<EnforcementPoint> registered = entities
        .createQuery(
            "from EnforcementPointRow where removedAt is null order by name",
            EnforcementPointRow.class)
        .getResultStream()
        .map(EnforcementPointRow::point)
        .toList();
    Map<String, List<CredentialIdentity>> issued = credentials.unrevoked(
        CertificateSubject.Kind.ENFORCEMENT_POINT,
        registered.stream().map(point -> point.id().toString()).toList());
    registered.forEach(point -> issued
        .getOrDefault(point.id().toString(), List.of())
        .forEach(
            credential -> live.put(credential.thumbprint(), new Recognised(point, credential))));
    return new Live(registered, live);
  }

  private static CertificateSubject subject(UUID id) {
    return new CertificateSubject(CertificateSubject.Kind.ENFORCEMENT_POINT, id.toString());
  }

  private static Refusal unknown(String name) {
    return new Refusal(
        EnforcementProblem.UNKNOWN_ENFORCEMENT_POINT,
        "No enforcement point \"" + name + "\" is registered.");
  }

  private static Refusal invalid(String detail) {
    return new Refusal(EnforcementProblem.INVALID_ENFORCEMENT_POINT, detail);
  }
}
