package io.sallyport.pki;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.kernel.Der;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Authority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.ocsp.OCSPRequest;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.Req;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.jspecify.annotations.Nullable;

/** Status from the database, signed when it is asked for. */
@ApplicationScoped
class SignedStatus implements CertificateStatus {
  /** Certificates that one request may ask about. */
  private static final int MOST_IN_ONE_REQUEST = 32;
  /** RFC 9654 §2.1. */
  private static final int LONGEST_NONCE = 128;

  private final Map<CertificateIssuer, String> issuers = new ConcurrentHashMap<>();
  private final EntityManager entities;
  private final Authorities authorities;
  private final OcspResponders responders;
  private final CrlStore crls;
  private final Keys keys;
  private final StatusSettings settings;
  private final Clock clock;
  private final MeterRegistry meters;

  SignedStatus(
      EntityManager entities,
      Authorities authorities,
      OcspResponders responders,
      CrlStore crls,
      Keys keys,
      StatusSettings settings,
      Clock clock,
      MeterRegistry meters) {
    this.entities = entities;
    this.authorities = authorities;
    this.responders = responders;
    this.crls = crls;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
    this.meters = meters;
  }

  /** An issuer as a CertID names it (RFC 6960 §4.1.1). */
  private record CertificateIssuer(
      ASN1ObjectIdentifier hash, ASN1OctetString name, ASN1OctetString key) {}

  @Override
  public Optional<Crl> crl(String authority, int shard) {
    return crls.latest(authority, shard);
  }

  @Override
  public Optional<Crl> delta(String authority, int shard) {
    return crls.latestDelta(authority, shard);
  }

  @Override
  public OcspAnswer ocsp(byte[] request) {
    OCSPReq parsed;
    try (ASN1InputStream in = new ASN1InputStream(request)) {
      ASN1Primitive value = in.readObject();
      parsed = new OCSPReq(OCSPRequest.getInstance(value));
      int count = parsed.getRequestList().length;
      if (in.read() >= 0 || count == 0 || count > MOST_IN_ONE_REQUEST || badNonce(parsed)) {
        return malformed();
      }
    } catch (IOException | RuntimeException malformed) {
      return malformed();
    }
    try {
      return answer(parsed);
    } catch (OCSPException | IOException e) {
      throw new IllegalStateException("an OCSP answer cannot be made", e);
    }
  }

  private OcspAnswer malformed() {
    count("malformed");
    return error(OCSPRespBuilder.MALFORMED_REQUEST);
  }

  /** Each certificate asked about, and each request that could not be answered. */
  private void count(String status) {
    Counter.builder("sallyport.ocsp.answers")
        .description("OCSP answers by status")
        .tag("status", status)
        .register(meters)
        .increment();
  }

  private static boolean badNonce(OCSPReq request) {
    Extension nonce = request.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
    if (nonce == null) {
      return false;
    }
    int length = ASN1OctetString.getInstance(nonce.getParsedValue()).getOctets().length;
    return length < 1 || length > LONGEST_NONCE;
  }

  private OcspAnswer answer(OCSPReq request) throws OCSPException, IOException {
    String authority = null;
    for (Req asked : request.getRequestList()) {
      authority = authority == null ? issuer(asked.getCertID()) : authority;
    }
    if (authority == null || authorities.get(authority).key() == null) {
      count("unauthorized");
      return error(OCSPRespBuilder.UNAUTHORIZED);
    }
    OcspResponders.Responder responder = responders.of(authority);
    Instant thisUpdate = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Instant nextUpdate = thisUpdate.plus(settings.ocspValidity());
    BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(
        new RespID(new X509CertificateHolder(responder.certificate().octets()).getSubject()));
    for (Req asked : request.getRequestList()) {
      CertificateID id = asked.getCertID();
      // A responder speaks for its own authority only.
      org.bouncycastle.cert.ocsp.CertificateStatus status = authority.equals(issuer(id))
          ? status(authority, id.getSerialNumber())
          : new UnknownStatus();
      count(
          status == org.bouncycastle.cert.ocsp.CertificateStatus.GOOD
              ? "good"
              : status instanceof RevokedStatus ? "revoked" : "unknown");
      builder.addResponse(id, status, Date.from(thisUpdate), Date.from(nextUpdate), null);
    }
    Extension nonce = request.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
    if (nonce != null) {
      builder.setResponseExtensions(new Extensions(nonce));
    }
    byte[] signed = new OCSPRespBuilder()
        .build(
            OCSPRespBuilder.SUCCESSFUL,
            builder.build(
                new KeySigner(keys, responder.key()),
                new X509CertificateHolder[] {
                  new X509CertificateHolder(responder.certificate().octets())
                },
                Date.from(thisUpdate)))
        .getEncoded();
    boolean keep = nonce == null;
    return new OcspAnswer(Der.of(signed), keep ? thisUpdate : null, keep ? nextUpdate : null);
  }

  /** Never good for a serial that was not issued. Null is how Bouncy Castle says good. */
  private org.bouncycastle.cert.ocsp.@Nullable CertificateStatus status(
      String authority, BigInteger serial) {
    CredentialRow row = row(authority, serial);
    if (row == null) {
      return new UnknownStatus();
    }
    return switch (row.state) {
      case PREPARED -> new UnknownStatus();
      case ISSUED -> org.bouncycastle.cert.ocsp.CertificateStatus.GOOD;
      case REVOKED ->
        row.revokedAt == null || row.revocationReason == null
            ? new UnknownStatus()
            : new RevokedStatus(Date.from(row.revokedAt), row.revocationReason.code());
    };
  }

  @Transactional
  @Nullable
  CredentialRow row(String authority, BigInteger serial) {
    return entities
        .createQuery(
            "from CredentialRow where authority = :authority and serial = :serial",
            CredentialRow.class)
        .setParameter("authority", authority)
        .setParameter("serial", serial.toString(16))
        .getSingleResultOrNull();
  }

  private @Nullable String issuer(CertificateID id) {
    if (issuers.isEmpty()) {
      authorities.list().forEach(this::remember);
    }
    return issuers.get(new CertificateIssuer(
        id.getHashAlgOID(),
        id.toASN1Primitive().getIssuerNameHash(),
        id.toASN1Primitive().getIssuerKeyHash()));
  }

  private void remember(Authority authority) {
    X509CertificateHolder certificate = holder(authority.certificate());
    for (ASN1ObjectIdentifier hash :
        new ASN1ObjectIdentifier[] {OIWObjectIdentifiers.idSHA1, NISTObjectIdentifiers.id_sha256}) {
      try {
        CertificateID id = new CertificateID(
            KeyIdentifiers.calculator(new AlgorithmIdentifier(hash)), certificate, BigInteger.ONE);
        issuers.put(
            new CertificateIssuer(
                hash,
                id.toASN1Primitive().getIssuerNameHash(),
                id.toASN1Primitive().getIssuerKeyHash()),
            authority.name());
      } catch (OCSPException e) {
        throw new IllegalStateException("authority " + authority.name() + " cannot be named", e);
      }
    }
  }

  private static X509CertificateHolder holder(Der certificate) {
    try {
      return new X509CertificateHolder(certificate.octets());
    } catch (IOException e) {
      throw new IllegalStateException("a stored certificate cannot be read", e);
    }
  }

  private static OcspAnswer error(int code) {
    try {
      return new OcspAnswer(
          Der.of(new OCSPRespBuilder().build(code, null).getEncoded()), null, null);
    } catch (OCSPException | IOException e) {
      throw new IllegalStateException("an OCSP error cannot be encoded", e);
    }
  }
}
