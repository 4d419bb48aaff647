package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.io.IOException;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;

/** Authorities in the database; certified ones never change and are kept in memory. */
@ApplicationScoped
class StoredAuthorities implements Authorities {
  private static final int SERIAL_BITS = 128;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private final Map<String, Authority> certified = new ConcurrentHashMap<>();
  private final EntityManager entities;
  private final TbsCertificates certificates;
  private final CrlShards shards;
  private final Devices devices;
  private final Keys keys;
  private final Audit audit;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;

  StoredAuthorities(
      EntityManager entities,
      TbsCertificates certificates,
      CrlShards shards,
      Devices devices,
      Keys keys,
      Audit audit,
      Ids ids,
      SecureRandom random,
      Clock clock) {
    this.entities = entities;
    this.certificates = certificates;
    this.shards = shards;
    this.devices = devices;
    this.keys = keys;
    this.audit = audit;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
  }

  @Override
  public Authority establish(
      String name,
      String issuer,
      String distinguishedName,
      KeyAlgorithm algorithm,
      Duration validity) {
    Optional<Authority> known = find(name);
    if (known.isPresent()) {
      return known.get();
    }
    Foundation foundation = QuarkusTransaction.requiringNew()
        .call(() -> found(name, issuer, distinguishedName, algorithm, validity));
    KeyHandle issuerKey = foundation.issuerKey;
    Der certificate = CertificateParts.assemble(
        foundation.credential.tbsCertificate,
        issuerKey.algorithm(),
        keys.sign(issuerKey.id(), foundation.credential.tbsCertificate),
        issuerKey.subjectPublicKeyInfo());
    QuarkusTransaction.requiringNew().run(() -> certify(name, foundation.credential, certificate));
    return get(name);
  }

  /** The key is made and the exact TBSCertificate recorded; a start that was cut off here is taken up with the same key. */
  private Foundation found(
      String name,
      String issuer,
      String distinguishedName,
      KeyAlgorithm algorithm,
      Duration validity) {
    AuthorityRow row = entities.find(AuthorityRow.class, name);
    KeyHandle key;
    if (row == null) {
      key = keys.generate(algorithm, "authority:" + name);
      row =
          new AuthorityRow(name, issuer, key.id(), clock.instant().truncatedTo(ChronoUnit.MICROS));
      entities.persist(row);
      devices.reserveKey(key.subjectPublicKeyInfo().digest());
    } else {
      key = keys.get(Objects.requireNonNull(row.key));
      closeUnfinished(name);
    }
    boolean root = name.equals(issuer);
    KeyHandle issuerKey = root ? key : keys.get(get(issuer).signingKey());
    X500Name subject = new X500Name(BCStyle.INSTANCE, distinguishedName);
    CredentialRow credential = credential(name, issuer, key, validity);
    X500Name issuerName = subject;
    Instant issuerEnd = credential.notAfter;
    if (!root) {
      TBSCertificate issuerTbs = CertificateParts.tbs(get(issuer).certificate());
      issuerName = issuerTbs.getSubject();
      issuerEnd = issuerTbs.getEndDate().getDate().toInstant();
      credential.notAfter =
          credential.notAfter.isAfter(issuerEnd) ? issuerEnd : credential.notAfter;
    }
    TBSCertificate tbs = certificates.build(new TbsCertificates.Content(
        issuer,
        issuerName,
        issuerKey.subjectPublicKeyInfo(),
        issuerKey.algorithm(),
        new BigInteger(credential.serial, 16),
        subject,
        key.subjectPublicKeyInfo(),
        List.of(),
        null,
        null,
        root ? 1 : 0,
        credential.notBefore,
        credential.notAfter));
    Linter.check(tbs, CertificateSubject.Kind.AUTHORITY, issuerEnd);
    try {
      credential.tbsCertificate = tbs.getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException("a TBSCertificate cannot be encoded", e);
    }
    entities.persist(credential);
    return new Foundation(credential, issuerKey);
  }

  private void closeUnfinished(String name) {
    entities
        .createQuery(
            "from CredentialRow where subjectKind = :kind and subjectId = :name and state = :state",
            CredentialRow.class)
        .setParameter("kind", CertificateSubject.Kind.AUTHORITY)
        .setParameter("name", name)
        .setParameter("state", CredentialState.PREPARED)
        .getResultStream()
        .forEach(row -> row.revoked(
            RevocationReason.CESSATION_OF_OPERATION,
            clock.instant().truncatedTo(ChronoUnit.MICROS)));
  }

