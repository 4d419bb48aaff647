package io.sallyport.attestation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.kernel.Digest;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The rows in PostgreSQL. Safe for any thread. */
@Singleton
final class JpaAttestationStore implements AttestationStore {
  /** A device has one challenge open, or a few when it was interrupted. A flood pushes out its own. */
  static final int MOST_CHALLENGES = 16;

  /** More than one is removed for each that is added, so the table shrinks back; and never many at once. */
  private static final int MOST_REMOVED = 32;

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TypeReference<TreeMap<String, Claim>> CLAIMS = new TypeReference<>() {};
  private static final TypeReference<TreeMap<String, Object>> OBSERVED = new TypeReference<>() {};

  private static final String NEWEST = """
      select a.id, a.device, a.status, a.claims, a.observed, a.at, a.expires_at, a.ear, e.at
      from unnest(?) as asked (device)
      cross join lateral (
        select * from appraisal where device = asked.device order by at desc, id desc limit 1) a
      left join appraisal_end e on e.device = a.device""";

  private final EntityManager entities;
  private final DataSource database;

  JpaAttestationStore(EntityManager entities, DataSource database) {
    this.entities = entities;
    this.database = database;
  }

  @Override
  public void add(Digest nonce, UUID device, Instant now, Instant expiresAt) {
    // Rows that another transaction is removing are skipped, so two never wait for each other.
    entities
        .createNativeQuery(
            "delete from challenge where nonce_digest in (select nonce_digest from challenge"
                + " where expires_at <= :now order by expires_at limit :most for update skip locked)")
        .setParameter("now", now)
        .setParameter("most", MOST_REMOVED)
        .executeUpdate();
    entities
        .createNativeQuery(
            "delete from challenge where nonce_digest in (select nonce_digest from challenge"
                + " where device = :device order by created_at desc offset :kept limit :most for update skip locked)")
        .setParameter("device", device)
        .setParameter("kept", MOST_CHALLENGES - 1)
        .setParameter("most", MOST_REMOVED)
        .executeUpdate();
    entities
        .createNativeQuery("insert into challenge (nonce_digest, device, created_at, expires_at)"
            + " values (:nonce, :device, :now, :expiresAt)")
        .setParameter("nonce", nonce.octets())
        .setParameter("device", device)
        .setParameter("now", now)
        .setParameter("expiresAt", expiresAt)
        .executeUpdate();
  }

  @Override
  public boolean consume(Digest nonce, UUID device, Instant now) {
    return entities
            .createNativeQuery("update challenge set used_at = :now where nonce_digest = :nonce"
                + " and device = :device and used_at is null and expires_at > :now")
            .setParameter("nonce", nonce.octets())
            .setParameter("device", device)
            .setParameter("now", now)
            .executeUpdate()
        == 1;
  }

  @Override
  public void add(Evidence evidence, Appraisal appraisal) {
    entities.persist(new EvidenceRow(evidence));
    entities.persist(new AppraisalRow(
        appraisal,
        evidence.id(),
        write(new TreeMap<>(appraisal.claims())),
        write(new TreeMap<>(appraisal.observed()))));
  }

  @Override
  public Optional<Appraisal> newest(UUID device) {
    return newest(List.of(device)).stream().findFirst();
  }

  /** By hand: this is read whenever something becomes of a device, which as a rule never attested yet. */
  @Override
  public List<Appraisal> newest(Collection<UUID> devices) {
    entities.flush();
    List<Appraisal> newest = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(NEWEST)) {
      query.setArray(1, transaction.createArrayOf("uuid", devices.toArray()));
      try (ResultSet row = query.executeQuery()) {
        Map<String, Map<String, Claim>> claims = new HashMap<>();
        Map<String, Map<String, Object>> observed = new HashMap<>();
        while (row.next()) {
          newest.add(
              ended(appraisal(row, claims, observed), row.getObject(9, OffsetDateTime.class)));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("appraisals could not be read", e);
    }
    return newest;
  }

  @Override
  public void end(UUID device, Instant at) {
    entities.merge(new AppraisalEndRow(device, at));
  }

  private static Appraisal ended(Appraisal appraisal, @Nullable OffsetDateTime end) {
    return end == null || appraisal.at().isAfter(end.toInstant())
        ? appraisal
        : appraisal.until(end.toInstant());
  }

  /** What was read of other rows, by its text: many devices have the same. */
  private static Appraisal appraisal(
      ResultSet row,
      Map<String, Map<String, Claim>> claims,
      Map<String, Map<String, Object>> observed)
      throws SQLException {
    return new Appraisal(
        row.getObject(1, UUID.class),
        row.getObject(2, UUID.class),
        TrustTier.valueOf(row.getString(3)),
        claims.computeIfAbsent(row.getString(4), text -> Map.copyOf(read(text, CLAIMS))),
        observed.computeIfAbsent(row.getString(5), text -> Map.copyOf(read(text, OBSERVED))),
        row.getObject(6, OffsetDateTime.class).toInstant(),
        row.getObject(7, OffsetDateTime.class).toInstant(),
        row.getString(8));
  }

  private static String write(Map<String, ?> values) {
    try {
      return JSON.writeValueAsString(values);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an appraisal that cannot be written as JSON", e);
    }
  }

  private static <T> T read(String text, TypeReference<T> type) {
    try {
      return JSON.readValue(text, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an appraisal row that cannot be read", e);
    }
  }
}
