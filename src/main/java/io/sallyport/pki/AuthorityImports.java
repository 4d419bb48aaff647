package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.ImportedList;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.cert.CRLReason;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.TBSCertificate;

/** Takes in what was signed where a root's key is kept: certificates and revocation lists. */
@Singleton
final class AuthorityImports {
  /** Clocks differ. */
  private static final Duration LEEWAY = Duration.ofMinutes(5);

  private final EntityManager entities;
  private final CrlStore lists;
  private final AuthorityRevocation revocation;
  private final Devices devices;
  private final Keys keys;
  private final Audit audit;
  private final Clock clock;

  AuthorityImports(
      EntityManager entities,
      CrlStore lists,
      AuthorityRevocation revocation,
      Devices devices,
      Keys keys,
      Audit audit,
      Clock clock) {
    this.entities = entities;
    this.lists = lists;
    this.revocation = revocation;
    this.devices = devices;
    this.keys = keys;
    this.audit = audit;
    this.clock = clock;
  }

  /** The same certificate under the same name again is nothing new. */
  void root(String name, Der certificate, Actor actor) {
    AuthorityNames.require(name);
    AdoptedCertificates.requireRoot(certificate, clock.instant());
    QuarkusTransaction.requiringNew().run(() -> {
      AuthorityRow known = entities.find(AuthorityRow.class, name);
      if (known != null) {
        if (known.key != null || !Der.of(certificate(known)).equals(certificate)) {
          throw new Refusal(
              PkiProblem.AUTHORITY_EXISTS,
              "There is or was an authority \"" + name + "\"; choose another name.");
        }
        return;
      }
      requireNew(certificate);
      keepRoot(name, certificate, actor);
    });
  }

  private void keepRoot(String name, Der certificate, Actor actor) {
    AuthorityRow row = new AuthorityRow(name, name, null, now());
    row.certificate = certificate.octets();
    entities.persist(row);
    devices.reserveKey(AdoptedCertificates.key(certificate));
    audit.record(Fact.of("authority.adopted", actor, "authority", name)
        .with("sha256", certificate.digest()));
  }

  /** A root and what it certified, all or none. */
  void adopt(String rootName, Der root, Map<String, Der> certified, Actor actor) {
    AuthorityNames.require(rootName);
    AdoptedCertificates.requireRoot(root, clock.instant());
    QuarkusTransaction.requiringNew().run(() -> {
      keepRoot(rootName, root, actor);
      entities.flush();
      certified.forEach((name, certificate) -> keep(
          entities.find(AuthorityRow.class, name, LockModeType.PESSIMISTIC_WRITE),
          certificate,
          actor));
    });
  }

  /** Under two names nobody could tell whose status is asked for. */
  private void requireNew(Der certificate) {
    entities
        .createQuery("from AuthorityRow where certificate = :certificate", AuthorityRow.class)
        .setParameter("certificate", certificate.octets())
        .getResultStream()
        .findFirst()
        .ifPresent(row -> {
          throw new Refusal(
              PkiProblem.AUTHORITY_EXISTS, "This root is here already as \"" + row.name + "\".");
        });
  }

  private static byte[] certificate(AuthorityRow row) {
    return row.certificate == null ? new byte[0] : row.certificate;
  }

  /** The certificate that an authority waits for; again, it is nothing new. */
  void certificate(String name, Der certificate, Actor actor) {
    QuarkusTransaction.requiringNew().run(() -> {
      AuthorityRow row = entities.find(AuthorityRow.class, name, LockModeType.PESSIMISTIC_WRITE);
      if (row == null || row.certificate == null && row.request == null) {
        throw new Refusal(
            PkiProblem.UNKNOWN_AUTHORITY, "No authority \"" + name + "\" waits for a certificate.");
      }
      if (row.certificate != null) {
        if (Der.of(row.certificate).equals(certificate)) {
          return;
        }
        throw new Refusal(
            PkiProblem.AUTHORITY_EXISTS, "Authority \"" + name + "\" has another certificate.");
      }
      keep(row, certificate, actor);
    });
  }

