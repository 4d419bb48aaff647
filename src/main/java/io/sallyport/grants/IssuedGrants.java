package io.sallyport.grants;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Writes the grants of one moment, each with its fact, in one transaction and two round trips. */
@Singleton
final class IssuedGrants {
  private static final String INSERT = """
      insert into network_grant (id, device, thumbprint, flows, issued_at, expires_at, decisions,
        policy_hash, appraisal, status_list, status_index)
      select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""";

  private final DataSource database;
  private final Audit audit;

  IssuedGrants(DataSource database, Audit audit) {
    this.database = database;
    this.audit = audit;
  }

  /** A grant that is about to be signed, and who asked for it. */
  record Issued(NetworkGrant grant, Actor actor) {}

  /** All of them or none. */
  List<Boolean> record(List<Issued> all) {
    return QuarkusTransaction.requiringNew().call(() -> {
      insert(all.stream().map(Issued::grant).toList());
      audit.recordAll(all.stream().map(IssuedGrants::fact).toList());
      return all.stream().map(issued -> true).toList();
    });
  }

  private void insert(List<NetworkGrant> grants) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement insert = connection.prepareStatement(INSERT)) {
      Columns columns = new Columns(connection, insert, grants);
      columns.set("uuid", NetworkGrant::id);
      columns.set("uuid", NetworkGrant::device);
      columns.set("text", NetworkGrant::thumbprint);
      columns.set("text", NetworkGrant::flows);
      columns.set("timestamptz", grant -> grant.issuedAt().atOffset(ZoneOffset.UTC));
      columns.set("timestamptz", grant -> grant.expiresAt().atOffset(ZoneOffset.UTC));
      columns.set("text", NetworkGrant::decisions);
      columns.set("text", NetworkGrant::policyHash);
      columns.set("uuid", NetworkGrant::appraisal);
      columns.set("integer", NetworkGrant::statusList);
      columns.set("integer", NetworkGrant::statusIndex);
      insert.executeUpdate();
    }
  }

  /** The arrays of an {@code unnest}, from the first on. */
  private static final class Columns {
    private final Connection connection;
    private final PreparedStatement insert;
    private final List<NetworkGrant> grants;
    private int set;

    Columns(Connection connection, PreparedStatement insert, List<NetworkGrant> grants) {
      this.connection = connection;
      this.insert = insert;
      this.grants = grants;
    }

    void set(String type, Function<NetworkGrant, @Nullable Object> value) throws SQLException {
      insert.setArray(
          ++set, connection.createArrayOf(type, grants.stream().map(value).toArray()));
    }
  }

  private static Fact fact(Issued issued) {
    NetworkGrant grant = issued.grant();
    return new Fact(
        "grant.issued",
        issued.actor(),
        "grant",
        grant.id().toString(),
        Map.of(
            "device", grant.device().toString(),
            "thumbprint", grant.thumbprint(),
            "flows", grant.flows(),
            "expires_at", grant.expiresAt().toString(),
            "decisions", grant.decisions(),
            "policy_hash", grant.policyHash()));
  }
}
