package io.sallyport.marks;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Marks in a {@link MarkFile}. Looks every second: raises them with a database that goes forward, and complains in a row of
 * a database that went back, so that nodes without marks stand still too. Any thread.
 */
@Singleton
final class KeptMarks implements Marks {
  /** After {@link #begin}. */
  private static final int START = 70;

  private static final long LOOK_EVERY_MILLIS = 1000;
  private static final Logger LOG = Logger.getLogger(KeptMarks.class);

  private static final String COMPLAIN = """
      insert into behind_marks (keeper, sentence, mark) values (?, ?, ?)
      on conflict (keeper) do update set sentence = excluded.sentence, mark = excluded.mark
      where behind_marks.mark <> excluded.mark or behind_marks.sentence <> excluded.sentence""";
  private static final String WITHDRAW = "delete from behind_marks where keeper = ?";
  private static final String OTHERS =
      "select mark from behind_marks where keeper <> ? order by found_at";
  private static final String MARKED =
      "update database_identity set marked_at = clock_timestamp() where marked_at is null";
  private static final String ADVICE =
      " It was restored from a backup, or a copy that lags took over. Put the newest database in its place; or run"
          + " \"sallyport admin reconcile --export FILE\" with an export of the log that reaches fact ";

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("sallyport-marks").factory());
  private final DataSource database;
  private final MarkSettings settings;
  private final MarkFile file;
  private final Ids ids;
  private final Clock clock;
  private volatile @Nullable Mark known;
  private volatile @Nullable Refusal refusal;
  private volatile @Nullable Refusal forGood;
  private boolean away;
  private int renumbered;

  KeptMarks(
      DataSource database, MarkSettings settings, Ids ids, Clock clock, MeterRegistry meters) {
    this.database = database;
    this.settings = settings;
    this.file = new MarkFile(Path.of(settings.folder()));
    this.ids = ids;
    this.clock = clock;
    Gauge.builder("sallyport.marks.up", this, marks -> marks.refusal == null ? 1 : 0)
        .description("Whether the database has reached the marks that are kept outside of it")
        .register(meters);
  }

  @Override
  public synchronized void begin() {
    Optional<Mark> kept = file.read();
    UUID keeper = kept.map(Mark::keeper).orElseGet(ids::next);
    try (Connection connection = database.getConnection()) {
      Standing standing = Standing.read(connection, kept.map(Mark::size).orElse(0L), keeper);
      renumbered = standing.renumbered();
      if (kept.isEmpty()) {
        first(connection, keeper, standing);
      } else if (standing.size() == 0 && kept.get().size() > 0) {
        throw new Refusal(
            MarksProblem.BEHIND,
            "The database is empty, but the marks in " + file.path()
                + " say that " + kept.get().size()
                + " facts were signed. Restore the database; or, to begin another one, move the file away.");
      } else {
        known = kept.get();
      }
      judge(connection, Standing.read(connection, known().size(), keeper));
    } catch (SQLException e) {
      throw new IllegalStateException("the database cannot be compared with the marks", e);
    }
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    timer.scheduleWithFixedDelay(
        this::lookAgain, LOOK_EVERY_MILLIS, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
  }

  /** Nobody can tell a node that is new from one whose marks were lost: it begins with what the database shows. */
  private void first(Connection connection, UUID keeper, Standing standing) throws SQLException {
    if (standing.marked()) {
      if (settings.required()) {
        throw new Refusal(
            MarksProblem.MARKS,
            "There are no marks in " + file.path()
                + ", but marks were kept for this database before. Put them back from their copy; or start once with"
                + " SALLYPORT_MARKS_REQUIRED=false if it is certain that this is the newest database.");
      }
      LOG.warnf(
          "There are no marks in %s: this node begins with what the database shows, and cannot tell whether that went"
              + " back before now. Keep the folder, or share one between the nodes.",
          file.path());
    }
    known = file.change(Mark.of(keeper, standing), mark -> mark);
    try (Statement marked = connection.createStatement()) {
      marked.executeUpdate(MARKED);
    }
  }

  private Mark known() {
    Mark mark = known;
    if (mark == null) {
      throw new IllegalStateException("the marks were not read yet");
    }
    return mark;
  }

  @Override
  public @Nullable Refusal refusal() {
    return refusal;
  }

  @Override
  public int losses() {
    Mark mark = known;
    return mark == null ? 0 : Math.toIntExact(mark.losses());
  }

  private void lookAgain() {
    try {
      look();
    } catch (RuntimeException e) {
      LOG.debug("The database cannot be compared with the marks", e);
    }
  }

  @Override
  public synchronized void look() {
    try (Connection connection = database.getConnection()) {
      look(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("the database cannot be compared with the marks", e);
    }
  }

  private void look(Connection connection) throws SQLException {
    try {
      // Another node may have raised marks in a shared folder.
      known = file.read().orElse(known());
      reached();
    } catch (Refusal unusable) {
      if (!isAway(unusable)) {
        close(unusable);
        return;
      }
    }
    Mark mark = known();
    judge(connection, Standing.read(connection, mark.size(), mark.keeper()));
  }

  private void judge(Connection connection, Standing standing) throws SQLException {
    Mark mark = known();
    if (standing.renumbered() != renumbered) {
      forGood = new Refusal(
          MarksProblem.BEHIND,
          "While this node ran, facts of a restored database were given other numbers, behind what was brought back."
              + " Start this node anew.");
    }
    Optional<String> fault = mark.fault(standing);
    if (fault.isPresent() && !standing.database().equals(mark.database())) {
      // Perhaps it is the folder that is the wrong one: no reason to stop others.
      close(new Refusal(
          MarksProblem.BEHIND,
          fault.get() + " If " + file.path() + " belongs to another installation, set it right."
              + ADVICE + mark.size() + "."));
      return;
    }
    if (fault.isPresent()) {
      String sentence = fault.get() + ADVICE + mark.size() + ".";
      close(new Refusal(MarksProblem.BEHIND, sentence));
      complain(connection, mark, sentence);
      return;
    }
    if (standing.mine()) {
      withdraw(connection, mark.keeper());
    }
    String others = standing.others();
    if (others != null) {
      close(new Refusal(
          MarksProblem.BEHIND, "Another node found the database behind its marks: " + others));
      return;
    }
    Mark raised = mark.raised(standing);
    if (!raised.equals(mark) || !file.path().toFile().exists()) {
      try {
        known = file.change(
            mark, last -> last.fault(standing).isEmpty() ? last.raised(standing) : last);
        reached();
      } catch (Refusal unusable) {
        if (!isAway(unusable)) {
          close(unusable);
          return;
        }
      }
    }
    close(clockFault(known()));
  }

  /** A volume that is gone or full says nothing of the database: what is in memory goes on, and nothing new is signed. */
  private boolean isAway(Refusal unusable) {
    if (unusable.problem() != MarksProblem.AWAY) {
      return false;
    }
    if (!away) {
      LOG.error(unusable.detail());
    }
    away = true;
    return true;
  }

  private void reached() {
    if (away) {
      LOG.infof("The marks in %s can be read and written again.", file.path());
    }
    away = false;
  }

  private @Nullable Refusal clockFault(Mark mark) {
    Instant now = clock.instant();
    if (!now.isBefore(mark.signed().minus(settings.clockTolerance()))) {
      return null;
    }
    return new Refusal(
        MarksProblem.CLOCK,
        "The clock of this node says " + now.truncatedTo(ChronoUnit.SECONDS)
            + ", but something was signed at " + mark.signed().truncatedTo(ChronoUnit.SECONDS)
            + ". Set the clock right. If the other time was the wrong one, wait for it to pass, or run \"sallyport admin"
            + " reconcile --accept-clock\".");
  }

  @Override
  public synchronized void refuseUntilRestart(String sentence) {
    forGood = new Refusal(MarksProblem.BEHIND, sentence);
    close(null);
  }

  /** Tells a change in the log, once. */
  private void close(@Nullable Refusal found) {
    Refusal before = refusal;
    Refusal why = found == null ? forGood : found;
    refusal = why;
    if (why != null && (before == null || !before.detail().equals(why.detail()))) {
      LOG.errorf("This node serves nobody: %s", why.detail());
    } else if (why == null && before != null) {
      LOG.info("The database has reached the marks: this node serves again.");
    }
  }

  /** A database that takes no writes needs no row: nothing can be done on it by others either. */
  private static void complain(Connection connection, Mark mark, String sentence) {
    try (PreparedStatement complain = connection.prepareStatement(COMPLAIN)) {
      complain.setObject(1, mark.keeper());
      complain.setString(2, sentence);
      complain.setString(3, mark.text());
      complain.executeUpdate();
    } catch (SQLException e) {
      LOG.debug("The database takes no complaint", e);
    }
  }

  private static void withdraw(Connection connection, UUID keeper) throws SQLException {
    try (PreparedStatement withdraw = connection.prepareStatement(WITHDRAW)) {
      withdraw.setObject(1, keeper);
      withdraw.executeUpdate();
    }
  }

  @Override
  public synchronized void requireForward(Connection connection) throws SQLException {
    look(connection);
    require();
  }

  @Override
  public synchronized void raiseLog(Connection connection, long size, Digest root)
      throws SQLException {
    Mark mark = file.read().orElse(known());
    if (size <= mark.size()) {
      // Signed late, after a crash: only in a log that leads to what was signed after it.
      Standing standing = Standing.read(connection, mark.size(), mark.keeper());
      if (mark.fault(standing).isPresent()
          || size == mark.size() && !Objects.equals(root, mark.root())) {
        known = mark;
        judge(connection, standing);
        throw new Refusal(
            MarksProblem.BEHIND,
            "A checkpoint of " + size + " facts is not signed: the log went back.");
      }
    }
    raise(last -> last.with(size, root));
  }

  @Override
  public synchronized void raiseLists(Map<String, Long> highest) {
    Mark mark = file.read().orElse(known());
    Map<String, Long> numbers = new TreeMap<>();
    highest.forEach((authority, number) -> {
      String name = Mark.LIST + authority;
      long marked = mark.numbers().getOrDefault(name, 0L);
      if (number < marked) {
        throw new Refusal(
            MarksProblem.BEHIND,
            "List " + number + " of \"" + authority + "\" is not signed: " + marked
                + " was given out already.");
      }
      numbers.put(name, number);
    });
    raise(last -> last.with(numbers));
  }

  private void raise(UnaryOperator<Mark> higher) {
    Refusal late = clockFault(known());
    if (late != null) {
      close(late);
      throw late;
    }
    Instant now = clock.instant();
    known = file.change(known(), last -> higher.apply(last).signed(now));
  }

  @Override
  public synchronized List<Mark> unmet(Connection connection) throws SQLException {
    List<Mark> unmet = new ArrayList<>();
    Mark mine = file.read().orElse(known());
    unmet.add(mine);
    try (PreparedStatement others = connection.prepareStatement(OTHERS)) {
      others.setObject(1, mine.keeper());
      try (ResultSet row = others.executeQuery()) {
        while (row.next()) {
          unmet.add(Mark.parse(row.getString(1)));
        }
      }
    }
    return unmet;
  }

  @Override
  public synchronized void acceptClock() {
    Instant now = clock.instant();
    known = file.change(
        known(),
        last -> new Mark(
            last.keeper(), last.database(), last.size(), last.root(), last.numbers(), now));
  }
}
