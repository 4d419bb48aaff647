package io.sallyport.pki;

import io.sallyport.pki.Authorities.Authority;
import jakarta.inject.Singleton;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private final Authorities authorities;
  private volatile Known known = new Known(Map.of(), List.of());

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

  private record Known(Map<Name, Authority> byName, List<Authority> of) {}

  /** The authority that issued what is asked about, or null when it is not one of this server's. */
  @Nullable
  Authority find(CertificateID id) {
    List<Authority> all = authorities.list();
    Known seen = known;
    // The list is another object when an authority is new or another one.
    if (seen.of != all) {
      seen = new Known(byName(all), all);
      known = seen;
    }
    return seen.byName.get(Name.of(id));
  }

  private static Map<Name, Authority> byName(List<Authority> authorities) {
    Map<Name, Authority> all = new HashMap<>();
    for (Authority authority : authorities) {
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
    return Map.copyOf(all);
  }
}
