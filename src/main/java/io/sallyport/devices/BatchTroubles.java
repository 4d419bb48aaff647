package io.sallyport.devices;

import static io.sallyport.devices.BatchTable.read;
import static io.sallyport.devices.BatchTable.time;

import io.sallyport.devices.Batches.Trouble;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;

/** What rows were last refused, on the connection of the transaction under way. */
final class BatchTroubles {
  /** Of a batch; more are told by nothing but the counts. */
  private static final int MOST = 1_000;

  private static final String NOTE = """
      insert into batch_refusal (batch, row_key, problem, detail, station, at)
      select ?, ?, ?, ?, ?, ?
      where (select count(*) from (select 1 from batch_refusal where batch = ? limit ?) found) < ?
        or exists (select 1 from batch_refusal where batch = ? and row_key = ?)
      on conflict (batch, row_key) do update
      set problem = excluded.problem, detail = excluded.detail, station = excluded.station, at = excluded.at""";
  private static final String PAGE = """
      select f.row_key, f.problem, f.detail, f.station, f.at from batch_refusal f
      where f.batch = ? and f.row_key > ? and not exists (
        select 1 from batch_row r where r.batch = f.batch and r.row_key = f.row_key
          and (r.certificate is not null or r.given_up_at is not null))
      order by f.row_key limit ?""";

  private final Connection transaction;

  BatchTroubles(Connection transaction) {
    this.transaction = transaction;
  }

  boolean note(UUID batch, Trouble trouble) throws SQLException {
    try (PreparedStatement note = transaction.prepareStatement(NOTE)) {
      note.setObject(1, batch);
      note.setString(2, trouble.row());
      note.setString(3, trouble.problem());
      note.setString(4, trouble.detail());
      note.setString(5, trouble.station());
      note.setObject(6, time(trouble.at()));
      note.setObject(7, batch);
      note.setInt(8, MOST);
      note.setInt(9, MOST);
      note.setObject(10, batch);
      note.setString(11, trouble.row());
      return note.executeUpdate() > 0;
    }
  }

  List<Trouble> page(UUID batch, String after, int most) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(PAGE)) {
      query.setObject(1, batch);
      query.setString(2, after);
      query.setInt(3, most);
      return read(
          query,
          row -> new Trouble(
              row.getString(1),
              row.getString(2),
              row.getString(3),
              row.getString(4),
              row.getObject(5, OffsetDateTime.class).toInstant()));
    }
  }
}
