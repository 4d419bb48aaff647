package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
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
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads logged decisions along the index of their device, so that a page costs the same however many there are. */
@Singleton
final class ReadDecisions implements DecisionHistory {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String NEWEST = """
      select id, at, asked_by, question, permit, reasons, policy_hash, appraisal from decision
      where device = ? and (at, id) < (?, ?) order by at desc, id desc limit ?""";

  private static final OffsetDateTime END =
      OffsetDateTime.of(9999, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
  private static final UUID LAST = new UUID(-1, -1);

  private final DataSource database;

  ReadDecisions(DataSource database) {
    this.database = database;
  }

  @Override
  public Page<LoggedDecision> of(UUID device, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    OffsetDateTime before = END;
    UUID beforeId = LAST;
    if (cursor != null) {
      try {
        int gap = cursor.indexOf('_');
        before = Instant.parse(cursor.substring(0, Math.max(gap, 0))).atOffset(ZoneOffset.UTC);
        beforeId = UUID.fromString(cursor.substring(gap + 1));
      } catch (DateTimeException | IllegalArgumentException e) {
        throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
      }
    }
    return Page.cut(
        rows(device, before, beforeId, most + 1), most, last -> last.at() + "_" + last.id());
  }

  private List<LoggedDecision> rows(UUID device, OffsetDateTime before, UUID beforeId, int most) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(NEWEST)) {
      query.setObject(1, device);
      query.setObject(2, before);
      query.setObject(3, beforeId);
      query.setInt(4, most);
      List<LoggedDecision> decisions = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          decisions.add(decision(row));
        }
      }
      return decisions;
    } catch (SQLException | JsonProcessingException e) {
      throw new IllegalStateException("the decision log could not be read", e);
    }
  }

  private static LoggedDecision decision(ResultSet row)
      throws SQLException, JsonProcessingException {
    JsonNode question = JSON.readTree(row.getString(4));
    List<String> reasons = new ArrayList<>();
    JSON.readTree(row.getString(6)).forEach(reason -> reasons.add(reason.asText()));
    return new LoggedDecision(
        row.getObject(1, UUID.class),
        row.getObject(2, OffsetDateTime.class).toInstant(),
        row.getString(3),
        question.has("peer")
            ? new RequestedFlow(
                question.get("peer").asText(),
                question.get("protocol").asText(),
                question.get("port").asInt())
            : null,
        row.getBoolean(5),
        reasons,
        row.getString(7),
        row.getObject(8, UUID.class));
  }
}
