package io.sallyport.pki;

import io.sallyport.pki.Authorities.Authority;
import jakarta.inject.Singleton;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.jspecify.annotations.Nullable;

/** Finds an authority by the hashes that a CertID names it with (RFC 6960 §4.1.1): SHA-1 and SHA-256. Any thread. */
@Singleton
final class OcspIssuers {
  private static final List<ASN1ObjectIdentifier> HASHES =
      List.of(OIWObjectIdentifiers.idSHA1, NISTObjectIdentifiers.id_sha256);
  /** Authorities are made seldom, and anybody can ask for issuers that are not here. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Authorities authorities;
  private volatile Known known = new Known(Map.of(), System.nanoTime() - LOOK_NANOS);

  OcspIssuers(Authorities authorities) {
    this.authorities = authorities;
  }

  private record Name(ASN1ObjectIdentifier hash, ASN1OctetString name, ASN1OctetString key) {
    static Name of(CertificateID id) {
      return new Name(
          id.getHashAlgOID(),
          id.toASN1Primitive().getIssuerNameHash(),
          id.toASN1Primitive().getIssuerKeyHash());
    }
  }

  private record Known(Map<Name, Authority> byName, long readAt) {}

  /** The authority that issued what is asked about, or null when it is not one of this server's. May read the database. */
  @Nullable
  Authority find(CertificateID id) {
    Name name = Name.of(id);
    Known seen = known;
    Authority authority = seen.byName.get(name);
    if (authority == null && System.nanoTime() - seen.readAt >= LOOK_NANOS) {
      seen = read();
      known = seen;
      authority = seen.byName.get(name);
    }
    return authority;
  }

  private Known read() {
    long now = System.nanoTime();
    Map<Name, Authority> all = new HashMap<>();
    for (Authority authority : authorities.list()) {
      X509CertificateHolder certificate = CertificateParts.holder(authority.certificate());
      for (ASN1ObjectIdentifier hash : HASHES) {
        try {
          CertificateID id = new CertificateID(
              KeyIdentifiers.calculator(new AlgorithmIdentifier(hash)),
              certificate,
              BigInteger.ONE);
          all.put(Name.of(id), authority);
        } catch (OCSPException e) {
          throw new IllegalStateException("authority " + authority.name() + " cannot be named", e);
        }
      }
    }
    return new Known(Map.copyOf(all), now);
  }
}
