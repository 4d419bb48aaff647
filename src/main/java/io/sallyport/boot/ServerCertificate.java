package io.sallyport.boot;

import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.keys.Keys.TlsIdentity;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.Issuance.Name;
import io.sallyport.pki.RenewalWindow;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The server's own certificate, from the internal authority; renewed when a third of its life is left. */
@ApplicationScoped
class ServerCertificate {
  /** In what the JDK says of a subject alternative name. */
  private static final int DNS_NAME = 2;

  private static final Logger LOG = Logger.getLogger(ServerCertificate.class);
  private static final String PURPOSE = "server";

  private final Authorities authorities;
  private final Issuance issuance;
  private final Credentials credentials;
  private final Devices devices;
  private final Keys keys;
  private final BootSettings settings;
  private final Clock clock;
  private volatile @Nullable Current current;

  ServerCertificate(
      Authorities authorities,
      Issuance issuance,
      Credentials credentials,
      Devices devices,
      Keys keys,
      BootSettings settings,
      Clock clock) {
    this.authorities = authorities;
    this.issuance = issuance;
    this.credentials = credentials;
    this.devices = devices;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
  }

  private record Current(TlsIdentity identity, Digest thumbprint, Instant renewAt) {}

  /** The identity for the next handshake. */
  TlsIdentity identity() {
    Current known = current;
    if (known == null) {
      throw new IllegalStateException("the server has no certificate yet");
    }
    return known.identity;
  }

  /** Called at start and by a timer; does nothing while the certificate is fresh and not revoked. */
  void renew() {
    Current known = current;
    if (known != null && !revoked(known) && clock.instant().isBefore(known.renewAt)) {
      return;
    }
    List<KeyHandle> made = keys.of(PURPOSE);
    boolean usable =
        !made.isEmpty() && (known == null || !revoked(known)) && sound(made.getFirst());
    Current next = certify(usable ? made.getFirst() : key());
    if (!clock.instant().isBefore(next.renewAt)) {
      next = certify(key());
    }
    current = next;
    LOG.infof("The server's certificate is renewed at %s", next.renewAt);
  }

  /**
   * For a server that may not issue at the moment: the newest certificate that still counts, whether it should be renewed
   * or not. One is made only when there is none, because nobody could bring the server back otherwise.
   */
  void keep() {
    Set<String> hosts = hosts();
    CertificateSubject subject =
        new CertificateSubject(CertificateSubject.Kind.SERVER, hosts.iterator().next());
    Map<Digest, KeyHandle> made = new HashMap<>();
    keys.of(PURPOSE).forEach(key -> made.put(key.subjectPublicKeyInfo().digest(), key));
    Optional<Credential> kept = credentials.of(subject).stream()
        .filter(credential -> credential.revocation() == null
            && clock.instant().isBefore(credential.notAfter())
            && made.containsKey(credential.key()))
        .findFirst();
    if (kept.isEmpty()) {
      renew();
    } else {
      current = current(kept.get(), Objects.requireNonNull(made.get(kept.get().key())));
    }
  }

  private boolean revoked(Current known) {
    return credentials
        .byThumbprint(known.thumbprint)
        .filter(credential -> credential.revocation() == null)
        .isEmpty();
  }

  private boolean sound(KeyHandle key) {
    try {
      devices.requireSound(key.subjectPublicKeyInfo().digest());
      return true;
    } catch (Refusal compromised) {
      return false;
    }
  }

  private KeyHandle key() {
    KeyHandle key = keys.generate(KeyAlgorithm.EC_P256, PURPOSE);
    devices.reserveKey(key.subjectPublicKeyInfo().digest());
    return key;
  }

  /** By law 2 the same key and names get the certificate that is there, until its renewal window opens. */
  private Current certify(KeyHandle key) {
    Set<String> hosts = hosts();
    CertificateSubject subject =
        new CertificateSubject(CertificateSubject.Kind.SERVER, hosts.iterator().next());
    Credential credential = standing(subject, key, hosts)
        .orElseGet(() -> issuance.issue(
            new Issuance.Order(
                subject,
                CertificateProfiles.internal(CertificateProfiles.SERVER),
                key.subjectPublicKeyInfo(),
                Digest.of(("server:" + key.id()).getBytes(StandardCharsets.UTF_8)),
                false,
                "CN=Sallyport server,O=Sallyport",
                names(hosts)),
            Issuance.Guard.NONE,
            Actor.SERVER));
    return current(credential, key);
  }

  private Current current(Credential credential, KeyHandle key) {
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(x509(credential.certificate()));
    List<Der> issuers = authorities.chain(credential.authority());
    issuers.subList(0, issuers.size() - 1).forEach(issuer -> chain.add(x509(issuer)));
    // For whoever trusts only a root that this one follows, or that follows it.
    root(credential.authority()).crosses().forEach(cross -> chain.add(x509(cross.certificate())));
    return new Current(
        keys.tlsIdentity(key.id(), chain), credential.thumbprint(), renewAt(credential));
  }

  private Authority root(String name) {
    Authority authority = authorities.get(name);
    while (!authority.isRoot()) {
      authority = authorities.get(authority.issuer());
    }
    return authority;
  }

  /** What issuance would answer, without the making of a certificate that a restart would wait for. */
  private Optional<Credential> standing(
      CertificateSubject subject, KeyHandle key, Set<String> hosts) {
    Instant now = clock.instant();
    return credentials.of(subject).stream()
        .filter(credential -> credential.key().equals(key.subjectPublicKeyInfo().digest())
            && credential.revocation() == null
            && credential.supersededAt() == null
            && now.isBefore(renewAt(credential))
            && hostsOf(credential).equals(hosts))
        .findFirst();
  }

  private static Instant renewAt(Credential credential) {
    return RenewalWindow.opensAt(credential.notBefore(), credential.notAfter(), null);
  }

  private static Set<String> hostsOf(Credential credential) {
    Set<String> hosts = new TreeSet<>();
    try {
      for (List<?> name : x509(credential.certificate()).getSubjectAlternativeNames()) {
        if (name.getFirst().equals(DNS_NAME)) {
          hosts.add(name.get(1).toString());
        }
      }
    } catch (CertificateParsingException e) {
      throw new IllegalStateException("a stored certificate cannot be read", e);
    }
    return hosts;
  }

  private Set<String> hosts() {
    Set<String> hosts = new TreeSet<>(settings.hostNames().orElse(List.of()));
    hosts.add("localhost");
    localHost().ifPresent(hosts::add);
    return hosts;
  }

  private static Optional<String> localHost() {
    try {
      String name = InetAddress.getLocalHost().getHostName();
      return name.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
          ? Optional.of(name)
          : Optional.empty();
    } catch (UnknownHostException hostHasNoName) {
      return Optional.empty();
    }
  }

  private static List<Name> names(Set<String> hosts) {
    List<Name> names = new ArrayList<>();
    hosts.forEach(host -> names.add(new Name(Name.Kind.DNS, host)));
    names.add(new Name(Name.Kind.IP, "127.0.0.1"));
    names.add(new Name(Name.Kind.IP, "::1"));
    return names;
  }

  private static X509Certificate x509(Der certificate) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(certificate.octets()));
    } catch (CertificateException e) {
      throw new IllegalStateException("a stored certificate cannot be read", e);
    }
  }
}
