package io.sallyport.admin;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedColumn;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;

/**
 * Answers as rows of {@code idempotency}. The row is written first, without its answer: a second request with the same key
 * then waits on the primary key until the first has committed or was rolled back.
 */
@ApplicationScoped
class StoredAnswers implements Idempotency {
  static final Duration KEPT = Duration.ofHours(24);

  /** How long a second request waits for the first. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** How many old rows one new row takes away: more than one, so that a backlog shrinks; few, so that nobody waits. */
  private static final int SWEEP = 20;

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private static final String CLAIM = """
      INSERT INTO idempotency (operator, key, request, created_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (operator, key) DO UPDATE
        SET request = excluded.request, created_at = excluded.created_at, status = NULL, answer = NULL
        WHERE idempotency.created_at < ?""";

  private static final String FIND =
      "SELECT request, status, answer FROM idempotency WHERE operator = ? AND key = ? AND created_at >= ?";

  private static final String KEEP =
      "UPDATE idempotency SET status = ?, answer = ? WHERE operator = ? AND key = ?";

  private static final String FORGET = """
      DELETE FROM idempotency WHERE (operator, key) IN (
        SELECT operator, key FROM idempotency WHERE created_at < ?
        ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED)""";

  private final DataSource database;
  private final Keys keys;
  private final Clock clock;

  StoredAnswers(DataSource database, Keys keys, Clock clock) {
    this.database = database;
    this.keys = keys;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedColumn sealedAnswers() {
    return SealedColumn.of(
        "idempotency",
        "answer",
        List.of("operator", "key"),
        "'idempotency ' || operator || ' ' || encode(request, 'hex') || ' ' || key");
  }

  @Override
  @Transactional
  public <T> Outcome<T> together(Attempt attempt, Supplier<T> act, Function<T, Answer> keep) {
    if (!claim(attempt)) {
      return new Repeated<>(find(attempt).orElseThrow(StoredAnswers::stillRunning));
    }
    T value = act.get();
    keep(attempt, keep.apply(value));
    return new Done<>(value);
  }

  @Override
  public <T> Outcome<T> apart(Attempt attempt, Supplier<T> act, Function<T, Answer> keep) {
    Optional<Answer> before = QuarkusTransaction.requiringNew().call(() -> find(attempt));
    if (before.isPresent()) {
      return new Repeated<>(before.get());
    }
    T value = act.get();
    Answer answer = keep.apply(value);
    QuarkusTransaction.requiringNew().run(() -> {
      if (claim(attempt)) {
        keep(attempt, answer);
      }
    });
    return new Done<>(value);
  }

  /** Whether the key is this request's from now on; waits while another transaction holds it. */
  private boolean claim(Attempt attempt) {
    Instant now = clock.instant();
    try (Connection connection = database.getConnection()) {
      run(connection, FORGET, cutoff(now), SWEEP);
      run(connection, "SET LOCAL lock_timeout TO '" + PATIENCE.toMillis() + "ms'");
      int rows = run(
          connection,
          CLAIM,
          attempt.operator(),
          attempt.key(),
          attempt.request().octets(),
          now.atOffset(ZoneOffset.UTC),
          cutoff(now));
      run(connection, "SET LOCAL lock_timeout TO DEFAULT");
      return rows == 1;
    } catch (SQLException e) {
      if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        throw stillRunning();
      }
      throw new IllegalStateException("the idempotency key could not be claimed", e);
    }
  }

  private Optional<Answer> find(Attempt attempt) {
    try (Connection connection = database.getConnection();
        PreparedStatement query =
            prepare(connection, FIND, attempt.operator(), attempt.key(), cutoff(clock.instant()));
        ResultSet rows = query.executeQuery()) {
      if (!rows.next()) {
        return Optional.empty();
      }
      if (!Digest.ofOctets(rows.getBytes("request")).equals(attempt.request())) {
        throw new Refusal(
            AdminProblem.IDEMPOTENCY_KEY_REUSED,
            "Use a new Idempotency-Key for a request that differs from the first.");
      }
      byte[] json = keys.unseal(rows.getBytes("answer"), context(attempt));
      return Optional.of(
          new Answer(rows.getInt("status"), new String(json, StandardCharsets.UTF_8)));
    } catch (SQLException e) {
      throw new IllegalStateException("the stored answer could not be read", e);
    }
  }

  private void keep(Attempt attempt, Answer answer) {
    byte[] sealed = keys.seal(answer.body().getBytes(StandardCharsets.UTF_8), context(attempt));
    try (Connection connection = database.getConnection()) {
      run(connection, KEEP, answer.status(), sealed, attempt.operator(), attempt.key());
    } catch (SQLException e) {
      throw new IllegalStateException("the answer could not be stored", e);
    }
  }

  private static String context(Attempt attempt) {
    return "idempotency " + attempt.operator() + " " + attempt.request().hex() + " "
        + attempt.key();
  }

  private static OffsetDateTime cutoff(Instant now) {
    return now.minus(KEPT).atOffset(ZoneOffset.UTC);
  }

  private static Refusal stillRunning() {
    return new Refusal(
        AdminProblem.REQUEST_RUNNING,
        "Send the request again when the first one has been answered.");
  }

  private static int run(Connection connection, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, values)) {
      return statement.executeUpdate();
    }
  }

  private static PreparedStatement prepare(Connection connection, String sql, Object... values)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
  }
}
