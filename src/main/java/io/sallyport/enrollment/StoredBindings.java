package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedColumn;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Bindings in the database, their keys encrypted. */
@ApplicationScoped
class StoredBindings implements AccountBindings {
  private static final int KEY_OCTETS = 32;
  private static final int MOST_NAMES = 16;
  private static final Duration LONGEST_LIFETIME = Duration.ofDays(90);

  private final EntityManager entities;
  private final Devices devices;
  private final HostNames hostNames;
  private final Keys keys;
  private final Audit audit;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;

  StoredBindings(
      EntityManager entities,
      Devices devices,
      HostNames hostNames,
      Keys keys,
      Audit audit,
      Ids ids,
      SecureRandom random,
      Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.hostNames = hostNames;
    this.keys = keys;
    this.audit = audit;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedColumn sealedKeys() {
    return SealedColumn.of(
        "account_binding", "sealed_key", List.of("id"), "'account-binding:' || id");
  }

  @Override
  @Transactional
  public Minted create(UUID device, List<String> names, Duration lifetime, Actor actor) {
    if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST_LIFETIME) > 0) {
      throw new Refusal(
          EnrollmentProblem.INVALID_LIFETIME, "A binding may wait for 90 days at most.");
    }
    if (names.size() > MOST_NAMES) {
      throw new Refusal(
          EnrollmentProblem.INVALID_HOST_NAME,
          "A binding may allow " + MOST_NAMES + " host names at most.");
    }
    List<String> allowed =
        names.stream().map(hostNames::require).distinct().sorted().toList();
    devices.require(devices.get(device), Operation.ENROLL);
    byte[] key = new byte[KEY_OCTETS];
    random.nextBytes(key);
    UUID id = ids.next();
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    AccountBindingRow row = new AccountBindingRow(
        id, device, keys.seal(key, context(id)), allowed, now, now.plus(lifetime));
    entities.persist(row);
    audit.record(Fact.of("account-binding.created", actor, "device", device)
        .with("binding", id)
        .with("host_names", String.join(" ", allowed))
        .with("expires_at", row.expiresAt));
    return new Minted(row.binding(), Base64.getUrlEncoder().withoutPadding().encodeToString(key));
  }

  @Override
  @Transactional
  public Page<Binding> list(Set<String> sites, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<Binding> rows = entities
        .createQuery(
            "from AccountBindingRow found where found.id > :after and (:all = true or exists ("
                + "select 1 from DeviceRow d where d.id = found.device and d.site in (:sites))) order by found.id",
            AccountBindingRow.class)
        .setParameter("after", after(cursor))
        .setParameter("all", sites.isEmpty())
        .setParameter("sites", sites.isEmpty() ? Set.of("") : sites)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(AccountBindingRow::binding)
        .toList();
    return Page.cut(rows, most, binding -> binding.id().toString());
  }

  /** The id that a page starts behind. */
  static UUID after(@Nullable String cursor) {
    try {
      return cursor == null ? new UUID(0, 0) : UUID.fromString(cursor);
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
    }
  }

  /** In the transaction that opens an account: the binding, locked and spent, when the proof holds. */
  @Transactional(Transactional.TxType.MANDATORY)
  AccountBindingRow spend(Accounts.BindingProof proof) {
    AccountBindingRow row = find(proof.binding());
    if (row == null || !holds(row, proof)) {
      // One sentence for both: which bindings exist is nobody's business.
      throw new Refusal(
          EnrollmentProblem.WRONG_BINDING,
          "The external account binding is unknown or its MAC is wrong; use the key identifier and key that you were given.");
    }
    entities.refresh(row, LockModeType.PESSIMISTIC_WRITE);
    if (row.usedAt != null) {
      throw new Refusal(
          EnrollmentProblem.WRONG_BINDING,
          "The external account binding was used; ask for a new one.");
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (!now.isBefore(row.expiresAt)) {
      throw new Refusal(
          EnrollmentProblem.WRONG_BINDING,
          "The external account binding has expired; ask for a new one.");
    }
    row.usedAt = now;
    return row;
  }

  private @Nullable AccountBindingRow find(String id) {
    try {
      return entities.find(AccountBindingRow.class, UUID.fromString(id));
    } catch (IllegalArgumentException notAnId) {
      return null;
    }
  }

  private boolean holds(AccountBindingRow row, Accounts.BindingProof proof) {
    try {
      Mac mac = Mac.getInstance(proof.algorithm());
      mac.init(new SecretKeySpec(keys.unseal(row.sealedKey, context(row.id)), proof.algorithm()));
      return MessageDigest.isEqual(mac.doFinal(proof.signed()), proof.mac());
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("this JVM has no " + proof.algorithm(), e);
    }
  }

  private static String context(UUID id) {
    return "account-binding:" + id;
  }
}
