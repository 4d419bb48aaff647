package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads logged decisions along an index, that of the device, the peer, the cause or the time, so that a page costs the same
 * however many there are.
 */
@Singleton
final class ReadDecisions implements DecisionHistory {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String COLUMNS =
      "id, at, asked_by, device, question, permit, effect, reasons, rule, policy_hash, appraisal, inputs";
  private static final String ONE = "select " + COLUMNS + " from decision where id = ? limit 1";
  private static final String INPUTS = "select body from decision_inputs where hash = ? limit 1";

  private static final Place END = new Place(
      OffsetDateTime.of(9999, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC).toInstant(), new UUID(-1, -1));

  private final DataSource database;

  ReadDecisions(DataSource database) {
    this.database = database;
  }

  /** A decision's place in the order of time. */
  record Place(Instant at, UUID id) {
    @Override
    public String toString() {
      return at + "_" + id;
    }

    static Place read(String cursor) {
      try {
        int gap = cursor.indexOf('_');
        return new Place(
            Instant.parse(cursor.substring(0, Math.max(gap, 0))),
            UUID.fromString(cursor.substring(gap + 1)));
      } catch (DateTimeException | IllegalArgumentException e) {
        throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
      }
    }
  }

  @Override
  public Page<LoggedDecision> find(Filter filter, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    DecisionSearch search = new DecisionSearch(filter, cursor == null ? END : Place.read(cursor));
    return reading(connection -> {
      List<LoggedDecision> rows = new ArrayList<>();
      try (PreparedStatement query = search.page(connection, COLUMNS, most + 1);
          ResultSet row = query.executeQuery()) {
        while (row.next()) {
          rows.add(decision(row));
        }
      }
      if (rows.size() > most) {
        return Page.cut(rows, most, last -> new Place(last.at(), last.id()).toString());
      }
      return new Page<>(rows, search.horizon(connection).map(Place::toString).orElse(null));
    });
  }

  @Override
  public Optional<LoggedDecision> find(UUID id) {
    return reading(connection -> {
      try (PreparedStatement query = connection.prepareStatement(ONE)) {
        query.setObject(1, id);
        try (ResultSet row = query.executeQuery()) {
          return row.next() ? Optional.of(decision(row)) : Optional.empty();
        }
      }
    });
  }

  @Override
  public Optional<String> inputs(String hash) {
    return reading(connection -> {
      try (PreparedStatement query = connection.prepareStatement(INPUTS)) {
        query.setBytes(1, Digest.ofHex(hash).octets());
        try (ResultSet row = query.executeQuery()) {
          return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
        }
      }
    });
  }

  private static LoggedDecision decision(ResultSet row)
      throws SQLException, JsonProcessingException {
    byte[] inputs = row.getBytes(12);
    return new LoggedDecision(
        row.getObject(1, UUID.class),
        row.getObject(2, OffsetDateTime.class).toInstant(),
        row.getString(3),
        row.getObject(4, UUID.class),
        flow(JSON.readTree(row.getString(5))),
        row.getBoolean(6),
        row.getString(7),
        reasons(row.getString(8)),
        row.getString(9),
        row.getString(10),
        row.getObject(11, UUID.class),
        inputs == null ? null : Digest.ofOctets(inputs).hex());
  }

  /** What was asked for, by the question as it is logged; null when what is permitted at all. */
  static @Nullable RequestedFlow flow(JsonNode question) {
    return question.has("peer")
        ? new RequestedFlow(
            question.get("peer").asText(),
            question.get("protocol").asText(),
            question.get("port").asInt(),
            question.has("direction") ? Direction.TO_DEVICE : Direction.FROM_DEVICE)
        : null;
  }

  private static List<String> reasons(String json) throws JsonProcessingException {
    List<String> reasons = new ArrayList<>();
    JSON.readTree(json).forEach(reason -> reasons.add(reason.asText()));
    return reasons;
  }

  /** What is read over one connection. */
  private interface Reading<T> {
    T from(Connection connection) throws SQLException, JsonProcessingException;
  }

  private <T> T reading(Reading<T> reading) {
    try (Connection connection = database.getConnection()) {
      return reading.from(connection);
    } catch (SQLException | JsonProcessingException e) {
      throw new IllegalStateException("the decision log could not be read", e);
    }
  }
}
