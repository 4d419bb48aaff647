package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.StatusTable.Standing;
import io.sallyport.pki.StatusTable.Standings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.ocsp.OCSPRequest;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
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

  private final OcspIssuers issuers;
  private final OcspResponders responders;
  private final StatusTable table;
  private final CrlStore crls;
  private final StatusChanges changes;
  private final Keys keys;
  private final StatusSettings settings;
  private final Clock clock;

  SignedStatus(
      OcspIssuers issuers,
      OcspResponders responders,
      StatusTable table,
      CrlStore crls,
      StatusChanges changes,
      Keys keys,
      StatusSettings settings,
      Clock clock) {
    this.issuers = issuers;
    this.responders = responders;
    this.table = table;
    this.crls = crls;
    this.changes = changes;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
  }

  @Override
  public Optional<Crl> crl(String authority, int shard) {
    return crls.latest(authority, shard);
  }

  @Override
  public Optional<Crl> delta(String authority, int shard) {
    return crls.latestDelta(authority, shard);
  }

  @Override
  public Map<String, Lists> lists() {
    return crls.lists();
  }

  @Override
  public OcspAnswer ocsp(byte[] request) {
    OCSPReq parsed;
    List<CertificateID> asked;
    boolean plain;
    try (ASN1InputStream in = new ASN1InputStream(request)) {
      ASN1Primitive value = in.readObject();
      parsed = new OCSPReq(OCSPRequest.getInstance(value));
      asked = Arrays.stream(parsed.getRequestList()).map(Req::getCertID).toList();
      if (in.read() >= 0
          || asked.isEmpty()
          || asked.size() > MOST_IN_ONE_REQUEST
          || badNonce(parsed)) {
        return error(OCSPRespBuilder.MALFORMED_REQUEST, "malformed");
      }
      plain = isPlain(asked, request);
    } catch (IOException | OCSPException | RuntimeException malformed) {
      return error(OCSPRespBuilder.MALFORMED_REQUEST, "malformed");
    }
    Authority authority = asked.stream()
        .map(issuers::find)
        .filter(issuer -> issuer != null && issuer.key() != null)
        .findFirst()
        .orElse(null);
    if (authority == null) {
      return error(OCSPRespBuilder.UNAUTHORIZED, "unauthorized");
    }
    try {
      return answer(
          authority, asked, parsed.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce), plain);
    } catch (OCSPException | IOException e) {
      throw new IllegalStateException("an OCSP answer cannot be made", e);
    }
  }

  @Override
  public OcspAnswer tryLater() {
    return error(OCSPRespBuilder.TRY_LATER, "busy");
  }

  private static boolean badNonce(OCSPReq request) {
    Extension nonce = request.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
    if (nonce == null) {
      return false;
    }
    int length = ASN1OctetString.getInstance(nonce.getParsedValue()).getOctets().length;
    return length < 1 || length > LONGEST_NONCE;
  }

  /** One certificate, nothing that is optional, and the one encoding that there is of that (RFC 5019 §2.1.1). */
  private static boolean isPlain(List<CertificateID> asked, byte[] request)
      throws OCSPException, IOException {
    ASN1Encodable parameters =
        asked.getFirst().toASN1Primitive().getHashAlgorithm().getParameters();
    return asked.size() == 1
        && (parameters == null || parameters.equals(DERNull.INSTANCE))
        && Arrays.equals(
            new OCSPReqBuilder().addRequest(asked.getFirst()).build().getEncoded(), request);
  }

  private OcspAnswer answer(
      Authority authority, List<CertificateID> asked, @Nullable Extension nonce, boolean plain)
      throws OCSPException, IOException {
    StatusChanges.Reading reading = changes.reading();
    Standings standings = table.read(
        authority.name(), asked.stream().map(CertificateID::getSerialNumber).toList());
    Signer signer = standings.distrustedAt() == null ? delegated(authority) : itself(authority);
    Instant thisUpdate = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    // An answer does not outlive who signed it (law 4).
    Instant nextUpdate = earlier(thisUpdate.plus(settings.ocspValidity()), signer.notAfter);
    standings
        .bySerial()
        .values()
        .forEach(found -> reading.saw(found.subjectType(), found.subject()));
    List<String> told = new ArrayList<>();
    BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(new RespID(signer.name));
    for (CertificateID id : asked) {
      // A responder speaks for its own authority only.
      org.bouncycastle.cert.ocsp.CertificateStatus status = authority.equals(issuers.find(id))
          ? status(standings, standings.bySerial().get(id.getSerialNumber()))
          : new UnknownStatus();
      told.add(word(status));
      builder.addResponse(id, status, Date.from(thisUpdate), Date.from(nextUpdate), null);
    }
    if (nonce != null) {
      builder.setResponseExtensions(new Extensions(nonce));
    }
    byte[] signed = new OCSPRespBuilder()
        .build(
            OCSPRespBuilder.SUCCESSFUL,
            builder.build(
                new KeySigner(keys, signer.key), signer.certificates, Date.from(thisUpdate)))
        .getEncoded();
    boolean keep = nonce == null;
    return new OcspAnswer(
        Der.of(signed),
        keep ? thisUpdate : null,
        keep ? nextUpdate : null,
        told,
        reading.stamp(),
        plain && !told.contains("unknown"));
  }

  /** Who signs an answer, and the certificates that go with it. */
  private record Signer(
      KeyHandle key, X500Name name, Instant notAfter, X509CertificateHolder[] certificates) {}

  private Signer delegated(Authority authority) {
    OcspResponders.Responder responder = responders.of(authority.name());
    return new Signer(
        responder.key(),
        responder.parsed().getSubject(),
        responder.notAfter(),
        new X509CertificateHolder[] {responder.parsed()});
  }

  /** A revoked authority certifies no responder any more; its last words are its own (RFC 6960 §4.2.2.2). */
  private Signer itself(Authority authority) {
    X509CertificateHolder certificate = CertificateParts.holder(authority.certificate());
    return new Signer(
        keys.get(authority.signingKey()),
        certificate.getSubject(),
        certificate.getNotAfter().toInstant(),
        new X509CertificateHolder[0]);
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  /** Never good for a serial that was not issued. Null is how Bouncy Castle says good. */
  private static org.bouncycastle.cert.ocsp.@Nullable CertificateStatus status(
      Standings all, @Nullable Standing standing) {
    Instant distrustedAt = all.distrustedAt();
    RevocationReason reason = all.distrustReason();
    if (distrustedAt != null
        && reason != null
        && (standing == null || standing.state() != CredentialState.REVOKED)
        && (standing != null || reason == RevocationReason.CA_COMPROMISE)) {
      // Also what whoever has the key made up (RFC 6960 §2.7).
      return new RevokedStatus(Date.from(distrustedAt), reason.code());
    }
    if (standing == null) {
      return new UnknownStatus();
    }
    return switch (standing.state()) {
      case PREPARED -> new UnknownStatus();
      case ISSUED -> org.bouncycastle.cert.ocsp.CertificateStatus.GOOD;
      case REVOKED ->
        standing.revokedAt() == null || standing.reason() == null
            ? new UnknownStatus()
            : new RevokedStatus(
                Date.from(standing.revokedAt()), standing.reason().code());
    };
  }

  private static String word(org.bouncycastle.cert.ocsp.@Nullable CertificateStatus status) {
    return status == org.bouncycastle.cert.ocsp.CertificateStatus.GOOD
        ? "good"
        : status instanceof RevokedStatus ? "revoked" : "unknown";
  }

  private static OcspAnswer error(int code, String why) {
    try {
      return new OcspAnswer(
          Der.of(new OCSPRespBuilder().build(code, null).getEncoded()),
          null,
          null,
          List.of(why),
          () -> true,
          false);
    } catch (OCSPException | IOException e) {
      throw new IllegalStateException("an OCSP error cannot be encoded", e);
    }
  }
}
