package io.sallyport.decision;

import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Counts by the first reason, which names the policy and the rule that decided ({@link DecisionPoint.Decision#reasons}). */
@Singleton
final class ReadRuleUses implements RuleUses {
  private static final String USES = """
      select deciding[1], deciding[2], count(*), max(at)
      from (select at, regexp_match(reasons, '^\\["policy ([a-z0-9-]+): ([a-z0-9\\[\\]-]+) (?:allows|forbids) ') deciding
        from decision where at >= ?) decided
      where deciding is not null group by 1, 2 order by 1, 2""";

  private final DataSource database;

  ReadRuleUses(DataSource database) {
    this.database = database;
  }

  @Override
  public List<Use> since(Instant since) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(USES)) {
      query.setObject(1, since.atOffset(ZoneOffset.UTC));
      List<Use> uses = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          uses.add(new Use(
              row.getString(1),
              row.getString(2),
              row.getLong(3),
              row.getObject(4, OffsetDateTime.class).toInstant()));
        }
      }
      return uses;
    } catch (SQLException e) {
      throw new IllegalStateException("the logged decisions could not be counted", e);
    }
  }
}
