package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.decision.Inputs.Snapshot;
import io.sallyport.decision.ReplayCount.Recorded;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.Place;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Reads the decision log in chunks along the index of its time, each in a transaction of its own, so that none is long. */
@Singleton
final class LoggedReplay implements Replays {
  /** Decisions that one replay looks at: some minutes. */
  private static final int MOST = 5_000_000;

  private static final int CHUNK = 5000;
  private static final int MOST_SNAPSHOTS = 20_000;

  private static final Logger LOG = Logger.getLogger(LoggedReplay.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String POINT = Actor.enforcementPoint("").toString();

  private static final String DECISIONS = """
      select id, at, policy_hash, asked_by, question, permit, reasons, cause, rule, inputs from decision
      where (at, id) < (?, ?) and at <= ? and at >= ? order by at desc, id desc limit ?""";
  private static final String INPUTS =
      "select hash, body from decision_inputs where hash = any (?)";

  private final DataSource database;
  private final Fleet fleet;
  private final DecisionSettings settings;
  private final Clock clock;
  private final Semaphore running = new Semaphore(1);

  LoggedReplay(DataSource database, Fleet fleet, DecisionSettings settings, Clock clock) {
    this.database = database;
    this.fleet = fleet;
    this.settings = settings;
    this.clock = clock;
  }

  /** A line of the log; {@code inputs} is null when the policies had no say. */
  private record Line(Recorded recorded, @Nullable Digest inputs) {}

  @Override
  public Report replay(PolicySet candidate, Instant since) {
    PolicySet inForce = fleet.policies();
    if (inForce == null || fleet.isDoubtful(Part.POLICIES)) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "This node does not have the policies in force in memory yet; ask again.");
    }
    if (!running.tryAcquire()) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE, "A replay runs on this node; ask again when it is done.");
    }
    try {
      return replay(new ReplayCount(candidate, inForce), since);
    } finally {
      running.release();
    }
  }

  private Report replay(ReplayCount count, Instant since) {
    Instant until = clock.instant();
    Snapshots snapshots = new Snapshots();
    ReadDecisions.Place before = new ReadDecisions.Place(until, new UUID(-1, -1));
    for (int looked = 0; looked < MOST; looked += CHUNK) {
      List<Line> lines = chunk(before, since, snapshots);
      for (Line line : lines) {
        count(count, line, snapshots);
      }
      if (lines.size() < CHUNK) {
        return count.report(since, until, true, settings.logPermits());
      }
      Recorded last = lines.getLast().recorded;
      before = new ReadDecisions.Place(last.at(), last.id());
    }
    return count.report(before.at(), until, false, settings.logPermits());
  }

  private static void count(ReplayCount count, Line line, Snapshots snapshots) {
    if (line.inputs == null) {
      if (line.recorded.cause() == null) {
        count.without();
      } else {
        count.unasked();
      }
      return;
    }
    Optional<Snapshot> snapshot = snapshots.get(line.inputs);
    if (snapshot.isPresent()) {
      count.replay(line.recorded, snapshot.get());
    } else {
      count.without();
    }
  }

  /** The next ones, and what they were computed from. */
  private List<Line> chunk(ReadDecisions.Place before, Instant since, Snapshots snapshots) {
    try (Connection connection = database.getConnection()) {
      List<Line> lines = lines(connection, before, since);
      snapshots.fetch(connection, lines);
      return lines;
    } catch (SQLException | JsonProcessingException e) {
      throw new IllegalStateException("the decision log could not be read", e);
    }
  }

  private static List<Line> lines(Connection connection, ReadDecisions.Place before, Instant since)
      throws SQLException, JsonProcessingException {
    List<Line> lines = new ArrayList<>(CHUNK);
    try (PreparedStatement query = connection.prepareStatement(DECISIONS)) {
      query.setObject(1, before.at().atOffset(ZoneOffset.UTC));
      query.setObject(2, before.id());
      query.setObject(3, before.at().atOffset(ZoneOffset.UTC));
      query.setObject(4, since.atOffset(ZoneOffset.UTC));
      query.setInt(5, CHUNK);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          lines.add(line(row));
        }
      }
    }
    return lines;
  }

  private static Line line(ResultSet row) throws SQLException, JsonProcessingException {
    byte[] inputs = row.getBytes(10);
    return new Line(
        recorded(
            row.getObject(1, UUID.class),
            row.getObject(2, OffsetDateTime.class).toInstant(),
            row.getString(3),
            row.getString(4),
            row.getString(5),
            row.getBoolean(6),
            row.getString(7),
            row.getString(8),
            row.getString(9)),
        inputs == null ? null : Digest.ofOctets(inputs));
  }

  /** From the columns of a {@link DecisionRow}. */
  static Recorded recorded(
      UUID id,
      Instant at,
      String set,
      String askedBy,
      String question,
      boolean permit,
      String reasons,
      @Nullable String cause,
      @Nullable String rule)
      throws JsonProcessingException {
    JsonNode asked = JSON.readTree(question);
    return new Recorded(
        id,
        at,
        set,
        ReadDecisions.flow(asked),
        new Place(
            askedBy.startsWith(POINT) ? askedBy.substring(POINT.length()) : null,
            asked.has("address") ? asked.get("address").asText() : null),
        permit,
        JSON.readTree(reasons).path(0).asText(),
        cause,
        rule);
  }

  /** What decisions were computed from, as far as it was read lately. */
  private static final class Snapshots {
    private final Map<Digest, Optional<Snapshot>> known = new LinkedHashMap<>(16, 0.75f, true);

    Optional<Snapshot> get(Digest hash) {
      return known.getOrDefault(hash, Optional.empty());
    }

    /** From then on {@link #get} knows those of {@code lines}. */
    void fetch(Connection connection, List<Line> lines) throws SQLException {
      Set<Digest> missing = new HashSet<>();
      for (Line line : lines) {
        // Looked up whether or not it is new, so that it is among the newest.
        if (line.inputs != null && known.get(line.inputs) == null) {
          missing.add(line.inputs);
        }
      }
      missing.forEach(hash -> known.put(hash, Optional.empty()));
      if (!missing.isEmpty()) {
        byte[][] hashes = missing.stream().map(Digest::octets).toArray(byte[][]::new);
        try (PreparedStatement query = connection.prepareStatement(INPUTS)) {
          query.setArray(1, connection.createArrayOf("bytea", hashes));
          try (ResultSet row = query.executeQuery()) {
            while (row.next()) {
              known.put(Digest.ofOctets(row.getBytes(1)), read(row.getString(2)));
            }
          }
        }
      }
      // Oldest used first; a chunk has far fewer than are kept.
      while (known.size() > MOST_SNAPSHOTS) {
        known.remove(known.keySet().iterator().next());
      }
    }

    private static Optional<Snapshot> read(String body) {
      try {
        return Optional.of(Inputs.read(body));
      } catch (IllegalArgumentException e) {
        LOG.debug("Inputs of a decision cannot be read", e);
        return Optional.empty();
      }
    }
  }
}
