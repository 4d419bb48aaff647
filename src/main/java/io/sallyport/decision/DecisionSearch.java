package io.sallyport.decision;

import io.sallyport.decision.DecisionHistory.Filter;
import io.sallyport.decision.DecisionHistory.Outcome;
import io.sallyport.decision.ReadDecisions.Place;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One page of a search. It goes along one index, newest first, and looks at no more than {@link #MOST_LOOKED_AT} lines for
 * what the index does not know, so that a rare thing takes more pages and not a longer one.
 */
final class DecisionSearch {
  static final int MOST_LOOKED_AT = 20_000;

  private static final String NEWEST_FIRST = " order by at desc, id desc limit ";

  /** Conditions and their values, in order. */
  private static final class Where {
    private final StringBuilder text = new StringBuilder("true");
    private final List<Object> values = new ArrayList<>();

    void and(String condition, Object... bound) {
      text.append(" and ").append(condition);
      values.addAll(List.of(bound));
    }
  }

  private final Where along = new Where();
  private final Where rest = new Where();

  /** @param before where the page before ended */
  DecisionSearch(Filter filter, Place before) {
    String cause = cause(filter);
    // The index that knows most comes first; what it does not know is looked at line by line.
    boolean byDevice = filter.device() != null;
    boolean byPeer = !byDevice && filter.peer() != null;
    boolean byCause = !byDevice && !byPeer && cause != null;
    with(byDevice, filter.device(), "device = ?");
    with(byPeer, filter.peer() == null ? null : filter.peer().toLowerCase(Locale.ROOT), "peer = ?");
    with(byCause, cause, "cause = ?");
    along.and("(at, id) < (?, ?) and at <= ?", utc(before.at()), before.id(), utc(before.at()));
    with(true, time(filter.since()), "at >= ?");
    with(true, time(filter.until()), "at < ?");
    with(
        false,
        filter.protocol() == null ? null : filter.protocol().toLowerCase(Locale.ROOT),
        "protocol = ?");
    with(false, filter.port(), "port = ?");
    with(false, filter.rule(), "rule = ?");
    with(false, filter.askedBy(), "asked_by = ?");
    String reason = filter.reason();
    if (reason != null && reason.indexOf(':') >= 0) {
      String json = JsonText.array(List.of(reason));
      with(false, json.substring(0, json.length() - 2), "starts_with(reasons, ?)");
    }
    with(false, filter.policy() == null ? null : kind(reason), "cause = ?");
    Outcome outcome = filter.outcome();
    if (outcome != null) {
      switch (outcome) {
        case PERMIT -> rest.and("permit");
        case DENY -> rest.and("not permit");
        case INDETERMINATE -> rest.and("effect = 'indeterminate'");
        case NOT_EVALUATED -> rest.and("effect = 'not-evaluated'");
      }
    }
  }

  private void with(boolean index, @Nullable Object value, String condition) {
    if (value != null) {
      (index ? along : rest).and(condition, value);
    }
  }

  private static @Nullable String cause(Filter filter) {
    if (filter.policy() != null) {
      return "policy " + filter.policy();
    }
    return kind(filter.reason());
  }

  private static @Nullable String kind(@Nullable String reason) {
    return reason == null || reason.indexOf(':') >= 0 ? null : reason;
  }

  /** At most so many lines; to be closed. */
  PreparedStatement page(Connection connection, String columns, int most) throws SQLException {
    List<Object> values = new ArrayList<>(along.values);
    values.addAll(rest.values);
    return prepared(
        connection,
        "select " + columns + " from (select * from decision where " + along.text + NEWEST_FIRST
            + MOST_LOOKED_AT + ") near where " + rest.text + NEWEST_FIRST + most,
        values);
  }

  /** The last line that a page looked at, when there may be more behind it. */
  Optional<Place> horizon(Connection connection) throws SQLException {
    try (PreparedStatement query = prepared(
            connection,
            "select at, id from decision where " + along.text + NEWEST_FIRST + "1 offset "
                + (MOST_LOOKED_AT - 1),
            along.values);
        ResultSet row = query.executeQuery()) {
      return row.next()
          ? Optional.of(new Place(
              row.getObject(1, OffsetDateTime.class).toInstant(), row.getObject(2, UUID.class)))
          : Optional.empty();
    }
  }

  private static PreparedStatement prepared(Connection connection, String sql, List<Object> values)
      throws SQLException {
    PreparedStatement query = connection.prepareStatement(sql);
    for (int i = 0; i < values.size(); i++) {
      query.setObject(i + 1, values.get(i));
    }
    return query;
  }

  private static @Nullable OffsetDateTime time(@Nullable Instant time) {
    return time == null ? null : utc(time);
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
