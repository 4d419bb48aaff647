package io.sallyport.pki;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CertificateRecheck.Stored;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Goes through all stored certificates again and again, a few each second, and has {@link CertificateRecheck} look at each.
 * What is wrong is a fact and a row that stays open until a later round finds the certificate in order. One node does it;
 * the next goes on where it stopped.
 */
@Singleton
final class CertificateRounds {
  static final String JOB = "certificates";
  /** Each second: a million in three hours, for some hundredths of a processor. */
  private static final int STEP = 100;

  private static final Duration PAUSE = Duration.ofSeconds(1);
  /** From the beginning of one round to that of the next. */
  private static final Duration EVERY = Duration.ofHours(24);
  /** When a server has just started it has other things to do. */
  private static final long FIRST_AFTER_SECONDS = 45;

  private static final UUID BEFORE_ALL = new UUID(0, 0);

  private static final String CURSOR = "select cursor, began_at, ended_at from certificate_check";
  private static final String NEXT = """
      select c.id, authority, serial, subject_kind, subject_id, key_digest, b.tbs, b.certificate, thumbprint,
        not_before, not_after
      from credential c join certificate_body b on b.credential = c.id where c.id > ? order by c.id limit ?""";
  private static final String OPEN =
      "select credential, finding from certificate_finding where credential = any (?) and closed_at is null";
  private static final String FOUND = """
      insert into certificate_finding (credential, authority, serial, finding, found_at) values (?, ?, ?, ?, ?)
      on conflict (credential) do update set finding = excluded.finding, found_at = excluded.found_at, closed_at = null""";
  private static final String CLOSED =
      "update certificate_finding set closed_at = ? where credential = ? and closed_at is null";
  private static final String BEGIN = """
      insert into certificate_check (cursor, began_at) values (?, ?)
      on conflict (one) do update set cursor = excluded.cursor, looked_at = 0, began_at = excluded.began_at,
        ended_at = null""";
  private static final String ADVANCE =
      "update certificate_check set cursor = ?, looked_at = looked_at + ?";
  private static final String END =
      "update certificate_check set rounds = rounds + 1, ended_at = ?";

  private final CertificateRecheck recheck;
  private final DataSource database;
  private final Audit audit;
  private final Clock clock;
  private final Counter good;
  private final Counter bad;
  private final SingleWriterJob job;
  private final CompletableFuture<Void> begun = new CompletableFuture<>();

  CertificateRounds(
      CertificateRecheck recheck,
      DataSource database,
      Audit audit,
      Clock clock,
      MeterRegistry meters) {
    this.recheck = recheck;
    this.database = database;
    this.audit = audit;
    this.clock = clock;
    this.good = counter(meters, "good");
    this.bad = counter(meters, "finding");
    this.job = new SingleWriterJob(JOB, database, PAUSE, this::step);
  }

  private static Counter counter(MeterRegistry meters, String outcome) {
    return Counter.builder("sallyport.certificates.rechecked")
        .description("Stored certificates that were verified again, by outcome")
        .tag("outcome", outcome)
        .register(meters);
  }

  void start(@Observes StartupEvent event) {
    begun.completeOnTimeout(null, FIRST_AFTER_SECONDS, TimeUnit.SECONDS).thenRun(job::start);
  }

  void stop(@Observes ShutdownEvent event) {
    begun.cancel(false);
    job.close();
  }

  /** Where a round is. */
  private record Place(UUID cursor, Instant began, @Nullable Instant ended) {}

  /** A few certificates. Never answers that there is more at once: nobody waits for this. */
  boolean step(JobLease lease) throws SQLException {
    Place place = place(lease.connection());
    if (place == null || place.ended != null) {
      if (place == null || !clock.instant().isBefore(place.began.plus(EVERY))) {
        begin(lease);
      }
      return false;
    }
    List<Stored> next = next(lease.connection(), place.cursor);
    note(next);
    lease.write((transaction, mark) -> {
      advance(transaction, next);
      return mark;
    });
    return false;
  }

