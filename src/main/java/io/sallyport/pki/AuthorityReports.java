package io.sallyport.pki;

import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Authorities.Ended;
import io.sallyport.pki.Authorities.Report;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What stands on an authority. Counted when it is asked for, in one statement outside of any transaction. */
@Singleton
final class AuthorityReports {
  private static final String COUNT = """
      select subject_kind, count(*), count(distinct subject_id) from credential
      where authority = any (?) and state = 'ISSUED' and superseded_at is null and not_after > ?
      group by subject_kind""";

  private final DataSource database;
  private final Clock clock;

  AuthorityReports(DataSource database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /** What ended with an authority; counts nothing. */
  static Ended ended(Authority authority, List<Authority> all) {
    return new Ended(authority, new ArrayList<>(below(authority, all)), toDo(authority, all));
  }

  private static Set<String> below(Authority authority, List<Authority> all) {
    Set<String> below = new LinkedHashSet<>(Set.of(authority.name()));
    // An issuer is always older than what it certified, and they come in that order.
    all.forEach(one -> {
      if (below.contains(one.issuer())) {
        below.add(one.name());
      }
    });
    return below;
  }

  Report report(Authority authority, List<Authority> all) {
    Set<String> below = below(authority, all);
    Map<String, Long> certificates = new TreeMap<>();
    Map<String, Long> subjects = new TreeMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement count = connection.prepareStatement(COUNT)) {
      count.setArray(1, connection.createArrayOf("text", below.toArray()));
      count.setObject(2, clock.instant().atOffset(ZoneOffset.UTC));
      try (ResultSet row = count.executeQuery()) {
        while (row.next()) {
          String kind = CertificateSubject.Kind.valueOf(row.getString(1)).word();
          certificates.put(kind, row.getLong(2));
          subjects.put(kind, row.getLong(3));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("what an authority issued cannot be counted", e);
    }
    return new Report(
        authority, new ArrayList<>(below), certificates, subjects, toDo(authority, all));
  }

  /** What this server cannot do itself, or null. */
  private static @Nullable String toDo(Authority authority, List<Authority> all) {
    boolean offline = !authority.isRoot()
        && all.stream().anyMatch(one -> one.name().equals(authority.issuer()) && one.key() == null);
    return authority.distrust() == null || !offline
        ? null
        : "It is distrusted here. For everybody else the list of \"" + authority.issuer()
            + "\" must say so: sign one where its key is kept (admin authority offline-list DIR --revoke"
            + " CERTIFICATE), then hand it in (admin authority import-list " + authority.issuer()
            + ").";
  }
}
