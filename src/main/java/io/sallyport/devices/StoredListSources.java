package io.sallyport.devices;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.devices.ListFetcher.Fetched;
import io.sallyport.devices.ListFetcher.Unfetched;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.transaction.Transactional;
import java.security.cert.X509CRL;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Addresses of lists in the database, and the job that asks them when their time comes. */
@ApplicationScoped
class StoredListSources implements ListSources {
  private static final int MOST = 8;
  private static final Duration PAUSE = Duration.ofSeconds(2);
  /** Longer than the longest fetch. */
  private static final Duration LEASE = Duration.ofSeconds(30);

  private static final Duration SOONEST = Duration.ofMinutes(1);
  private static final Duration LATEST = Duration.ofDays(1);
  private static final Duration LONGEST_RETRY = Duration.ofHours(1);
  private static final int DOUBLINGS = 6;
  /** The last tenth of a list's time is for failures. */
  private static final int RESERVE = 10;

  private static final String ADD = """
      insert into manufacturer_list_source (anchor, url, next_at) values (?, ?, ?)
      on conflict (anchor, url) do update set next_at = excluded.next_at""";
  private static final String FORGET =
      "delete from manufacturer_list_source where anchor = ? and url <> all (?)";
  private static final String LIST = """
      select url, next_at, fetched_at, failure from manufacturer_list_source where anchor = ? order by url""";
  private static final String DUE = """
      select s.anchor, s.url, m.name, s.failures from manufacturer_list_source s
      join trust_anchor t on t.digest = s.anchor join manufacturer m on m.id = t.manufacturer
      where s.next_at <= ? and t.distrusted_at is null order by s.next_at limit 1""";
  private static final String HERE =
      "select 1 from manufacturer_list where anchor = ? and sha256 = ?";
  private static final String DONE = """
      update manufacturer_list_source set next_at = ?, fetched_at = ?, failure = null, failures = 0
      where anchor = ? and url = ?""";
  private static final String FAILED = """
      update manufacturer_list_source set next_at = ?, failure = ?, failures = failures + 1
      where anchor = ? and url = ?""";

  private final DataSource database;
  private final ListFetcher fetcher;
  private final Manufacturers manufacturers;
  private final Audit audit;
  private final Clock clock;
  private final SingleWriterJob job;

  StoredListSources(
      DataSource database,
      ListFetcher fetcher,
      Manufacturers manufacturers,
      Audit audit,
      Clock clock) {
    this.database = database;
    this.fetcher = fetcher;
    this.manufacturers = manufacturers;
    this.audit = audit;
    this.clock = clock;
    this.job = new SingleWriterJob("manufacturer-lists", database, PAUSE, LEASE, this::step);
  }

  private record Due(String anchor, String url, String manufacturer, int failures) {}

  void start(@Observes StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
  }

  @Override
  @Transactional
  public List<ListSource> set(String manufacturer, Digest anchor, List<String> urls, Actor actor) {
    requireAnchor(manufacturer, anchor);
    Set<String> wanted = new LinkedHashSet<>();
    urls.forEach(url -> wanted.add(fetcher.address(url).toString()));
    if (wanted.size() > MOST) {
      throw new Refusal(
          DeviceProblem.INVALID_LIST_SOURCE, "An anchor has " + MOST + " addresses at most.");
    }
    try (Connection transaction = database.getConnection();
        PreparedStatement forget = transaction.prepareStatement(FORGET)) {
      forget.setString(1, anchor.hex());
      forget.setArray(2, transaction.createArrayOf("text", wanted.toArray()));
      forget.executeUpdate();
      for (String url : wanted) {
        execute(transaction, ADD, anchor.hex(), url, at(now()));
      }
    } catch (SQLException e) {
      throw failed(e);
    }
    audit.record(Fact.of("manufacturer.list-sources-set", actor, "manufacturer", manufacturer)
        .with("anchor", anchor.hex())
        .with("urls", String.join(" ", wanted)));
    job.wake();
    return read(anchor);
  }

  @Override
  @Transactional
  public List<ListSource> of(String manufacturer, Digest anchor) {
    requireAnchor(manufacturer, anchor);
    return read(anchor);
  }