  private static @Nullable Place place(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(CURSOR);
        ResultSet row = query.executeQuery()) {
      if (!row.next()) {
        return null;
      }
      Timestamp ended = row.getTimestamp(3);
      return new Place(
          row.getObject(1, UUID.class), instant(row, 2), ended == null ? null : ended.toInstant());
    }
  }

  /** Begins a round. */
  void begin(JobLease lease) throws SQLException {
    lease.write((transaction, mark) -> {
      try (PreparedStatement begin = transaction.prepareStatement(BEGIN)) {
        begin.setObject(1, BEFORE_ALL);
        begin.setObject(2, now());
        begin.executeUpdate();
      }
      return mark;
    });
  }

  private static List<Stored> next(Connection connection, UUID cursor) throws SQLException {
    List<Stored> next = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(NEXT)) {
      query.setObject(1, cursor);
      query.setInt(2, STEP);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          next.add(new Stored(
              row.getObject(1, UUID.class),
              row.getString(2),
              row.getString(3),
              new CertificateSubject(
                  CertificateSubject.Kind.valueOf(row.getString(4)), row.getString(5)),
              Digest.ofOctets(row.getBytes(6)),
              row.getBytes(7),
              row.getBytes(8),
              row.getBytes(9),
              instant(row, 10),
              instant(row, 11)));
        }
      }
    }
    return next;
  }

  private static Instant instant(ResultSet row, int column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  /** Facts and rows in one transaction; a step that is done twice says nothing twice. */
  void note(List<Stored> some) {
    Map<Stored, String> wrong = new LinkedHashMap<>();
    for (Stored stored : some) {
      Optional<String> fault = recheck.fault(stored);
      fault.ifPresent(found -> wrong.put(stored, found));
      (fault.isPresent() ? bad : good).increment();
    }
    Map<UUID, String> open = open(some);
    if (!wrong.isEmpty() || !open.isEmpty()) {
      QuarkusTransaction.requiringNew().run(() -> note(some, wrong, open));
    }
  }

  private Map<UUID, String> open(List<Stored> some) {
    Map<UUID, String> open = new LinkedHashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(OPEN)) {
      query.setArray(
          1, connection.createArrayOf("uuid", some.stream().map(Stored::id).toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          open.put(row.getObject(1, UUID.class), row.getString(2));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("findings could not be read", e);
    }
    return open;
  }

  private void note(List<Stored> some, Map<Stored, String> wrong, Map<UUID, String> open) {
    try (Connection transaction = database.getConnection();
        PreparedStatement found = transaction.prepareStatement(FOUND);
        PreparedStatement closed = transaction.prepareStatement(CLOSED)) {
      for (Stored stored : some) {
        String now = wrong.get(stored);
        String before = open.get(stored.id());
        if (now != null && !now.equals(before)) {
          found.setObject(1, stored.id());
          found.setString(2, stored.authority());
          found.setString(3, stored.serial());
          found.setString(4, now);
          found.setObject(5, now());
          found.executeUpdate();
          audit.record(fact("certificate.finding", stored).with("finding", now));
        } else if (now == null && before != null) {
          closed.setObject(1, now());
          closed.setObject(2, stored.id());
          closed.executeUpdate();
          audit.record(fact("certificate.finding-closed", stored).with("finding", before));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("findings could not be recorded", e);
    }
  }

  private static Fact fact(String kind, Stored stored) {
    return Fact.of(
            kind, Actor.SERVER, stored.subject().kind().word(), stored.subject().id())
        .with("authority", stored.authority())
        .with("serial", stored.serial());
  }

  private void advance(Connection transaction, List<Stored> looked) throws SQLException {
    if (looked.isEmpty()) {
      try (PreparedStatement end = transaction.prepareStatement(END)) {
        end.setObject(1, now());
        end.executeUpdate();
      }
      return;
    }
    try (PreparedStatement advance = transaction.prepareStatement(ADVANCE)) {
      advance.setObject(1, looked.getLast().id());
      advance.setInt(2, looked.size());
      advance.executeUpdate();
    }
  }

  private OffsetDateTime now() {
    return clock.instant().atOffset(ZoneOffset.UTC);
  }
}
