package io.sallyport.bench;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.Authorities;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Makes it so that very many are revoked already, and waits for the lists that the server's own job makes of them. */
@Singleton
final class RevokedCertificates {
  static final int MILLION = 1_000_000;

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(5);

  /** In the lists already, as almost all that was ever revoked is; serials are as long as real ones. */
  private static final String FILL = """
      insert into revocation (authority, crl_shard, serial, revoked_at, reason, not_after, listed_in)
      select '%s', n %% (select count(*) from crl_shard where authority = '%1$s'),
        decode('4c' || md5(n::text), 'hex'), now(), 4, now() + interval '1 year', 0
      from generate_series(1, %d) n""";

  /** Half of a list's validity has passed long ago, so each is due at once. */
  private static final String AGE =
      "update crl set this_update = this_update - interval '1 day' where authority = ?";

  private static final String NUMBER = "select max(number) from crl where authority = ?";
  private static final String BEHIND =
      "select count(*) from crl where authority = ? and number <= ?";
  private static final String OPEN = """
      select count(*) from crl_shard s
      join crl_delta d on d.authority = s.authority and d.shard = s.shard
      where d.number < s.drafted or exists (select from revocation r
        where r.authority = s.authority and r.crl_shard = s.shard and r.listed_in is null)""";
  private static final String OCTETS = "select sum(length(crl)) from crl where authority = ?";

  private final DataSource database;
  private final Audit audit;

  RevokedCertificates(DataSource database, Audit audit) {
    this.database = database;
    this.audit = audit;
  }

  /** Exactly so many are revoked from now on. */
  void fill(int certificates) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      int usual = connection.getNetworkTimeout();
      // Longer than anything that the server does by itself.
      connection.setNetworkTimeout(Runnable::run, (int) PATIENCE.toMillis());
      statement.execute("truncate revocation");
      statement.execute(FILL.formatted(Authorities.DEVICES, certificates));
      // What autovacuum would have done by the time that so many have come together.
      statement.execute("vacuum analyze revocation");
      connection.setNetworkTimeout(Runnable::run, usual);
    }
  }

  /** Has every list made, signed and published anew; answers how many seconds that took. */
  double publishAll() throws SQLException {
    long number = count(NUMBER, Authorities.DEVICES);
    long start = System.nanoTime();
    try (Connection connection = database.getConnection();
        PreparedStatement age = connection.prepareStatement(AGE)) {
      age.setString(1, Authorities.DEVICES);
      age.executeUpdate();
    }
    // Wakes the job, which would look by itself within a second.
    audit.recordRefusal(Fact.of("certificate.closed", Actor.SERVER, "bench", "lists"));
    await(() -> count(BEHIND, Authorities.DEVICES, number) == 0);
    return (System.nanoTime() - start) / 1e9;
  }

  /** Waits until every revocation that was committed stands in a published list. */
  void awaitListed() throws SQLException {
    await(() -> count(OPEN) == 0);
  }

  /** Octets of all lists together. */
  long octets() throws SQLException {
    return count(OCTETS, Authorities.DEVICES);
  }

  private interface Condition {
    boolean holds() throws SQLException;
  }

  private void await(Condition condition) throws SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("the lists were not published in time");
      }
      LockSupport.parkNanos(this, LOOK.toNanos());
    }
  }

  private long count(String query, Object... parameters) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(query)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }
}
