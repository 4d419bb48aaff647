package io.sallyport.enforcement;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Address bindings as rows. */
@ApplicationScoped
class StoredBindings implements AddressBindings {
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  private static final UUID FIRST = new UUID(0, 0);

  private final EntityManager entities;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredBindings(EntityManager entities, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public AddressBinding bind(
      UUID device,
      String address,
      String segment,
      Source source,
      @Nullable UUID session,
      Instant until,
      Actor actor) {
    IpPrefix parsed = IpPrefix.parseAddress(address);
    if (parsed == null || !SEGMENT.matcher(segment).matches()) {
      throw new Refusal(
          EnforcementProblem.INVALID_ADDRESS,
          "Send an IPv4 or IPv6 address without a prefix length, and a segment of 1 to 63 letters,"
              + " digits, dots, hyphens and underscores.");
    }
    Instant now = now();
    if (!until.isAfter(now)) {
      throw new Refusal(
          EnforcementProblem.INVALID_ADDRESS, "A binding must end in the future, not at " + until);
    }
    String one = parsed.address();
    // One binding at a time for an address: two at once would both find it free.
    entities
        .createNativeQuery(
            "select pg_advisory_xact_lock(hashtextextended('address.' || :segment || '.' || :address, 0))",
            Object.class)
        .setParameter("segment", segment)
        .setParameter("address", one)
        .getSingleResult();
    Optional<AddressBindingRow> holder = holder(segment, one);
    if (holder.isPresent()) {
      AddressBindingRow row = holder.get();
      boolean live = row.until.isAfter(now);
      if (live && row.device.equals(device) && row.source == source) {
        row.until = until.truncatedTo(ChronoUnit.MICROS);
        row.session = session;
        return row.binding();
      }
      if (live && row.source.compareTo(source) < 0) {
        throw new Refusal(
            EnforcementProblem.ADDRESS_CONFLICT,
            one + " in " + segment + " is bound by a more trusted source.");
      }
      if (live && row.source == Source.STATIC && !row.device.equals(device)) {
        // The other device may be one that the operator does not see.
        throw new Refusal(
            EnforcementProblem.ADDRESS_CONFLICT,
            one + " in " + segment
                + " is bound to another device by an operator; withdraw that binding first.");
      }
      withdraw(row, live && !row.device.equals(device) ? "conflict" : "replaced", actor);
      entities.flush();
    }
    AddressBindingRow row = new AddressBindingRow(new AddressBinding(
        ids.next(),
        device,
        one,
        segment,
        source,
        session,
        now,
        until.truncatedTo(ChronoUnit.MICROS),
        null,
        null));
    entities.persist(row);
    audit.record(Fact.of("address.bound", actor, "device", device)
        .with("address", one)
        .with("segment", segment)
        .with("source", source.word())
        .with("until", until));
    return row.binding();
  }

  private Optional<AddressBindingRow> holder(String segment, String address) {
    return entities
        .createQuery(
            "from AddressBindingRow where segment = :segment and address = :address and withdrawnAt is null",
            AddressBindingRow.class)
        .setParameter("segment", segment)
        .setParameter("address", address)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional
  public void withdraw(UUID binding, String because, Actor actor) {
    AddressBindingRow row =
        entities.find(AddressBindingRow.class, binding, LockModeType.PESSIMISTIC_WRITE);
    if (row != null && row.withdrawnAt == null) {
      withdraw(row, because, actor);
    }
  }

  /** In the caller's transaction. */
  void withdrawOf(UUID session, String because) {
    entities
        .createQuery(
            "from AddressBindingRow where session = :session and withdrawnAt is null",
            AddressBindingRow.class)
        .setParameter("session", session)
        .getResultList()
        .forEach(row -> withdraw(row, because, Actor.SERVER));
  }

  private void withdraw(AddressBindingRow row, String because, Actor actor) {
    row.withdrawnAt = now();
    row.withdrawnBecause = because;
    audit.record(Fact.of("address.withdrawn", actor, "device", row.device)
        .with("address", row.address)
        .with("segment", row.segment)
        .with("because", because));
  }

  @Override
  @Transactional
  public List<AddressBinding> live(UUID device) {
    return entities
        .createQuery(
            "from AddressBindingRow where device = :device and withdrawnAt is null and until > :now order by since",
            AddressBindingRow.class)
        .setParameter("device", device)
        .setParameter("now", now())
        .setMaxResults(Page.MOST)
        .getResultStream()
        .map(AddressBindingRow::binding)
        .toList();
  }

  @Override
  @Transactional
  public List<AddressBinding> of(UUID device, int limit) {
    return entities
        .createQuery(
            "from AddressBindingRow where device = :device order by since desc",
            AddressBindingRow.class)
        .setParameter("device", device)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(AddressBindingRow::binding)
        .toList();
  }

  @Override
  @Transactional
  public List<AddressBinding> after(@Nullable String segment, @Nullable UUID cursor, int limit) {
    return entities
        .createQuery(
            "from AddressBindingRow where withdrawnAt is null and until > :now and id > :after"
                + " and (segment = :segment or :segment = '') order by id",
            AddressBindingRow.class)
        .setParameter("now", now())
        .setParameter("after", cursor == null ? FIRST : cursor)
        .setParameter("segment", segment == null ? "" : segment)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(AddressBindingRow::binding)
        .toList();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
