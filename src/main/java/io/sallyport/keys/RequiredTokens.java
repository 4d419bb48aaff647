package io.sallyport.keys;

import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** The tokens that are set up, and those that the database says keys are in. */
@Singleton
final class RequiredTokens implements KeyTokens {
  private static final String LABELS =
      "select distinct token_label from signing_key where token_label is not null";

  private final Pkcs11Tokens tokens;
  private final DataSource database;

  RequiredTokens(Pkcs11Tokens tokens, DataSource database) {
    this.tokens = tokens;
    this.database = database;
  }

  @Override
  public void require() {
    tokens.require();
    labels().forEach(tokens::labeled);
  }

  private List<String> labels() {
    try (Connection connection = database.getConnection();
        Statement query = connection.createStatement();
        ResultSet row = query.executeQuery(LABELS)) {
      List<String> labels = new ArrayList<>();
      while (row.next()) {
        labels.add(row.getString(1));
      }
      return labels;
    } catch (SQLException e) {
      throw new IllegalStateException("where the keys are cannot be read", e);
    }
  }
}
