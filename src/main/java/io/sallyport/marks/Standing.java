package io.sallyport.marks;

import io.sallyport.kernel.Digest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far the database has come, read by one statement.
 *
 * @param size facts under the newest checkpoint, signed or not, 0 when there is none
 * @param at when that was sealed, by the clock of who did; no later than the database's
 * @param rootAtMark the root of the checkpoint of the size that was asked for, null when there is none
 * @param marked whether marks were ever kept for this database
 * @param renumbered how often numbers that nobody had signed yet were taken back
 * @param mine whether this keeper has complained already
 * @param others what another keeper complains of, or null
 */
record Standing(
    UUID database,
    long size,
    @Nullable Digest root,
    Instant at,
    @Nullable Digest rootAtMark,
    Map<String, Long> numbers,
    boolean marked,
    int renumbered,
    boolean mine,
    @Nullable String others) {
  private static final String QUERY = """
      select i.id, coalesce(c.size, 0), c.root, least(c.at, clock_timestamp()), (select m.root from checkpoint m where m.size = ?),
        (select string_agg(n.name || ' ' || n.value, E'\\n') from (
          select 'crl/' || name as name, max(number) as value from (
            select name, crl_number as number from authority where crl_number > 0
            union all select authority, number from crl_floor) given group by name
          union all select 'epochs', coalesce(sum(epoch), 0)::bigint from job_epoch
          union all select 'losses', i.losses) n),
        i.marked_at is not null, i.renumbered, exists (select from behind_marks where keeper = ?),
        (select sentence from behind_marks where keeper <> ? order by found_at limit 1)
      from database_identity i
      left join (select size, root, at from checkpoint order by size desc limit 1) c on true""";

  Standing {
    numbers = Collections.unmodifiableMap(new TreeMap<>(numbers));
  }

  long losses() {
    return numbers.getOrDefault(Mark.LOSSES, 0L);
  }

  static Standing read(Connection connection, long atSize, UUID keeper) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setLong(1, atSize);
      query.setObject(2, keeper);
      query.setObject(3, keeper);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException("the database does not say which one it is");
        }
        OffsetDateTime at = row.getObject(4, OffsetDateTime.class);
        return new Standing(
            row.getObject(1, UUID.class),
            row.getLong(2),
            digest(row, 3),
            at == null ? Instant.EPOCH : at.toInstant(),
            digest(row, 5),
            numbers(row.getString(6)),
            row.getBoolean(7),
            row.getInt(8),
            row.getBoolean(9),
            row.getString(10));
      }
    }
  }

  private static @Nullable Digest digest(ResultSet row, int column) throws SQLException {
    byte[] octets = row.getBytes(column);
    return octets == null ? null : Digest.ofOctets(octets);
  }

  private static Map<String, Long> numbers(String lines) {
    Map<String, Long> numbers = new TreeMap<>();
    lines.lines().forEach(line -> {
      int space = line.lastIndexOf(' ');
      numbers.put(line.substring(0, space), Long.parseLong(line.substring(space + 1)));
    });
    return numbers;
  }
}