  private void keep(AuthorityRow row, Der certificate, Actor actor) {
    AuthorityRow issuer =
        entities.find(AuthorityRow.class, row.issuer, LockModeType.PESSIMISTIC_READ);
    issuer.authority().requireTrusted();
    KeyHandle key = keys.get(Objects.requireNonNull(row.key));
    AdoptedCertificates.require(
        row.name, certificate, key, issuer.authority().certificate(), clock.instant());
    requirePermitted(row.name, certificate, issuer);
    requireUnrevoked(certificate, issuer);
    row.certificate = certificate.octets();
    audit.record(Fact.of("authority.adopted", actor, "authority", row.name)
        .with("issuer", row.issuer)
        .with("sha256", certificate.digest())
        .with("terms", String.join("; ", terms(certificate).lines())));
  }

  /** The issuer's list may have been handed in first. */
  private void requireUnrevoked(Der certificate, AuthorityRow issuer) {
    boolean revoked = lists
        .latest(issuer.name, CrlShards.OF_AUTHORITIES)
        .map(list -> read(list.der()))
        .filter(list -> list.isRevoked(CertificateParts.x509(certificate)))
        .isPresent();
    if (revoked) {
      throw new Refusal(
          PkiProblem.BAD_AUTHORITY_CERTIFICATE,
          "\"" + issuer.name + "\" has revoked this certificate: have the request signed anew.");
    }
  }

  private void requirePermitted(String name, Der certificate, AuthorityRow issuer) {
    AuthorityRow above = issuer;
    TBSCertificate tbs = CertificateParts.tbs(certificate);
    List<String> faults = new ArrayList<>();
    terms(issuer.authority().certificate()).faultOf(terms(certificate)).ifPresent(faults::add);
    while (true) {
      CaTerms.nameFault(
              CertificateParts.tbs(above.authority().certificate()).getExtensions(),
              tbs.getSubject(),
              null)
          .ifPresent(faults::add);
      if (above.issuer.equals(above.name)) {
        break;
      }
      above = entities.find(AuthorityRow.class, above.issuer);
    }
    if (!faults.isEmpty()) {
      throw new Refusal(
          PkiProblem.BAD_AUTHORITY_CERTIFICATE,
          "The certificate of \"" + name + "\" is worth nothing under its issuer: "
              + String.join("; ", faults) + ".");
    }
  }

  private static CaTerms terms(Der certificate) {
    try {
      return CaTerms.of(CertificateParts.tbs(certificate).getExtensions());
    } catch (IllegalArgumentException | ArithmeticException unusual) {
      throw new Refusal(
          PkiProblem.BAD_AUTHORITY_CERTIFICATE,
          "The certificate says what cannot be kept here: " + unusual.getMessage());
    }
  }

  /** Refuses with {@code bad-revocation-list} what is not the next whole list of this root. */
  ImportedList list(String name, Der encoded, Actor actor) {
    X509CRL told = read(encoded);
    QuarkusTransaction.requiringNew()
        .call(() -> revokedBy(told, name))
        .forEach((under, reason) ->
            // Before the list is served: nobody is to hear of it earlier than this server.
            revocation.revoke(under, reason, actor, true));
    return QuarkusTransaction.requiringNew().call(() -> {
      AuthorityRow row = entities.find(AuthorityRow.class, name, LockModeType.PESSIMISTIC_WRITE);
      if (row == null || row.certificate == null) {
        throw new Refusal(PkiProblem.UNKNOWN_AUTHORITY, "No authority \"" + name + "\" is here.");
      }
      if (row.key != null) {
        throw bad("is not wanted: this server signs those of \"" + name + "\" itself");
      }
      X509CRL list = read(encoded);
      long number = requireNext(list, row);
      Instant thisUpdate = list.getThisUpdate().toInstant();
      Instant nextUpdate = list.getNextUpdate().toInstant();
      row.crlNumber = number;
      entities.flush();
      lists.take(name, number, thisUpdate, nextUpdate, encoded);
      int entries = list.getRevokedCertificates() == null
          ? 0
          : list.getRevokedCertificates().size();
      audit.record(Fact.of("authority.list-taken", actor, "authority", name)
          .with("number", number)
          .with("entries", entries)
          .with("sha256", encoded.digest()));
      return new ImportedList(name, number, thisUpdate, nextUpdate, entries);
    });
  }

