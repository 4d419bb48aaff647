package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.NameSubtree;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.jboss.logging.Logger;

/** Delegated OCSP responders (RFC 6960 §4.2.2.2): one an authority, short-lived, renewed when a third of life is left. */
@Singleton
final class OcspResponders {
  private static final Logger LOG = Logger.getLogger(OcspResponders.class);
  private static final int ATTEMPTS = 20;
  private static final long PAUSE_NANOS = 50_000_000;

  private final ConcurrentHashMap<String, Responder> responders = new ConcurrentHashMap<>();
  private final Authorities authorities;
  private final Issuance issuance;
  private final Keys keys;
  private final Clock clock;

  OcspResponders(Authorities authorities, Issuance issuance, Keys keys, Clock clock) {
    this.authorities = authorities;
    this.issuance = issuance;
    this.keys = keys;
    this.clock = clock;
  }

  /** A key and the certificate that lets it answer for an authority. */
  record Responder(
      KeyHandle key,
      Der certificate,
      X509CertificateHolder parsed,
      Instant renewAt,
      Instant notAfter) {}

  Responder of(String authority) {
    Responder current = responders.get(authority);
    if (current != null && clock.instant().isBefore(current.renewAt())) {
      return current;
    }
    try {
      Responder renewed = renew(authority);
      responders.put(authority, renewed);
      return renewed;
    } catch (RuntimeException notNow) {
      if (current == null || !clock.instant().isBefore(current.notAfter())) {
        throw notNow;
      }
      // It has a third of its life left to get over what is wrong.
      LOG.warnf("The OCSP responder of %s is renewed later: %s", authority, notNow.getMessage());
      return current;
    }
  }

  /** The newest key of this purpose and its certificate; when that one's renewal window is open, a new key. */
  private Responder renew(String authority) {
    String purpose = "ocsp:" + authority;
    Responder responder = certify(authority, keys.shared(KeyAlgorithm.EC_P256, purpose));
    return clock.instant().isBefore(responder.renewAt())
        ? responder
        : certify(authority, keys.generate(KeyAlgorithm.EC_P256, purpose));
  }

  /** By law 2 the same key gets the certificate that it has, until the renewal window opens. */
  private Responder certify(String authority, KeyHandle key) {
    Credential credential = issued(new Issuance.Order(
        new CertificateSubject(CertificateSubject.Kind.OCSP_RESPONDER, authority),
        FixedProfiles.ocspResponder(authority),
        key.subjectPublicKeyInfo(),
        Digest.of(("ocsp:" + key.id()).getBytes(StandardCharsets.UTF_8)),
        false,
        subject(authority),
        List.of()));
    return new Responder(
        key,
        credential.certificate(),
        CertificateParts.holder(credential.certificate()),
        RenewalWindow.opensAt(credential.notBefore(), credential.notAfter(), null),
        credential.notAfter());
  }

  /** Within the names that the authorities above it may certify, for whoever checks the answer checks that too. */
  private String subject(String authority) {
    String usual = "CN=OCSP " + authority + ",O=Sallyport";
    List<Extensions> above = authorities.chain(authority).stream()
        .map(certificate -> CertificateParts.tbs(certificate).getExtensions())
        .toList();
    return Stream.concat(
            Stream.of(usual),
            above.stream()
                .flatMap(extensions -> CaTerms.of(extensions).permitted().stream())
                .filter(subtree -> subtree.kind() == NameSubtree.Kind.DIRECTORY)
                .map(subtree -> subtree.value() + ",CN=OCSP " + authority))
        .filter(name -> above.stream()
            .allMatch(extensions -> CaTerms.nameFault(
                    extensions, new X500Name(BCStyle.INSTANCE, name), null)
                .isEmpty()))
        .findFirst()
        .orElse(usual);
  }

  /** All nodes order the same; while another one is at it, this one waits for its certificate. */
  private Credential issued(Issuance.Order order) {
    for (int attempt = 1; ; attempt++) {
      try {
        return issuance.issue(order, Issuance.Guard.NONE, Actor.SERVER);
      } catch (Refusal refusal) {
        if (refusal.problem() != PkiProblem.IN_PROGRESS || attempt == ATTEMPTS) {
          throw refusal;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }
}
