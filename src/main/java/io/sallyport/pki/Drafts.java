package io.sallyport.pki;

import io.sallyport.events.Nodes;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.marks.Marks;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Issuance.Order;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.TBSCertificate;

/** Builds and lints what an order asks for, before anything is locked. Any thread. */
@Singleton
final class Drafts {
  /** In front of them stands one octet that tells the node: collisions are out of reach and refused by a constraint. */
  private static final int RANDOM_OCTETS = 16;

  private final ConcurrentHashMap<String, Issuer> issuers = new ConcurrentHashMap<>();
  private final Authorities authorities;
  private final TbsCertificates certificates;
  private final CrlShards shards;
  private final KeyBlocklist blocklist;
  private final Keys keys;
  private final Nodes nodes;
  private final Marks marks;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;

  Drafts(
      Authorities authorities,
      TbsCertificates certificates,
      CrlShards shards,
      KeyBlocklist blocklist,
      Keys keys,
      Nodes nodes,
      Marks marks,
      Ids ids,
      SecureRandom random,
      Clock clock) {
    this.authorities = authorities;
    this.certificates = certificates;
    this.shards = shards;
    this.blocklist = blocklist;
    this.keys = keys;
    this.nodes = nodes;
    this.marks = marks;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
  }

  /** An authority with what every certificate by it takes from it. */
  record Issuer(
      Authority authority,
      KeyHandle key,
      X500Name name,
      byte[] keyIdentifier,
      Instant notBefore,
      Instant notAfter,
      List<Extensions> above) {
    Issuer {
      above = List.copyOf(above);
    }

    /** Refuses with {@code name-not-permitted} what it, or an authority above it, may not certify. */
    void requirePermitted(TBSCertificate tbs) {
      GeneralNames names =
          GeneralNames.fromExtensions(tbs.getExtensions(), Extension.subjectAlternativeName);
      for (Extensions extensions : above) {
        CaTerms.nameFault(extensions, tbs.getSubject(), names).ifPresent(fault -> {
          throw new Refusal(
              PkiProblem.NAME_NOT_PERMITTED,
              "Authority \"" + authority.name() + "\" may not certify this: " + fault
                  + ". Ask for other names, or name another issuer in the certificate profile.");
        });
      }
    }
  }

  /** A certificate that nobody knows yet: neither recorded nor signed. */
  record Draft(
      Order order,
      String request,
      UUID id,
      Issuer issuer,
      BigInteger serial,
      int crlShard,
      Instant notBefore,
      Instant notAfter,
      Instant preparedAt,
      Der tbsCertificate) {}

  /** Refuses with {@code weak-key} a key that others know, with {@code lint} what would break a rule. */
  Draft of(Order order) {
    blocklist.check(order.subjectPublicKeyInfo());
    Issuer issuer = issuer(order);
    BigInteger serial = serial();
    int shard = shards.of(issuer.authority, serial);
    Instant now = clock.instant();
    Instant backdated =
        now.minus(order.certificateProfile().backdating()).truncatedTo(ChronoUnit.SECONDS);
    // Where the clock says that the issuer is yet to begin, the linter refuses what begins in the
    // future.
    Instant notBefore = backdated.isBefore(issuer.notBefore) ? issuer.notBefore : backdated;
    Instant asked = now.plus(order.certificateProfile().validity()).truncatedTo(ChronoUnit.SECONDS);
    Instant notAfter = asked.isAfter(issuer.notAfter) ? issuer.notAfter : asked;
    TBSCertificate tbs = certificates.build(new TbsCertificates.Content(
        issuer.authority.name(),
        issuer.name,
        issuer.key.subjectPublicKeyInfo(),
        issuer.keyIdentifier,
        issuer.key.algorithm(),
        serial,
        shard,
        new X500Name(BCStyle.INSTANCE, order.distinguishedName()),
        order.subjectPublicKeyInfo(),
        order.names(),
        order.certificateProfile(),
        order.mudUrl(),
        null,
        notBefore,
        notAfter));
    issuer.requirePermitted(tbs);
    Der encoded = encoded(tbs);
    Linter.check(
        encoded,
        order.subject().kind(),
        issuer.notAfter,
        order.certificateProfile().revocationPointers());
    IssuerLints.check(
        tbs,
        new IssuerLints.Expected(
            issuer.name,
            issuer.keyIdentifier,
            issuer.key.algorithm(),
            now,
            order.subject().kind() == CertificateSubject.Kind.DEVICE
                && order.certificateProfile().subject().stream()
                    .anyMatch(one -> one.type().equalsIgnoreCase("serialNumber"))));
    return new Draft(
        order,
        order.digest().hex(),
        ids.next(),
        issuer,
        serial,
        shard,
        notBefore,
        notAfter,
        now.truncatedTo(ChronoUnit.MICROS),
        encoded);
  }

  /** Read once: an authority's certificate is another object when it is another one. */
  private Issuer issuer(Order order) {
    String asked = order.certificateProfile().authority();
    // A responder speaks for the very authority that certifies it.
    Authority authority = order.subject().kind() == CertificateSubject.Kind.OCSP_RESPONDER
        ? authorities.get(asked)
        : authorities.issuing(asked);
    authority.requireTrusted();
    String name = authority.name();
    if (order.subject().kind() == CertificateSubject.Kind.DEVICE && authorities.isInternal(name)) {
      throw new Refusal(
          PkiProblem.INVALID_AUTHORITY,
          "Authority \"" + name
              + "\" certifies the server and its enforcement points, and no device.");
    }
    Issuer known = issuers.get(name);
    if (known == null || !known.authority.equals(authority)) {
      TBSCertificate tbs = CertificateParts.tbs(authority.certificate());
      known = new Issuer(
          authority,
          keys.get(authority.signingKey()),
          tbs.getSubject(),
          SubjectKeyIdentifier.fromExtensions(tbs.getExtensions()).getKeyIdentifier(),
          tbs.getStartDate().getDate().toInstant(),
          tbs.getEndDate().getDate().toInstant(),
          constrained(name));
      issuers.put(name, known);
    }
    return known;
  }

  /** The extensions of the authorities from this one up that bind names. */
  private List<Extensions> constrained(String name) {
    return authorities.chain(name).stream()
        .map(certificate -> CertificateParts.tbs(certificate).getExtensions())
        .filter(extensions ->
            extensions != null && extensions.getExtension(Extension.nameConstraints) != null)
        .toList();
  }

  BigInteger serial() {
    byte[] tail = new byte[RANDOM_OCTETS];
    random.nextBytes(tail);
    int losses = marks.losses();
    ByteBuffer octets =
        ByteBuffer.allocate((losses > 0 ? 2 : 1) + RANDOM_OCTETS).put((byte) nodes.prefix());
    if (losses > 0) {
      // Nobody knows which serials were lost: longer ones were never among them.
      octets.put((byte) losses);
    }
    return new BigInteger(1, octets.put(tail).array());
  }

  private static Der encoded(TBSCertificate tbs) {
    try {
      return Der.of(tbs.getEncoded("DER"));
    } catch (IOException e) {
      throw new IllegalStateException("a TBSCertificate cannot be encoded", e);
    }
  }
}