  /** The authorities here that this list of their issuer ends. */
  private Map<String, RevocationReason> revokedBy(X509CRL list, String name) {
    AuthorityRow row = entities.find(AuthorityRow.class, name);
    Map<String, RevocationReason> revoked = new TreeMap<>();
    if (row == null || row.certificate == null || row.key != null) {
      return revoked;
    }
    requireNext(list, row);
    for (AuthorityRow under : entities
        .createQuery(
            "from AuthorityRow where issuer = :issuer and name <> :issuer and certificate is not null"
                + " and distrustedAt is null",
            AuthorityRow.class)
        .setParameter("issuer", name)
        .getResultList()) {
      X509CRLEntry entry =
          list.getRevokedCertificate(CertificateParts.x509(under.authority().certificate()));
      if (entry != null) {
        CRLReason why = entry.getRevocationReason();
        revoked.put(
            under.name,
            why == null || why == CRLReason.UNSPECIFIED
                ? RevocationReason.UNSPECIFIED
                : switch (why) {
                  case AFFILIATION_CHANGED -> RevocationReason.AFFILIATION_CHANGED;
                  case SUPERSEDED -> RevocationReason.SUPERSEDED;
                  case CESSATION_OF_OPERATION -> RevocationReason.CESSATION_OF_OPERATION;
                  default -> RevocationReason.CA_COMPROMISE;
                });
      }
    }
    return revoked;
  }

  private static X509CRL read(Der encoded) {
    try {
      return (X509CRL) CertificateFactory.getInstance("X.509")
          .generateCRL(new ByteArrayInputStream(encoded.octets()));
    } catch (GeneralSecurityException e) {
      throw bad("cannot be read");
    }
  }

  private long requireNext(X509CRL list, AuthorityRow row) {
    X509Certificate root = CertificateParts.x509(row.authority().certificate());
    if (!list.getIssuerX500Principal().equals(root.getSubjectX500Principal())) {
      throw bad("is of another issuer");
    }
    try {
      list.verify(root.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw bad("is not signed by \"" + row.name + "\"");
    }
    if (list.getCriticalExtensionOIDs() != null
        && !list.getCriticalExtensionOIDs().isEmpty()) {
      throw bad("is not a whole list: it has a critical extension");
    }
    Instant now = clock.instant();
    if (list.getNextUpdate() == null || !list.getNextUpdate().toInstant().isAfter(now)) {
      throw bad("has ended; sign a new one");
    }
    if (list.getThisUpdate().toInstant().isAfter(now.plus(LEEWAY))) {
      throw bad("begins in the future; look at the clock where it was signed");
    }
    byte[] extension = list.getExtensionValue(Extension.cRLNumber.getId());
    BigInteger number = extension == null ? null : number(extension);
    if (number == null || number.signum() <= 0 || number.bitLength() > Long.SIZE - 1) {
      throw bad("has no number");
    }
    if (number.longValueExact() <= row.crlNumber) {
      throw bad("has number " + number + ", and " + row.crlNumber
          + " was taken already; numbers only rise (law 9)");
    }
    return number.longValueExact();
  }

  private static BigInteger number(byte[] extension) {
    try {
      return ASN1Integer.getInstance(ASN1OctetString.getInstance(extension).getOctets())
          .getPositiveValue();
    } catch (IllegalArgumentException e) {
      throw bad("has no number");
    }
  }

  private static Refusal bad(String why) {
    return new Refusal(PkiProblem.BAD_REVOCATION_LIST, "The list " + why + ".");
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