  private CredentialRow credential(String name, String issuer, KeyHandle key, Duration validity) {
    CredentialRow row = new CredentialRow();
    Instant now = clock.instant();
    row.id = ids.next();
    row.authority = issuer;
    BigInteger serial = new BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS);
    row.serial = serial.toString(16);
    row.crlShard = shards.of(issuer, serial);
    row.subjectKind = CertificateSubject.Kind.AUTHORITY;
    row.subjectId = name;
    row.profile = CertificateProfiles.AUTHORITY;
    row.keyDigest = key.subjectPublicKeyInfo().digest().octets();
    row.notBefore = now.minus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.SECONDS);
    row.notAfter = now.plus(validity).truncatedTo(ChronoUnit.SECONDS);
    row.state = CredentialState.PREPARED;
    row.preparedAt = now.truncatedTo(ChronoUnit.MICROS);
    return row;
  }

  private void certify(String name, CredentialRow prepared, Der certificate) {
    CredentialRow credential = entities.find(CredentialRow.class, prepared.id);
    credential.issued(certificate, clock.instant().truncatedTo(ChronoUnit.MICROS));
    entities.find(AuthorityRow.class, name).certificate = certificate.octets();
    audit.record(Fact.of("authority.established", Actor.SERVER, "authority", name)
        .with("issuer", credential.authority)
        .with("serial", credential.serial)
        .with("sha256", certificate.digest()));
  }

  @Override
  @Transactional
  public Der request(String name, String issuer, String distinguishedName, KeyAlgorithm algorithm) {
    AuthorityRow row = entities.find(AuthorityRow.class, name);
    KeyHandle key;
    if (row == null) {
      key = keys.generate(algorithm, "authority:" + name);
      entities.persist(
          new AuthorityRow(name, issuer, key.id(), clock.instant().truncatedTo(ChronoUnit.MICROS)));
      devices.reserveKey(key.subjectPublicKeyInfo().digest());
    } else {
      key = keys.get(Objects.requireNonNull(row.key));
    }
    entities.flush();
    try {
      return Der.of(new PKCS10CertificationRequestBuilder(
              new X500Name(BCStyle.INSTANCE, distinguishedName),
              SubjectPublicKeyInfo.getInstance(key.subjectPublicKeyInfo().octets()))
          .build(new KeySigner(keys, key))
          .getEncoded());
    } catch (IOException e) {
      throw new IllegalStateException("a request cannot be encoded", e);
    }
  }

  @Override
  @Transactional
  public void adopt(String rootName, Der root, Map<String, Der> certified) {
    AdoptedCertificates.requireRoot(root, clock.instant());
    AuthorityRow rootRow =
        new AuthorityRow(rootName, rootName, null, clock.instant().truncatedTo(ChronoUnit.MICROS));
    rootRow.certificate = root.octets();
    entities.persist(rootRow);
    devices.reserveKey(AdoptedCertificates.key(root));
    audit.record(Fact.of("authority.adopted", Actor.SERVER, "authority", rootName)
        .with("sha256", root.digest()));
    certified.forEach((name, certificate) -> {
      AuthorityRow row = entities.find(AuthorityRow.class, name);
      KeyHandle key = keys.get(Objects.requireNonNull(row.key));
      AdoptedCertificates.require(name, certificate, key, root, clock.instant());
      row.certificate = certificate.octets();
      audit.record(Fact.of("authority.adopted", Actor.SERVER, "authority", name)
          .with("issuer", rootName)
          .with("sha256", certificate.digest()));
    });
  }

  @Override
  public Optional<Authority> find(String name) {
    Authority known = certified.get(name);
    if (known != null) {
      return Optional.of(known);
    }
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    Optional<Authority> read = QuarkusTransaction.joiningExisting()
        .call(() -> Optional.ofNullable(entities.find(AuthorityRow.class, name))
            .filter(row -> row.certificate != null)
            .map(AuthorityRow::authority));
    read.ifPresent(authority -> certified.put(name, authority));
    return read;
  }

  @Override
  public Authority get(String name) {
    return find(name)
        .orElseThrow(() ->
            new Refusal(PkiProblem.UNKNOWN_AUTHORITY, "No authority \"" + name + "\" is here."));
  }

  @Override
  public List<Authority> list() {
    List<String> names = QuarkusTransaction.joiningExisting()
        .call(() -> entities
            .createQuery(
                "select name from AuthorityRow where certificate is not null order by createdAt",
                String.class)
            .getResultList());
    return names.stream().map(this::get).toList();
  }

  @Override
  public List<Der> chain(String name) {
    List<Der> chain = new ArrayList<>();
    Authority authority = get(name);
    chain.add(authority.certificate());
    while (!authority.issuer().equals(authority.name())) {
      authority = get(authority.issuer());
      chain.add(authority.certificate());
    }
    return chain;
  }

  private record Foundation(CredentialRow credential, KeyHandle issuerKey) {}
}
