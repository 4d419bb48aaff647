package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Envelopes.Recipient;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedColumn;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Shared secrets in the database, sealed. */
@ApplicationScoped
class StoredDecryptionKeys implements DecryptionKeys {
  private static final Set<Integer> LENGTHS = Set.of(16, 24, 32);
  private static final int LONGEST_IDENTIFIER = 64;
  private static final int MOST = 8;

  private final EntityManager entities;
  private final Devices devices;
  private final Keys keys;
  private final Audit audit;
  private final Clock clock;

  StoredDecryptionKeys(
      EntityManager entities, Devices devices, Keys keys, Audit audit, Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.keys = keys;
    this.audit = audit;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedColumn sealedSecrets() {
    return SealedColumn.of(
        "decryption_key",
        "sealed",
        List.of("device", "identifier"),
        "'decryption-key:' || device || ':' || encode(identifier, 'hex')");
  }

  private static String context(UUID device, byte[] identifier) {
    return "decryption-key:" + device + ":" + HexFormat.of().formatHex(identifier);
  }

  @Override
  @Transactional
  public DecryptionKey put(UUID device, byte[] identifier, byte[] secret, Actor actor) {
    if (!LENGTHS.contains(secret.length)
        || identifier.length == 0
        || identifier.length > LONGEST_IDENTIFIER) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "A secret has 16, 24 or 32 octets, and its identifier 1 to " + LONGEST_IDENTIFIER + ".");
    }
    devices.lock(device);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    entities
        .createNativeQuery(
            "insert into decryption_key (device, identifier, sealed, added_at, added_by)"
                + " values (:device, :identifier, :sealed, :now, :by) on conflict (device, identifier)"
                + " do update set sealed = excluded.sealed, added_at = excluded.added_at,"
                + " added_by = excluded.added_by")
        .setParameter("device", device)
        .setParameter("identifier", identifier)
        .setParameter("sealed", keys.seal(secret, context(device, identifier)))
        .setParameter("now", now)
        .setParameter("by", actor.id())
        .executeUpdate();
    if (list(device).size() > MOST) {
      throw new Refusal(
          CommonProblem.CONFLICT, "A device has " + MOST + " shared secrets at most; remove one.");
    }
    String hex = HexFormat.of().formatHex(identifier);
    audit.record(
        Fact.of("device.decryption-key-added", actor, "device", device).with("identifier", hex));
    return new DecryptionKey(hex, now, actor.id());
  }

  @Override
  @Transactional
  public void remove(UUID device, byte[] identifier, Actor actor) {
    int removed = entities
        .createNativeQuery(
            "delete from decryption_key where device = :device and identifier = :identifier")
        .setParameter("device", device)
        .setParameter("identifier", identifier)
        .executeUpdate();
    if (removed > 0) {
      audit.record(Fact.of("device.decryption-key-removed", actor, "device", device)
          .with("identifier", HexFormat.of().formatHex(identifier)));
    }
  }

  @Override
  @Transactional
  public List<DecryptionKey> list(UUID device) {
    List<?> rows = entities
        .createNativeQuery(
            "select encode(identifier, 'hex'), added_at, added_by from decryption_key"
                + " where device = :device order by identifier",
            Object[].class)
        .setParameter("device", device)
        .getResultList();
    return rows.stream()
        .map(Object[].class::cast)
        .map(row -> new DecryptionKey((String) row[0], (Instant) row[1], (String) row[2]))
        .toList();
  }

  @Override
  @Transactional
  public Optional<Recipient> find(UUID device, byte[] identifier) {
    byte[] sealed = (byte[]) entities
        .createNativeQuery(
            "select sealed from decryption_key where device = :device and identifier = :identifier",
            byte[].class)
        .setParameter("device", device)
        .setParameter("identifier", identifier)
        .getSingleResultOrNull();
    return sealed == null
        ? Optional.empty()
        : Optional.of(new Recipient.Sharer(
            identifier.clone(), keys.unseal(sealed, context(device, identifier))));
  }
}
