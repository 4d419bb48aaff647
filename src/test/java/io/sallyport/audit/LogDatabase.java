package io.sallyport.audit;

import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerifier;
import io.sallyport.cli.ShownFact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.testing.OpenMarks;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** A real PostgreSQL with the log's tables in it, for tests of the jobs without a server around them. */
public final class LogDatabase implements AutoCloseable {
  private static final List<String> SCRIPTS = List.of(
      "db/migration/V10__audit.sql",
      "db/migration/V130__job_leases.sql",
      "db/migration/V205__log_tiles.sql",
      "db/migration/V206__log_deliveries.sql",
      "db/migration/V225__marks.sql",
      "db/migration/V226__reconciliation.sql",
      "db/migration/V231__facts_in_time.sql",
      "db/migration/V237__renumbered.sql");
  private static final long LONGEST_WAIT = 20_000_000_000L;

  private static final TestSigner SIGNER = new TestSigner("test.example/log");

  private final EmbeddedPostgres server;
  private final DataSource database;
  private final FactTable facts =
      new FactTable(Clock.systemUTC(), new Ids(Clock.systemUTC(), new SecureRandom()));

  private LogDatabase(EmbeddedPostgres server) {
    this.server = server;
    this.database = server.getPostgresDatabase();
  }

  public static LogDatabase start(Path folder) throws IOException, SQLException {
    return before(folder, "");
  }

  /** As it was before a script of the server's own. */
  public static LogDatabase before(Path folder, String script) throws IOException, SQLException {
    LogDatabase started = new LogDatabase(
        EmbeddedPostgres.builder().setOverrideWorkingDirectory(folder.toFile()).start());
    for (String name : SCRIPTS) {
      if (name.equals(script)) {
        break;
      }
      started.script(name);
    }
    return started;
  }

  /** As it was when it started. */
  public void renew() throws SQLException, IOException {
    execute("drop schema public cascade; create schema public");
    for (String name : SCRIPTS) {
      script(name);
    }
  }

  public DataSource dataSource() {
    return database;
  }

  /** Inserts a fact about {@code subject} in the transaction of {@code connection}. */
  public UUID record(Connection connection, String subject) throws SQLException {
    return facts.insert(
        connection, Fact.of("test.happened", Actor.SERVER, "test", subject).with("note", "é\n"));
  }

  /** Puts {@code count} numbered facts behind those that are there, as quickly as the database can. */
  public void numbered(int count) throws SQLException {
    execute("""
        update time_partition set first_position = (select coalesce(max(position), 0) + 1 from fact)
        where parent = 'fact' and starts = open_partition('fact') and first_position is null;
        insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf, position, period)
        select gen_random_uuid(), now(), 'test.happened', 'server', 'test', 's', '{}', convert_to('leaf ' || n, 'UTF8'), n,
          open_partition('fact')
        from generate_series((select coalesce(max(position), 0) from fact) + 1,
          (select coalesce(max(position), 0) from fact) + %d) as n""".formatted(count));
  }

  /** Numbers all that waits. */
  public void number() throws SQLException {
    one("select number_facts((select coalesce(max(position), 0) from fact), 1000)");
  }

  /** Records a fact as of {@code at} and numbers it into a partition of its own month, which is made when there is none. */
  public void recordOld(Instant at, String subject) throws SQLException {
    FactTable old = new FactTable(
        Clock.fixed(at, ZoneOffset.UTC),
        new Ids(Clock.fixed(at, ZoneOffset.UTC), new SecureRandom()));
    try (Connection connection = database.getConnection()) {
      old.insert(connection, Fact.of("test.happened", Actor.SERVER, "test", subject));
    }
    LocalDate month = LocalDate.ofInstant(at, ZoneOffset.UTC).withDayOfMonth(1);
    if (one("select count(*) from time_partition where starts = '" + month + "'")
        .equals("0")) {
      execute("select add_time_partition('fact', '" + month + "', '" + month.plusMonths(1) + "')");
    }
    tamper("""
        with moved as (delete from fact_waiting returning *)
        insert into fact select m.*, (select coalesce(max(position), 0) + 1 from fact), '%1$s' from moved m;
        update time_partition set first_position = (select max(position) from fact)
          where starts = '%1$s' and first_position is null""".formatted(month));
  }

  /** Numbers and seals all that waits. */
  public void seal() throws SQLException {
    number();
    Sealer sealer = new Sealer(SIGNER, Clock.systemUTC(), new OpenMarks());
    try (JobLease lease = new JobLease(database, Sealer.JOB, "test")) {
      lease.take();
      while (sealer.run(lease)) {
        lease.take();
      }
    }
  }

  /** Notes that a place outside has the newest checkpoint. */
  public void deliver() throws SQLException {
    execute("""
        insert into checkpoint_delivery (place, size, at) select 'file:/test', max(size), now() from checkpoint
        on conflict (place) do update set size = excluded.size, at = excluded.at""");
  }

  /** What a check from outside says of the log as a server shows it. */
  public LogVerdict verify(String... earlier) {
    SealedLog log = new SealedLog(database);
    List<LogEntry> whole = log.entries(0, 1000, null, null).items();
    List<ShownFact> entries = new ArrayList<>();
    log.leaves(0, 1000).items().stream()
        .filter(leaf -> leaf.position() < whole.getFirst().position())
        .forEach(leaf -> entries.add(ShownFact.dropped(leaf.position(), leaf.hash())));
    whole.forEach(entry -> entries.add(shown(entry)));
    return new LogVerifier(SIGNER.key().toString(), true, List.of(earlier))
        .verify(
            entries.iterator(),
            log.checkpoints(0, 1000).items().stream()
                .map(c -> new LogVerifier.Checkpoint(c.size(), c.root(), c.note()))
                .iterator());
  }

  /** An entry as a server shows it. */
  static ShownFact shown(LogEntry entry) {
    return new ShownFact(
        entry.position(),
        entry.id(),
        entry.at(),
        entry.kind(),
        entry.actor(),
        entry.subjectType(),
        entry.subject(),
        entry.detail(),
        entry.leaf(),
        entry.hash());
  }

  public LogTree tree() {
    return new SealedTree(database);
  }

  public LogChecks checks() {
    return new CheckedLog(SIGNER, database);
  }

  /** Without a fact, a checkpoint or a holder of a job. */
  public void empty() throws SQLException {
    tamper("""
        delete from fact; delete from fact_waiting; update time_partition set first_position = null;
        delete from log_leaf; delete from log_tile; delete from checkpoint_cosignature; delete from checkpoint_delivery;
        delete from checkpoint; delete from job_epoch""");
  }

  /** Runs a script of the server's own. */
  public void script(String name) throws SQLException, IOException {
    try (InputStream script = LogDatabase.class.getClassLoader().getResourceAsStream(name)) {
      execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  public UUID record(String subject) throws SQLException {
    try (Connection connection = database.getConnection()) {
      return record(connection, subject);
    }
  }

  public void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Changes the log as somebody would who owns the tables. */
  public void tamper(String sql) throws SQLException {
    execute("set session_replication_role = replica; " + sql);
  }

  public List<String> column(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (row.next()) {
        values.add(row.getString(1));
      }
      return values;
    }
  }

  public String one(String sql) throws SQLException {
    return column(sql).getFirst();
  }

  /** Waits until {@code sql} gives {@code expected}. */
  public void await(String sql, String expected) throws SQLException {
    long end = System.nanoTime() + LONGEST_WAIT;
    while (!one(sql).equals(expected)) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("waited for " + expected + " from " + sql + ", have " + one(sql));
      }
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
