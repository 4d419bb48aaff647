package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Anchor.TakenList;
import io.sallyport.devices.TrustPaths.TrustPath;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Manufacturers in the database. */
@ApplicationScoped
class RegisteredManufacturers implements Manufacturers {
  private static final int MOST_ANCHORS = 16;

  private final EntityManager entities;
  private final TrustPaths paths;
  private final AnchorLists lists;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  RegisteredManufacturers(
      EntityManager entities, DataSource database, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.paths = new TrustPaths(database);
    this.lists = new AnchorLists(database);
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Manufacturer add(String name, List<Der> anchors, Actor actor) {
    RegistrationRules.name("name", name);
    if (anchors.isEmpty() || anchors.size() > MOST_ANCHORS) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR,
          "Give 1 to " + MOST_ANCHORS + " CA certificates as trust anchors.");
    }
    if (row(name).isPresent()) {
      throw new Refusal(DeviceProblem.MANUFACTURER_EXISTS, "\"" + name + "\" is registered.");
    }
    ManufacturerRow row =
        new ManufacturerRow(ids.next(), name, clock.instant().truncatedTo(ChronoUnit.MICROS));
    entities.persist(row);
    Fact fact = Fact.of("manufacturer.added", actor, "manufacturer", name);
    int number = 0;
    for (Der anchor : new HashSet<>(anchors)) {
      persist(row, anchor, AnchorTerms.NONE);
      fact = fact.with("anchor_" + ++number, anchor.digest());
    }
    audit.record(fact);
    entities.flush();
    return manufacturer(row);
  }

  private void persist(ManufacturerRow manufacturer, Der anchor, AnchorTerms terms) {
    X509Certificate certificate = TrustAnchors.parse(anchor);
    String digest = anchor.digest().hex();
    if (entities.find(TrustAnchorRow.class, digest) != null) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR,
          "An anchor belongs to one manufacturer; this one is registered already.");
    }
    requireForeign(certificate);
    if (isDistrusted(key(certificate))) {
      throw new Refusal(
          DeviceProblem.DISTRUSTED_ANCHOR, "This authority's key was distrusted, for good.");
    }
    entities.persist(new TrustAnchorRow(
        digest,
        manufacturer.id,
        TrustPaths.name(certificate.getSubjectX500Principal()),
        anchor.octets(),
        terms));
  }

  @Override
  @Transactional
  public Manufacturer addAnchor(
      String manufacturer, Der certificate, AnchorTerms terms, Actor actor) {
    ManufacturerRow row = locked(manufacturer);
    if (manufacturer(row).anchors().size() >= MOST_ANCHORS) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR,
          "A manufacturer has " + MOST_ANCHORS + " trust anchors at most; remove one first.");
    }
    persist(row, certificate, terms);
    audit.record(described(fact("anchor-added", row, certificate.digest().hex(), actor), terms));
    entities.flush();
    return manufacturer(row);
  }

  @Override
  @Transactional
  public Manufacturer changeAnchor(
      String manufacturer, Digest anchor, AnchorTerms terms, Actor actor) {
    ManufacturerRow row = locked(manufacturer);
    TrustAnchorRow changed = anchor(row, anchor);
    requireTrusted(changed);
    changed.take(terms);
    audit.record(described(fact("anchor-changed", row, changed.digest, actor), terms));
    entities.flush();
    return manufacturer(row);
  }

  @Override
  @Transactional
  public Manufacturer removeAnchor(String manufacturer, Digest anchor, Actor actor) {
    ManufacturerRow row = locked(manufacturer);
    TrustAnchorRow removed = anchor(row, anchor);
    requireTrusted(removed);
    entities.remove(removed);
    audit.record(fact("anchor-removed", row, removed.digest, actor));
    entities.flush();
    return manufacturer(row);
  }

  @Override
  @Transactional
  public Manufacturer takeList(String manufacturer, Digest anchor, Der list, Actor actor) {
    ManufacturerRow row = locked(manufacturer);
    TrustAnchorRow under = anchor(row, anchor);
    X509CRL read = AnchorLists.read(list);
    X509Certificate issuer = issuer(under, read)
        .orElseThrow(() -> new Refusal(
            DeviceProblem.INVALID_REVOCATION_LIST,
            "The revocation list is of an issuer that is not known under this anchor; an authority between is known from the"
                + " first device that shows it."));
    int entries = lists.take(under.digest, read, issuer, list, clock.instant());
    audit.record(fact("list-taken", row, under.digest, actor)
        .with("entries", entries)
        .with("sha256", list.digest()));
    return manufacturer(row);
  }

  private Optional<X509Certificate> issuer(TrustAnchorRow anchor, X509CRL list) {
    X509Certificate certificate = TrustAnchors.parse(Der.of(anchor.certificate));
    return Stream.concat(Stream.of(certificate), paths.under(anchor.digest).stream())
        .filter(one -> one.getSubjectX500Principal().equals(list.getIssuerX500Principal()))
        .findFirst();
  }

  private static Fact fact(String kind, ManufacturerRow row, String anchor, Actor actor) {
    return Fact.of("manufacturer." + kind, actor, "manufacturer", row.name).with("anchor", anchor);
  }

  private static Fact described(Fact fact, AnchorTerms terms) {
    Fact told = fact.with("models", String.join(", ", terms.models()))
        .with(
            "serial_numbers",
            String.join(
                ", ", terms.serialNumbers().stream().map(SerialPattern::text).toList()))
        .with("lists_required", terms.listsRequired());
    if (terms.notBefore() != null) {
      told = told.with("not_before", terms.notBefore());
    }
    return terms.notAfter() == null ? told : told.with("not_after", terms.notAfter());
  }

  private ManufacturerRow locked(String name) {
    ManufacturerRow row = row(name)
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_MANUFACTURER, "No manufacturer is registered as this."));
    entities.lock(row, LockModeType.PESSIMISTIC_WRITE);
    return row;
  }

  private TrustAnchorRow anchor(ManufacturerRow manufacturer, Digest anchor) {
    TrustAnchorRow row = entities.find(TrustAnchorRow.class, anchor.hex());
    if (row == null || !row.manufacturer.equals(manufacturer.id)) {
      throw new Refusal(
          DeviceProblem.UNKNOWN_ANCHOR, "\"" + manufacturer.name + "\" has no such trust anchor.");
    }
    return row;
  }

  private static void requireTrusted(TrustAnchorRow anchor) {
    if (anchor.distrustedAt != null) {
      throw new Refusal(
          DeviceProblem.DISTRUSTED_ANCHOR, "The trust anchor was distrusted, for good.");
    }
  }

  /** Law 10: this server's own authorities vouch for nobody's IDevIDs. */
  private void requireForeign(X509Certificate anchor) {
    boolean own = entities
            .createNativeQuery(
                "select 1 from key_digest where digest = :digest and kind = 'server'")
            .setParameter(
                "digest", Digest.of(anchor.getPublicKey().getEncoded()).octets())
            .getSingleResultOrNull()
        != null;
    if (own) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR,
          "An authority of this server cannot be a manufacturer's anchor.");
    }
  }

  @Override
  @Transactional
  public Optional<Manufacturer> find(String name) {
    return row(name).map(this::manufacturer);
  }

  @Override
  @Transactional
  public Page<Manufacturer> list(@Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<Manufacturer> rows = entities
        .createQuery(
            "from ManufacturerRow where name > :after order by name", ManufacturerRow.class)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(this::manufacturer)
        .toList();
    return Page.cut(rows, most, Manufacturer::name);
  }

  @Override
  public Optional<Recognition> whose(List<X509Certificate> chain) {
    if (chain.isEmpty() || chain.size() > TrustAnchors.LONGEST_CHAIN) {
      return Optional.empty();
    }
    return paths.find(chain, clock.instant()).map(RegisteredManufacturers::recognition);
  }

  private static Recognition recognition(TrustPath path) {
    TrustPaths.Known anchor = path.anchor();
    List<Digest> authorities = new ArrayList<>();
    path.certificates()
        .subList(1, path.certificates().size())
        .forEach(authority -> authorities.add(key(authority)));
    authorities.add(key(anchor.certificate()));
    return new Recognition(
        anchor.manufacturerId(),
        anchor.manufacturer(),
        anchor.digest(),
        anchor.terms(),
        path.certificates(),
        authorities,
        authorities.stream().anyMatch(anchor.distrusted()::contains));
  }

  @Override
  public void requireStanding(Recognition recognition) {
    Instant now = clock.instant();
    if (recognition.distrusted()) {
      throw StoredAdmissions.distrusted();
    }
    if (!recognition.terms().countsAt(now)) {
      throw new Refusal(
          DeviceProblem.OUTSIDE_ANCHOR, "The manufacturer's trust anchor does not count now.");
    }
    lists.require(recognition, now);
    paths.keep(recognition.anchor(), recognition.path(), now);
  }

  @Override
  @Transactional
  public List<X509Certificate> authorities(String manufacturer) {
    return row(manufacturer).stream()
        .flatMap(row -> anchorsOf(row).stream())
        .filter(anchor -> anchor.distrustedAt == null)
        .flatMap(anchor -> Stream.concat(
            Stream.of(TrustAnchors.parse(Der.of(anchor.certificate))),
            paths.under(anchor.digest).stream()))
        .toList();
  }

  private List<TrustAnchorRow> anchorsOf(ManufacturerRow row) {
    return entities
        .createQuery(
            "from TrustAnchorRow where manufacturer = :id order by subject", TrustAnchorRow.class)
        .setParameter("id", row.id)
        .getResultList();
  }

  private boolean isDistrusted(Digest key) {
    return entities
            .createQuery("select 1 from TrustAnchorRow where distrustedKey = :key", Integer.class)
            .setParameter("key", key.octets())
            .setMaxResults(1)
            .getSingleResultOrNull()
        != null;
  }

  private static Digest key(X509Certificate certificate) {
    return Digest.of(certificate.getPublicKey().getEncoded());
  }

  private Optional<ManufacturerRow> row(String name) {
    return entities
        .createQuery("from ManufacturerRow where name = :name", ManufacturerRow.class)
        .setParameter("name", name)
        .getResultStream()
        .findFirst();
  }

  private Manufacturer manufacturer(ManufacturerRow row) {
    Map<String, List<TakenList>> taken = lists.of(row.id);
    List<Anchor> anchors = anchorsOf(row).stream()
        .map(anchor -> anchor.anchor(taken.getOrDefault(anchor.digest, List.of())))
        .toList();
    return new Manufacturer(row.id, row.name, anchors);
  }
}
