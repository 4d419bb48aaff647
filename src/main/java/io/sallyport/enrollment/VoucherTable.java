package io.sallyport.enrollment;

import io.sallyport.enrollment.Vouchers.Assertion;
import io.sallyport.enrollment.Vouchers.Voucher;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Vouchers in the database. Works in the caller's transaction. */
final class VoucherTable {
  private static final String COLUMNS =
      "select id, device, serial_number, owner, assertion, domain, nonce, created_on, expires_on, issued_by from voucher";
  private static final String USE =
      "insert into voucher_use (digest, used_at) values (?, ?) on conflict do nothing";
  private static final String ADD = """
      insert into voucher (id, device, serial_number, owner, assertion, domain, nonce, created_on, expires_on,
        issued_by, content, content_sha256)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""";
  private static final String SIGN =
      "update voucher set signed = ? where id = ? and signed is null";
  private static final String CONTENT = "select content, signed from voucher where id = ?";
  private static final String BY_ID = COLUMNS + " where id = ?";
  private static final String BY_CONTENT = COLUMNS + " where content_sha256 = ?";
  private static final String LIST = COLUMNS + " where device = ? and id > ? order by id limit ?";
  private static final String ELSEWHERE =
      "select exists (select 1 from hardware_unit where serial_number = ? and id <> ?)";

  private final DataSource database;

  VoucherTable(DataSource database) {
    this.database = database;
  }

  /** What is signed, and the CMS when it has been. */
  record Content(byte[] text, @Nullable Der signed) {}

  /** Whether this is the first use. */
  boolean use(Digest digest, Instant now) {
    return execute(USE, digest.octets(), at(now)) > 0;
  }

  void add(Voucher voucher, byte[] content) {
    execute(
        ADD,
        voucher.id(),
        voucher.device(),
        voucher.serialNumber(),
        voucher.owner(),
        voucher.assertion().name(),
        voucher.domain().octets(),
        voucher.nonce() == null ? null : VoucherText.octets(voucher.nonce()),
        at(voucher.createdOn()),
        voucher.expiresOn() == null ? null : at(voucher.expiresOn()),
        voucher.by(),
        content,
        Digest.of(content).octets());
  }

  void sign(UUID id, Der signed) {
    execute(SIGN, signed.octets(), id);
  }

  Optional<Content> content(UUID id) {
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(CONTENT)) {
      query.setObject(1, id);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        byte[] signed = row.getBytes(2);
        return Optional.of(new Content(row.getBytes(1), signed == null ? null : Der.of(signed)));
      }
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  Optional<Voucher> byId(UUID id) {
    return find(BY_ID, id).stream().findFirst();
  }

  Optional<Voucher> byContent(Digest content) {
    return find(BY_CONTENT, content.octets()).stream().findFirst();
  }

  List<Voucher> list(UUID device, UUID after, int limit) {
    return find(LIST, device, after, limit);
  }

  /** Whether another manufacturer's unit has this serial number too. */
  boolean isElsewhere(String serialNumber, UUID unit) {
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(ELSEWHERE)) {
      query.setString(1, serialNumber);
      query.setObject(2, unit);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private List<Voucher> find(String sql, Object... values) {
    List<Voucher> found = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        query.setObject(i + 1, values[i]);
      }
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.add(voucher(row));
        }
      }
    } catch (SQLException e) {
      throw failed(e);
    }
    return found;
  }

  private static Voucher voucher(ResultSet row) throws SQLException {
    byte[] nonce = row.getBytes(7);
    OffsetDateTime end = row.getObject(9, OffsetDateTime.class);
    return new Voucher(
        row.getObject(1, UUID.class),
        row.getObject(2, UUID.class),
        row.getString(3),
        row.getString(4),
        Assertion.valueOf(row.getString(5)),
        Der.of(row.getBytes(6)),
        nonce == null ? null : VoucherText.base64(nonce),
        row.getObject(8, OffsetDateTime.class).toInstant(),
        end == null ? null : end.toInstant(),
        row.getString(10));
  }

  private int execute(String sql, @Nullable Object... values) {
    try (Connection transaction = database.getConnection();
        PreparedStatement statement = transaction.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static OffsetDateTime at(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }

  private static IllegalStateException failed(SQLException e) {
    return new IllegalStateException("vouchers could not be read or written", e);
  }
}
