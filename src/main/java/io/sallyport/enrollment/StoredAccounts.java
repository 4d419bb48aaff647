package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Accounts in the database. */
@ApplicationScoped
class StoredAccounts implements Accounts {
  private static final int MOST_CONTACTS = 8;
  private static final int LONGEST_CONTACT = 254;

  /** An address and nothing else: no second one, no header fields (RFC 8555 §7.3). */
  private static final Pattern MAIL =
      Pattern.compile("mailto:[^\\s,?@\\p{Cntrl}]+@[^\\s,?@\\p{Cntrl}]+");

  private final EntityManager entities;
  private final StoredBindings bindings;
  private final Devices devices;
  private final Allowances allowances;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredAccounts(
      EntityManager entities,
      StoredBindings bindings,
      Devices devices,
      Allowances allowances,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.bindings = bindings;
    this.devices = devices;
    this.allowances = allowances;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Optional<Account> byKey(String profile, String thumbprint) {
    return row(profile, thumbprint).map(AccountRow::account);
  }

  private Optional<AccountRow> row(String profile, String thumbprint) {
    return entities
        .createQuery(
            "from AccountRow where profile = :profile and thumbprint = :thumbprint",
            AccountRow.class)
        .setParameter("profile", profile)
        .setParameter("thumbprint", thumbprint)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional
  public Account get(String profile, UUID id) {
    AccountRow row = entities.find(AccountRow.class, id);
    if (row == null) {
      throw new Refusal(
          EnrollmentProblem.ACCOUNT_UNKNOWN, "There is no such account; make one by newAccount.");
    }
    if (!row.profile.equals(profile)) {
      throw new Refusal(
          EnrollmentProblem.NOT_OF_THIS_ACCOUNT,
          "The account is one of another profile; use the directory that it was made by.");
    }
    return row.account();
  }

  @Override
  public void requireValid(Account account) {
    if (account.status() != Status.VALID) {
      throw new Refusal(
          EnrollmentProblem.ACCOUNT_NOT_VALID,
          "The account is " + account.status().word() + " and may do nothing any more.");
    }
  }

  @Override
  @Transactional
  public Account open(String profile, AccountKey key, List<String> contacts, BindingProof proof) {
    requireContacts(contacts);
    lock(profile, key.thumbprint());
    Optional<AccountRow> known = row(profile, key.thumbprint());
    if (known.isPresent()) {
      return known.get().account();
    }
    AccountBindingRow binding = bindings.spend(proof);
    allowances.certificateProfile(devices.get(binding.device), profile);
    AccountRow row = new AccountRow(
        ids.next(),
        binding,
        profile,
        key,
        contacts,
        clock.instant().truncatedTo(ChronoUnit.MICROS));
    entities.persist(row);
    audit.record(
        fact("account.created", row, Actor.device(row.device)).with("binding", binding.id));
    return row.account();
  }

  /** One at a time opens or takes over an account with this key. */
  private void lock(String profile, String thumbprint) {
    entities
        .createNativeQuery(
            "select cast(pg_advisory_xact_lock(hashtextextended(:key, 110)) as text)")
        .setParameter("key", profile + "\n" + thumbprint)
        .getSingleResult();
  }

  @Override
  @Transactional
  public Account update(Account account, List<String> contacts) {
    requireContacts(contacts);
    AccountRow row = locked(account.id());
    String text = String.join("\n", contacts);
    if (!row.contacts.equals(text)) {
      row.contacts = text;
      audit.record(fact("account.updated", row, account.actor()));
    }
    return row.account();
  }

  @Override
  @Transactional
  public Account deactivate(Account account) {
    return end(locked(account.id()), Status.DEACTIVATED, account.actor());
  }

  private Account end(AccountRow row, Status status, Actor actor) {
    if (row.status == Status.VALID) {
      row.status = status;
      audit.record(fact("account." + status.word(), row, actor));
    }
    return row.account();
  }

  @Override
  @Transactional
  public KeyChange changeKey(Account account, AccountKey key) {
    lock(account.profile(), key.thumbprint());
    Optional<AccountRow> other = row(account.profile(), key.thumbprint());
    if (other.isPresent()) {
      return new KeyChange.InUse(other.get().id);
    }
    AccountRow row = locked(account.id());
    if (!row.thumbprint.equals(account.key().thumbprint())) {
      throw new Refusal(
          EnrollmentProblem.NOT_OF_THIS_ACCOUNT, "The account's key was changed meanwhile.");
    }
    row.key = key.subjectPublicKeyInfo().octets();
    row.thumbprint = key.thumbprint();
    audit.record(fact("account.key-changed", row, account.actor()));
    return new KeyChange.Changed(row.account());
  }

  /** The row, locked, of an account that is valid still. */
  private AccountRow locked(UUID id) {
    AccountRow row = entities.find(AccountRow.class, id, LockModeType.PESSIMISTIC_WRITE);
    entities.refresh(row);
    requireValid(row.account());
    return row;
  }

  @Override
  public void recordRefusal(Account account, Refusal refusal) {
    audit.recordRefusal(Fact.of("account.refused", account.actor(), "device", account.device())
        .with("account", account.id())
        .with("problem", refusal.problem().slug()));
  }

  @Override
  @Transactional
  public Page<Account> list(Set<String> sites, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<Account> rows = entities
        .createQuery(
            "from AccountRow found where found.id > :after and (:all = true or exists ("
                + "select 1 from DeviceRow d where d.id = found.device and d.site in (:sites))) order by found.id",
            AccountRow.class)
        .setParameter("after", StoredBindings.after(cursor))
        .setParameter("all", sites.isEmpty())
        .setParameter("sites", sites.isEmpty() ? Set.of("") : sites)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(AccountRow::account)
        .toList();
    return Page.cut(rows, most, account -> account.id().toString());
  }

  @Override
  @Transactional
  public Account revoke(UUID id, Set<String> sites, Actor actor) {
    AccountRow row = entities.find(AccountRow.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (row == null) {
      throw new Refusal(CommonProblem.NOT_FOUND, "There is no such account.");
    }
    devices.get(row.device, sites);
    entities.refresh(row);
    return end(row, Status.REVOKED, actor);
  }

  private static void requireContacts(List<String> contacts) {
    if (contacts.size() > MOST_CONTACTS
        || contacts.stream()
            .anyMatch(
                text -> text.length() > LONGEST_CONTACT || !MAIL.matcher(text).matches())) {
      throw new Refusal(
          EnrollmentProblem.INVALID_CONTACT,
          "Contacts are mailto: URIs with one address each, " + MOST_CONTACTS + " at most.");
    }
  }

  private static Fact fact(String kind, AccountRow row, Actor actor) {
    return Fact.of(kind, actor, "device", row.device)
        .with("account", row.id)
        .with("profile", row.profile)
        .with("thumbprint", row.thumbprint);
  }
}
