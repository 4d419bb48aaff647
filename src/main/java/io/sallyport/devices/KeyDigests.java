package io.sallyport.devices;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.persistence.EntityManager;
import java.time.Clock;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Whose key it is, for ever (law 3), and whether it may still be certified. Works in the caller's transaction. */
final class KeyDigests {
  private final EntityManager entities;
  private final Clock clock;

  KeyDigests(EntityManager entities, Clock clock) {
    this.entities = entities;
    this.clock = clock;
  }

  void claim(UUID hardwareUnit, Digest key, String kind) {
    record(hardwareUnit, key, kind);
    if (!hardwareUnit.equals(owner(key))) {
      throw new Refusal(
          DeviceProblem.DUPLICATE_KEY,
          "This public key belongs to another hardware unit; make a new key.");
    }
  }

  void requireSound(Digest key) {
    boolean compromised = entities
            .createNativeQuery(
                "select 1 from key_digest where digest = :digest and compromised_at is not null",
                Integer.class)
            .setParameter("digest", key.octets())
            .getSingleResultOrNull()
        != null;
    if (compromised) {
      throw new Refusal(
          DeviceProblem.COMPROMISED_KEY, "This key was reported as compromised; make a new one.");
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
        .createNativeQuery(
            "select hardware_unit from key_digest where digest = :digest", UUID.class)
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
