package io.sallyport.attestation;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Roots for endorsement keys in the database. */
@ApplicationScoped
class StoredTpmRoots implements TpmRoots {
  private static final int MOST_ANCHORS = 16;
  private static final int CERT_SIGN = 5;
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?");

  /** A maker has a few roots; all are read for each new attestation key, which is once in a device's life. */
  private static final int MOST_ROOTS = 256;

  private final EntityManager entities;
  private final Authorities authorities;
  private final Audit audit;
  private final Clock clock;

  StoredTpmRoots(EntityManager entities, Authorities authorities, Audit audit, Clock clock) {
    this.entities = entities;
    this.authorities = authorities;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public TpmRoot apply(String name, List<Der> anchors, Actor actor) {
    if (!NAME.matcher(name).matches()) {
      throw invalid(
          "The name must have 1 to 63 of a-z 0-9 . - and start and end with a letter or digit.");
    }
    Set<Der> distinct = new LinkedHashSet<>(anchors);
    if (distinct.isEmpty() || distinct.size() > MOST_ANCHORS) {
      throw invalid("Give 1 to " + MOST_ANCHORS + " CA certificates as trust anchors.");
    }
    distinct.forEach(this::requireAuthority);
    String pem =
        distinct.stream().map(anchor -> anchor.pem("CERTIFICATE")).collect(Collectors.joining());
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    TpmRootRow row = entities.find(TpmRootRow.class, name);
    if (row != null && row.anchors.equals(pem)) {
      return root(row);
    }
    if (row == null) {
      requireRoom();
      row = new TpmRootRow(name, pem, now);
      entities.persist(row);
    } else {
      row.anchors = pem;
      row.appliedAt = now;
    }
    Fact fact = Fact.of("tpm-root.applied", actor, "tpm-root", name);
    int number = 0;
    for (Der anchor : distinct) {
      fact = fact.with("anchor_" + ++number, anchor.digest());
    }
    audit.record(fact);
    return root(row);
  }

  @Override
  @Transactional
  public Optional<TpmRoot> find(String name) {
    return Optional.ofNullable(entities.find(TpmRootRow.class, name)).map(StoredTpmRoots::root);
  }

  @Override
  @Transactional
  public Page<TpmRoot> list(@Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<TpmRoot> rows = entities
        .createQuery("from TpmRootRow where name > :after order by name", TpmRootRow.class)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(StoredTpmRoots::root)
        .toList();
    return Page.cut(rows, most, TpmRoot::name);
  }

  @Override
  @Transactional
  public void remove(String name, Actor actor) {
    TpmRootRow row = entities.find(TpmRootRow.class, name);
    if (row == null) {
      throw new Refusal(
          AttestationProblem.UNKNOWN_TPM_ROOT,
          "No TPM root has this name; list those that there are.");
    }
    entities.remove(row);
    audit.record(Fact.of("tpm-root.removed", actor, "tpm-root", name));
  }

  /** Every anchor that is trusted. */
  @Transactional
  List<X509Certificate> anchors() {
    return entities
        .createQuery("from TpmRootRow order by name", TpmRootRow.class)
        .setMaxResults(MOST_ROOTS)
        .getResultStream()
        .flatMap(row -> root(row).anchors().stream())
        .map(anchor ->
            Certificates.read(anchor, "trust anchor", AttestationProblem.INVALID_TPM_ROOT))
        .toList();
  }

  private void requireRoom() {
    long roots =
        entities.createQuery("select count(*) from TpmRootRow", Long.class).getSingleResult();
    if (roots >= MOST_ROOTS) {
      throw invalid(
          "There are " + MOST_ROOTS + " TPM roots, the most that there may be; remove one.");
    }
  }

  private void requireAuthority(Der anchor) {
    X509Certificate certificate =
        Certificates.read(anchor, "trust anchor", AttestationProblem.INVALID_TPM_ROOT);
    boolean[] usage = certificate.getKeyUsage();
    if (certificate.getBasicConstraints() < 0 || usage != null && !usage[CERT_SIGN]) {
      throw invalid("A trust anchor must be a CA certificate.");
    }
    byte[] key = certificate.getPublicKey().getEncoded();
    boolean own = authorities.list().stream()
        .anyMatch(authority ->
            Arrays.equals(Certificates.key(authority.certificate()).getEncoded(), key));
    if (own) {
      throw invalid("An authority of this server vouches for no TPM.");
    }
  }

  private static TpmRoot root(TpmRootRow row) {
    List<Der> anchors = Arrays.stream(row.anchors.split("-----(BEGIN|END) CERTIFICATE-----", -1))
        .map(String::strip)
        .filter(part -> !part.isEmpty())
        .map(part -> Der.of(Base64.getMimeDecoder().decode(part)))
        .toList();
    return new TpmRoot(row.name, anchors, row.appliedAt);
  }

  private static Refusal invalid(String detail) {
    return new Refusal(AttestationProblem.INVALID_TPM_ROOT, detail);
  }
}
