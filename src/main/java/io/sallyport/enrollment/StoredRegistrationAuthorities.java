package io.sallyport.enrollment;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Manufacturers;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.PkiProblem;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Registration authorities in the database. */
@ApplicationScoped
class StoredRegistrationAuthorities implements RegistrationAuthorities {
  private static final String SUBJECT = "registration-authority";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]{0,62}");

  private final EntityManager entities;
  private final Issuance issuance;
  private final Credentials credentials;
  private final CertificateProfiles profiles;
  private final Manufacturers manufacturers;
  private final Devices devices;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredRegistrationAuthorities(
      EntityManager entities,
      Issuance issuance,
      Credentials credentials,
      CertificateProfiles profiles,
      Manufacturers manufacturers,
      Devices devices,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.issuance = issuance;
    this.credentials = credentials;
    this.profiles = profiles;
    this.manufacturers = manufacturers;
    this.devices = devices;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Admission add(Application application, Actor actor) {
    if (!NAME.matcher(application.name()).matches()) {
      throw new Refusal(
          EnrollmentProblem.INVALID_REGISTRATION_AUTHORITY,
          "The name must have 1 to 63 letters, digits, dots or hyphens.");
    }
    requireProfiles(application.profiles());
    CertificateRequest request = CertificateRequest.read(application.request());
    Digest key = request.subjectPublicKeyInfo().digest();
    RegistrationAuthority authority =
        QuarkusTransaction.requiringNew().call(() -> registered(application, key, actor));
    Credential credential = issuance.issue(
        new Issuance.Order(
            subject(authority.id()),
            CertificateProfiles.internal(CertificateProfiles.REGISTRATION_AUTHORITY),
            request.subjectPublicKeyInfo(),
            Digest.of((SUBJECT + ":" + authority.id()).getBytes(StandardCharsets.UTF_8)),
            false,
            "CN=" + authority.name() + ",O=Sallyport registration authority",
            List.of()),
        digest -> {
          devices.reserveKey(key);
          requireThere(authority);
        },
        actor);
    return new Admission(authority, credential);
  }

  private void requireProfiles(Set<String> names) {
    for (String name : names) {
      if (profiles.forDevices(name).isEmpty()) {
        throw new Refusal(
            PkiProblem.UNKNOWN_CERTIFICATE_PROFILE,
            "No certificate profile for devices is called \"" + name + "\".");
      }
    }
  }

  private RegistrationAuthority registered(Application application, Digest key, Actor actor) {
    String manufacturer = manufacturers
        .find(application.manufacturer())
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_MANUFACTURER,
            "Register the manufacturer \"" + application.manufacturer() + "\" first."))
        .name();
    Optional<RegistrationAuthorityRow> known = row(application.name());
    if (known.isPresent()) {
      if (!Arrays.equals(known.get().keyDigest, key.octets())
          || !known.get().manufacturer.equals(manufacturer)
          || !known.get().authority().profiles().equals(application.profiles())) {
        throw new Refusal(
            EnrollmentProblem.REGISTRATION_AUTHORITY_EXISTS,
            "\"" + application.name()
                + "\" is registered with another key or other rights; remove it first.");
      }
      return known.get().authority();
    }
    devices.reserveKey(key);
    RegistrationAuthorityRow row = new RegistrationAuthorityRow(
        ids.next(),
        application.name(),
        manufacturer,
        application.profiles(),
        key.octets(),
        clock.instant().truncatedTo(ChronoUnit.MICROS));
    entities.persist(row);
    audit.record(Fact.of("registration-authority.added", actor, SUBJECT, row.id)
        .with("name", row.name)
        .with("manufacturer", manufacturer)
        .with("profiles", String.join(" ", row.profiles)));
    return row.authority();
  }

  /** In the issuing transaction. */
  private void requireThere(RegistrationAuthority authority) {
    RegistrationAuthorityRow row = entities.find(
        RegistrationAuthorityRow.class, authority.id(), LockModeType.PESSIMISTIC_READ);
    if (row == null || row.removedAt != null) {
      throw unknown(authority.name());
    }
  }

  /** The one that this certificate is of, while both are live. */
  @Transactional
  Optional<RegistrationAuthority> recognise(Digest thumbprint) {
    return credentials
        .byThumbprint(thumbprint)
        .filter(found -> found.subject().kind() == CertificateSubject.Kind.REGISTRATION_AUTHORITY
            && found.liveAt(clock.instant()))
        .map(found -> entities.find(
            RegistrationAuthorityRow.class, UUID.fromString(found.subject().id())))
        .filter(row -> row.removedAt == null)
        .map(RegistrationAuthorityRow::authority);
  }

  @Override
  @Transactional
  public Page<RegistrationAuthority> list(@Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<RegistrationAuthority> rows = entities
        .createQuery(
            "from RegistrationAuthorityRow where removedAt is null and name > :after order by name",
            RegistrationAuthorityRow.class)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(RegistrationAuthorityRow::authority)
        .toList();
    return Page.cut(rows, most, RegistrationAuthority::name);
  }

  @Override
  @Transactional
  public void remove(String name, Actor actor) {
    RegistrationAuthorityRow row = row(name).orElseThrow(() -> unknown(name));
    entities.lock(row, LockModeType.PESSIMISTIC_WRITE);
    row.removedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
    credentials.revokeAll(subject(row.id), RevocationReason.CESSATION_OF_OPERATION, actor);
    audit.record(
        Fact.of("registration-authority.removed", actor, SUBJECT, row.id).with("name", name));
  }

  private Optional<RegistrationAuthorityRow> row(String name) {
    return entities
        .createQuery(
            "from RegistrationAuthorityRow where removedAt is null and name = :name",
            RegistrationAuthorityRow.class)
        .setParameter("name", name)
        .getResultStream()
        .findFirst();
  }

  private static CertificateSubject subject(UUID id) {
    return new CertificateSubject(CertificateSubject.Kind.REGISTRATION_AUTHORITY, id.toString());
  }

  private static Refusal unknown(String name) {
    return new Refusal(
        EnrollmentProblem.UNKNOWN_REGISTRATION_AUTHORITY,
        "No registration authority is called \"" + name + "\".");
  }
}
