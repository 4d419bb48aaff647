package io.sallyport.devices;

import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.persistence.EntityManager;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Whose key it is, for ever (law 3), and whether it may still be certified. Works in the caller's transaction. */
final class KeyDigests {
  /**
   * Answers whose the key is. Nothing, when somebody else's claim committed while this one waited for it: that is seen by
   * the next statement.
   */
  private static final String CLAIM = """
      with claimed as (
        insert into key_digest (digest, hardware_unit, kind, claimed_at) values (?, ?, ?, ?)
        on conflict (digest) do nothing returning hardware_unit)
      select hardware_unit from claimed
      union all select hardware_unit from key_digest where digest = ?""";

  /** In the order of the digests for everybody, so that two that claim each other's keys do not wait for one another. */
  private static final String CLAIM_ALL = """
      insert into key_digest (claimed_at, digest, hardware_unit, kind)
      select ?, claim.digest, claim.unit, claim.kind
      from unnest(?, ?, ?) with ordinality as claim (digest, unit, kind, n) order by claim.digest, claim.n
      on conflict (digest) do nothing""";
  /** A statement of its own: it sees what committed while the claim waited for it. */
  private static final String NOT_OURS = """
      select asked.n from unnest(?, ?) with ordinality as asked (digest, unit, n)
      left join key_digest k on k.digest = asked.digest
      where k.hardware_unit is distinct from asked.unit order by asked.n""";

  private static final String COMPROMISED =
      "select digest from key_digest where digest = any (?) and compromised_at is not null";

  private final EntityManager entities;
  private final DataSource database;
  private final Clock clock;

  KeyDigests(EntityManager entities, DataSource database, Clock clock) {
    this.entities = entities;
    this.database = database;
    this.clock = clock;
  }

  void claim(UUID hardwareUnit, Digest key, String kind) {
    // The unit may be new in this transaction.
    entities.flush();
    if (!hardwareUnit.equals(claimed(hardwareUnit, key, kind))) {
      throw Devices.duplicateKey();
    }
  }

  /** The index of the first that is somebody else's. */
  OptionalInt claimAll(List<KeyClaim> claims) {
    return claimEach(claims).stream().mapToInt(Integer::intValue).findFirst();
  }

  /** The indexes of all that are somebody else's, in order. */
  Set<Integer> claimEach(List<KeyClaim> claims) {
    if (claims.isEmpty()) {
      return Set.of();
    }
    // The units may be new in this transaction.
    entities.flush();
    try (Connection transaction = database.getConnection();
        PreparedStatement claim = transaction.prepareStatement(CLAIM_ALL);
        PreparedStatement owner = transaction.prepareStatement(NOT_OURS)) {
      Array keys = transaction.createArrayOf(
          "bytea", claims.stream().map(one -> one.key().octets()).toArray(byte[][]::new));
      Array units = transaction.createArrayOf(
          "uuid", claims.stream().map(KeyClaim::hardwareUnit).toArray());
      claim.setObject(1, clock.instant().atOffset(ZoneOffset.UTC));
      claim.setArray(2, keys);
      claim.setArray(3, units);
      claim.setArray(
          4,
          transaction.createArrayOf("text", claims.stream().map(KeyClaim::kind).toArray()));
      // All are new, as a rule: then they are ours, and nobody has to be asked.
      if (claim.executeUpdate() == claims.size()) {
        return Set.of();
      }
      owner.setArray(1, keys);
      owner.setArray(2, units);
      Set<Integer> foreign = new TreeSet<>();
      try (ResultSet row = owner.executeQuery()) {
        while (row.next()) {
          foreign.add(row.getInt(1) - 1);
        }
      }
      return foreign;
    } catch (SQLException e) {
      throw new IllegalStateException("keys could not be claimed", e);
    }
  }

  private @Nullable Object claimed(UUID hardwareUnit, Digest key, String kind) {
    try (Connection transaction = database.getConnection();
        PreparedStatement claim = transaction.prepareStatement(CLAIM)) {
      claim.setBytes(1, key.octets());
      claim.setObject(2, hardwareUnit);
      claim.setString(3, kind);
      claim.setObject(4, clock.instant().atOffset(ZoneOffset.UTC));
      claim.setBytes(5, key.octets());
      try (ResultSet owner = claim.executeQuery()) {
        return owner.next() ? owner.getObject(1) : owner(key);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the key " + key + " could not be claimed", e);
    }
  }

  Set<Digest> compromised(Collection<Digest> keys) {
    Set<Digest> found = new HashSet<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(COMPROMISED)) {
      query.setArray(
          1,
          transaction.createArrayOf(
              "bytea", keys.stream().map(Digest::octets).toArray(byte[][]::new)));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          found.add(Digest.ofOctets(rows.getBytes(1)));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the keys could not be looked up", e);
    }
    return found;
  }

  void requireSound(Digest key) {
    boolean compromised = entities
            .createNativeQuery(
                "select 1 from key_digest where digest = :digest and compromised_at is not null")
            .setParameter("digest", key.octets())
            .getSingleResultOrNull()
        != null;
    if (compromised) {
      throw Devices.compromisedKey();
    }
  }

  void condemn(Digest key) {
    record(null, key, "compromised");
    entities
        .createNativeQuery(
            "update key_digest set compromised_at = :at where digest = :digest and compromised_at is null")
        .setParameter("at", clock.instant())
        .setParameter("digest", key.octets())
        .executeUpdate();
  }

  void reserve(Digest key) {
    record(null, key, "server");
    if (owner(key) != null) {
      throw new Refusal(
          DeviceProblem.DUPLICATE_KEY,
          "This public key belongs to a hardware unit; make a new key.");
    }
  }

  private @Nullable Object owner(Digest key) {
    return entities
        .createNativeQuery("select hardware_unit from key_digest where digest = :digest")
        .setParameter("digest", key.octets())
        .getSingleResultOrNull();
  }

  private void record(@Nullable UUID hardwareUnit, Digest key, String kind) {
    entities
        .createNativeQuery(
            "insert into key_digest (digest, hardware_unit, kind, claimed_at)"
                + " values (:digest, cast(cast(:unit as text) as uuid), :kind, :at) on conflict (digest) do nothing")
        .setParameter("digest", key.octets())
        .setParameter("unit", hardwareUnit == null ? null : hardwareUnit.toString())
        .setParameter("kind", kind)
        .setParameter("at", clock.instant())
        .executeUpdate();
  }
}
