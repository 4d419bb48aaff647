package io.sallyport.keys;

import io.sallyport.kernel.Page;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads of each key what may be seen; its sealed private part stays in the database but for the octets that name a key. */
@Singleton
final class StoredInventory implements KeyInventory {
  private static final String LIST = """
      select id, algorithm, purpose, created_at, token_label, token_key_id,
        case when get_byte(sealed_private_key, 0) = 1 and encode(substr(sealed_private_key, 2, 4), 'hex')
          in (select id from master_key) then encode(substr(sealed_private_key, 2, 4), 'hex') end
      from signing_key where id < ? order by id desc limit ?""";
  private static final UUID AFTER_ALL = new UUID(-1, -1);

  private final DataSource database;
  private final Pkcs11Tokens tokens;

  StoredInventory(DataSource database, Pkcs11Tokens tokens) {
    this.database = database;
    this.tokens = tokens;
  }

  @Override
  public Page<KeyEntry> list(@Nullable String cursor, int limit) {
    UUID before = cursor == null ? AFTER_ALL : UUID.fromString(cursor);
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(LIST)) {
      query.setObject(1, before);
      query.setInt(2, limit + 1);
      List<KeyEntry> entries = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          entries.add(entry(row));
        }
      }
      return Page.cut(entries, limit, last -> last.id().toString());
    } catch (SQLException e) {
      throw new IllegalStateException("the keys cannot be listed", e);
    }
  }

  private KeyEntry entry(ResultSet row) throws SQLException {
    KeyAlgorithm algorithm = KeyAlgorithm.valueOf(row.getString(2));
    String token = row.getString(5);
    byte[] tokenKeyId = row.getBytes(6);
    return new KeyEntry(
        row.getObject(1, UUID.class),
        algorithm,
        row.getString(3),
        token == null ? algorithm.provider() : tokens.provider(token),
        row.getObject(4, OffsetDateTime.class).toInstant(),
        row.getString(7),
        token,
        tokenKeyId == null ? null : HexFormat.of().formatHex(tokenKeyId));
  }
}