  private void requireAnchor(String manufacturer, Digest anchor) {
    boolean there = manufacturers
        .find(manufacturer)
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_MANUFACTURER, "No manufacturer is registered as this."))
        .anchors()
        .stream()
        .anyMatch(one -> one.digest().equals(anchor));
    if (!there) {
      throw new Refusal(
          DeviceProblem.UNKNOWN_ANCHOR, "\"" + manufacturer + "\" has no such trust anchor.");
    }
  }

  private List<ListSource> read(Digest anchor) {
    List<ListSource> found = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(LIST)) {
      query.setString(1, anchor.hex());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          OffsetDateTime fetched = row.getObject(3, OffsetDateTime.class);
          found.add(new ListSource(
              row.getString(1),
              row.getObject(2, OffsetDateTime.class).toInstant(),
              fetched == null ? null : fetched.toInstant(),
              row.getString(4)));
        }
      }
    } catch (SQLException e) {
      throw failed(e);
    }
    return found;
  }

  /** Asks one address; answers whether there was one to ask. */
  private boolean step(JobLease lease) {
    Optional<Due> due = QuarkusTransaction.requiringNew().call(this::due);
    due.ifPresent(this::ask);
    return due.isPresent();
  }

  private Optional<Due> due() {
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(DUE)) {
      query.setObject(1, at(now()));
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Due(row.getString(1), row.getString(2), row.getString(3), row.getInt(4)))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private void ask(Due due) {
    try {
      Fetched fetched = fetcher.fetch(due.url);
      QuarkusTransaction.requiringNew().run(() -> take(due, fetched));
    } catch (Unfetched unfetched) {
      note(due, String.valueOf(unfetched.getMessage()));
    } catch (Refusal refusal) {
      note(due, refusal.detail());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void take(Due due, Fetched fetched) {
    try (Connection transaction = database.getConnection()) {
      if (!isHere(transaction, due.anchor, fetched)) {
        manufacturers.takeList(
            due.manufacturer, Digest.ofHex(due.anchor), fetched.encoded(), Actor.SERVER);
      }
      Instant now = now();
      execute(transaction, DONE, at(next(fetched.list(), now)), at(now), due.anchor, due.url);
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static boolean isHere(Connection transaction, String anchor, Fetched fetched)
      throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(HERE)) {
      query.setString(1, anchor);
      query.setString(2, fetched.encoded().digest().hex());
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  /** A list that was taken has an end. */
  private static Instant next(X509CRL list, Instant now) {
    Instant end = list.getNextUpdate().toInstant();
    Duration reserve = Duration.between(list.getThisUpdate().toInstant(), end).dividedBy(RESERVE);
    Instant next = end.minus(reserve);
    if (next.isBefore(now.plus(SOONEST))) {
      return now.plus(SOONEST);
    }
    return next.isAfter(now.plus(LATEST)) ? now.plus(LATEST) : next;
  }

  /** Once a row of failures begins there is a fact of it, and not one for each attempt. */
  private void note(Due due, String complaint) {
    Duration wait = SOONEST.multipliedBy(1L << Math.min(due.failures, DOUBLINGS));
    Instant next = now().plus(wait.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : wait);
    QuarkusTransaction.requiringNew().run(() -> {
      try (Connection transaction = database.getConnection()) {
        execute(transaction, FAILED, at(next), complaint, due.anchor, due.url);
      } catch (SQLException e) {
        throw failed(e);
      }
      if (due.failures == 0) {
        audit.record(
            Fact.of("manufacturer.list-not-fetched", Actor.SERVER, "manufacturer", due.manufacturer)
                .with("anchor", due.anchor)
                .with("url", due.url)
                .with("complaint", complaint));
      }
    });
  }

  private static void execute(Connection transaction, String sql, @Nullable Object... values)
      throws SQLException {
    try (PreparedStatement statement = transaction.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.executeUpdate();
    }
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static OffsetDateTime at(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }

  private static IllegalStateException failed(SQLException e) {
    return new IllegalStateException("sources of revocation lists could not be read or written", e);
  }
}
