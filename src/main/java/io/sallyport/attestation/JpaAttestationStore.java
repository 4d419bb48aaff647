package io.sallyport.attestation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.kernel.Digest;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

  private final EntityManager entities;

  JpaAttestationStore(EntityManager entities) {
    this.entities = entities;
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
    return entities
        .createQuery(
            "select a, e from AppraisalRow a left join AppraisalEndRow e on e.device = a.device"
                + " where a.device = :device order by a.at desc, a.id desc",
            Object[].class)
        .setParameter("device", device)
        .setMaxResults(1)
        .getResultStream()
        .findFirst()
        .map(found -> ended(
            appraisal((AppraisalRow) found[0]),
            found[1] == null ? null : ((AppraisalEndRow) found[1]).at));
  }

  @Override
  public List<Appraisal> newest(Collection<UUID> devices) {
    Stream<?> rows = entities
        .createNativeQuery("""
            select a.* from unnest(cast(:devices as uuid[])) d(id) cross join lateral (
              select * from appraisal where device = d.id order by at desc, id desc limit 1) a""", AppraisalRow.class)
        .setParameter("devices", devices.toArray(UUID[]::new))
        .getResultStream();
    List<Appraisal> newest = rows.map(row -> appraisal((AppraisalRow) row)).toList();
    if (newest.isEmpty()) {
      return newest;
    }
    Stream<?> ended = entities
        .createNativeQuery(
            "select * from appraisal_end where device = any (cast(:devices as uuid[]))",
            AppraisalEndRow.class)
        .setParameter("devices", devices.toArray(UUID[]::new))
        .getResultStream();
    Map<UUID, Instant> ends = ended
        .map(AppraisalEndRow.class::cast)
        .collect(Collectors.toMap(row -> row.device, row -> row.at));
    return newest.stream()
        .map(appraisal -> ended(appraisal, ends.get(appraisal.device())))
        .toList();
  }

  @Override
  public void end(UUID device, Instant at) {
    entities.merge(new AppraisalEndRow(device, at));
  }

  private static Appraisal ended(Appraisal appraisal, @Nullable Instant end) {
    return end == null || appraisal.at().isAfter(end) ? appraisal : appraisal.until(end);
  }

  private static Appraisal appraisal(AppraisalRow row) {
    return row.appraisal(read(row.claims(), CLAIMS), read(row.observed(), OBSERVED));
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
