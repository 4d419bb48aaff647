package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** Manufacturers in the database. */
@ApplicationScoped
class RegisteredManufacturers implements Manufacturers {
  private static final int MOST_ANCHORS = 16;

  private final EntityManager entities;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  RegisteredManufacturers(EntityManager entities, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
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
      X509Certificate certificate = TrustAnchors.parse(anchor);
      String digest = anchor.digest().hex();
      TrustAnchorRow taken = entities.find(TrustAnchorRow.class, digest);
      if (taken != null) {
        throw new Refusal(
            DeviceProblem.INVALID_ANCHOR,
            "An anchor belongs to one manufacturer; this one is registered already.");
      }
      requireForeign(certificate);
      entities.persist(new TrustAnchorRow(
          digest,
          row.id,
          certificate.getSubjectX500Principal().getName(X500Principal.CANONICAL),
          anchor.octets()));
      fact = fact.with("anchor_" + ++number, anchor.digest());
    }
    audit.record(fact);
    entities.flush();
    return manufacturer(row);
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
  @Transactional
  public Optional<Manufacturer> whose(List<X509Certificate> chain) {
    if (chain.isEmpty() || chain.size() > TrustAnchors.LONGEST_CHAIN) {
      return Optional.empty();
    }
    Set<String> issuers = new HashSet<>();
    chain.forEach(
        link -> issuers.add(link.getIssuerX500Principal().getName(X500Principal.CANONICAL)));
    return entities
        .createQuery("from TrustAnchorRow where subject in :issuers", TrustAnchorRow.class)
        .setParameter("issuers", issuers)
        .getResultStream()
        .map(anchor -> new Certified(anchor.manufacturer, certified(anchor, chain)))
        .filter(found -> found.length > 0)
        .min(Comparator.comparingInt(Certified::length))
        .map(found -> entities.find(ManufacturerRow.class, found.manufacturer))
        .map(this::manufacturer);
  }

  /** Of two anchors on one chain the one nearer to the device speaks for it. */
  private record Certified(UUID manufacturer, int length) {}

  private int certified(TrustAnchorRow anchor, List<X509Certificate> chain) {
    return TrustAnchors.certified(
        TrustAnchors.parse(Der.of(anchor.certificate)), chain, clock.instant());
  }

  private Optional<ManufacturerRow> row(String name) {
    return entities
        .createQuery("from ManufacturerRow where name = :name", ManufacturerRow.class)
        .setParameter("name", name)
        .getResultStream()
        .findFirst();
  }

  private Manufacturer manufacturer(ManufacturerRow row) {
    List<Der> anchors = entities
        .createQuery(
            "from TrustAnchorRow where manufacturer = :id order by subject", TrustAnchorRow.class)
        .setParameter("id", row.id)
        .getResultStream()
        .map(anchor -> Der.of(anchor.certificate))
        .toList();
    return new Manufacturer(row.id, row.name, anchors);
  }
}
