package io.sallyport.pki;

import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;

/** What {@link CertificateRounds} found in stored certificates. */
@Singleton
final class RecheckedHealth implements HealthCheck {
  private static final String LOOK = """
      select (select count(*) from certificate_finding where closed_at is null),
        (select count(*) from certificate_finding where closed_at is not null),
        coalesce((select looked_at from certificate_check), 0), coalesce((select rounds from certificate_check), 0),
        (select authority || ' ' || serial || ': ' || finding from certificate_finding where closed_at is null
          order by found_at limit 1)""";

  private final DataSource database;

  RecheckedHealth(DataSource database) {
    this.database = database;
  }

  @Override
  public String name() {
    return "certificates";
  }

  @Override
  public List<Finding> look() {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(LOOK);
        ResultSet row = query.executeQuery()) {
      row.next();
      long open = row.getLong(1);
      String counts = open + " open and " + row.getLong(2) + " closed findings; " + row.getLong(3)
          + " certificates verified in the latest round, " + row.getLong(4)
          + " rounds completed.";
      return List.of(
          open == 0
              ? Finding.good(name(), "stored", counts)
              : new Finding(
                  name(),
                  Level.FAULT,
                  "stored",
                  counts + " The oldest: " + row.getString(5),
                  "Somebody or something changed what is stored, or it breaks a rule: compare it with"
                      + " the log's export, revoke the certificate, and find out how it came about."));
    } catch (SQLException e) {
      throw new IllegalStateException("what was found cannot be read", e);
    }
  }
}
