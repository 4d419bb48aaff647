package io.sallyport.enrollment;

import io.quarkus.runtime.ShutdownEvent;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.OrderStore.Kept;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.PkiProblem;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The way of an order: create, prove, complete. Proofs are checked and certificates signed outside of transactions. */
@ApplicationScoped
class CertificateOrders implements Orders {
  private static final Logger LOG = Logger.getLogger(CertificateOrders.class);
  private static final int MOST_IDENTIFIERS = 16;

  /** Each waits for a device on the network for some seconds; more than these are asked to come again. */
  private static final int MOST_CHECKS = 64;

  /** What whoever has the certificate may say of it (RFC 5280 §5.3.1). */
  private static final Set<RevocationReason> REASONS = Set.of(
      RevocationReason.UNSPECIFIED,
      RevocationReason.KEY_COMPROMISE,
      RevocationReason.AFFILIATION_CHANGED,
      RevocationReason.SUPERSEDED,
      RevocationReason.CESSATION_OF_OPERATION);

  private final ExecutorService checks = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore places = new Semaphore(MOST_CHECKS);
  private final OrderStore store;
  private final DeviceEnrollment enrollment;
  private final Allowances allowances;
  private final ProfiledNames names;
  private final HostNames hostNames;
  private final HttpProof httpProof;
  private final AttestationProof attestationProof;
  private final Devices devices;
  private final Credentials credentials;
  private final Authorities authorities;
  private final Clock clock;

  CertificateOrders(
      OrderStore store,
      DeviceEnrollment enrollment,
      Allowances allowances,
      ProfiledNames names,
      HostNames hostNames,
      HttpProof httpProof,
      AttestationProof attestationProof,
      Devices devices,
      Credentials credentials,
      Authorities authorities,
      Clock clock) {
    this.store = store;
    this.enrollment = enrollment;
    this.allowances = allowances;
    this.names = names;
    this.hostNames = hostNames;
    this.httpProof = httpProof;
    this.attestationProof = attestationProof;
    this.devices = devices;
    this.credentials = credentials;
    this.authorities = authorities;
    this.clock = clock;
  }

  void stop(@Observes ShutdownEvent event) {
    checks.shutdownNow();
  }

  @Override
  public CertificateOrder create(Account account, List<Identifier> identifiers) {
    if (identifiers.isEmpty() || identifiers.size() > MOST_IDENTIFIERS) {
      throw new Refusal(
          CommonProblem.MALFORMED, "An order has 1 to " + MOST_IDENTIFIERS + " identifiers.");
    }
    Device device = devices.get(account.device());
    allowances.requireMayOrder(device);
    allowances.certificateProfile(device, account.profile());
    return store.create(
        account,
        identifiers.stream()
            .map(identifier -> allowed(identifier, account, device))
            .distinct()
            .toList());
  }

  /** The identifier in the form that it is certified in, when it is the device's. */
  private Identifier allowed(Identifier identifier, Account account, Device device) {
    return switch (identifier.kind()) {
      case DNS -> {
        String name = hostNames.require(identifier.value());
        if (!account.hostNames().contains(name)) {
          throw new Refusal(
              EnrollmentProblem.REJECTED_IDENTIFIER,
              "The account's binding does not allow this host name; ask for one that does.");
        }
        yield new Identifier(Kind.DNS, name);
      }
      case PERMANENT_IDENTIFIER -> {
        if (!identifier.value().equals(device.hardware().serialNumber())) {
          throw new Refusal(
              EnrollmentProblem.REJECTED_IDENTIFIER,
              "The permanent identifier must be the serial number of the account's device.");
        }
        yield identifier;
      }
    };
  }

  @Override
  public CertificateOrder get(Account account, UUID id) {
    Kept kept = store.get(account, id);
    boolean left = kept.order().status() == OrderStatus.PROCESSING
        && kept.claimedAt() != null
        && kept.claimedAt().plus(OrderStore.STALE_AFTER).isBefore(clock.instant());
    if (!left || kept.request() == null) {
      return kept.order();
    }
    try {
      return complete(account, id, kept.request());
    } catch (Refusal notNow) {
      return kept.order();
    }
  }

  @Override
  public Page<UUID> list(Account account, @Nullable String cursor, int limit) {
    return store.list(account, cursor, limit);
  }

  @Override
  public Authorization authorization(Account account, UUID id) {
    return store.authorization(account, id);
  }

  @Override
  public Authorization deactivate(Account account, UUID id) {
    return store.deactivate(account, id);
  }

  @Override
  public Authorization prove(Account account, UUID id, byte @Nullable [] attestation) {
    Authorization authorization = store.authorization(account, id);
    return switch (authorization.identifier().kind().method()) {
      case HTTP_01 -> proveByHttp(account, authorization);
      case DEVICE_ATTEST_01 -> proveByAttestation(account, authorization, attestation);
    };
  }

  private Authorization proveByHttp(Account account, Authorization authorization) {
    if (!places.tryAcquire()) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "Too many proofs are being checked; repeat the request later.");
    }
    boolean handedOver = false;
    try {
      Optional<Instant> begun = store.begin(account, authorization.id());
      if (begun.isPresent()) {
        checks.execute(() -> checkByHttp(account, authorization, begun.get()));
        handedOver = true;
      }
    } finally {
      if (!handedOver) {
        places.release();
      }
    }
    return store.authorization(account, authorization.id());
  }

  private void checkByHttp(Account account, Authorization authorization, Instant begun) {
    try {
      Optional<Fault> fault = httpProof.check(
          authorization.identifier().value(),
          authorization.token(),
          keyAuthorization(account, authorization));
      store.settle(account, authorization.id(), begun, fault.orElse(null), null);
    } catch (RuntimeException failure) {
      // Stays as it is; the client's next request begins anew.
      LOG.errorf(failure, "The proof of authorization %s could not be checked", authorization.id());
    } finally {
      places.release();
    }
  }

  private Authorization proveByAttestation(
      Account account, Authorization authorization, byte @Nullable [] attestation) {
    if (attestation == null) {
      throw new Refusal(
          CommonProblem.MALFORMED, "Answer with the attestation object as attObj in base64url.");
    }
    Optional<Instant> begun = store.begin(account, authorization.id());
    if (begun.isEmpty()) {
      return store.authorization(account, authorization.id());
    }
    Digest key;
    try {
      key = attestationProof.check(account, attestation, keyAuthorization(account, authorization));
    } catch (Refusal refusal) {
      Fault fault = new Fault(EnrollmentProblem.BAD_ATTESTATION, refusal.detail());
      return store.settle(account, authorization.id(), begun.get(), fault, null);
    }
    return store.settle(account, authorization.id(), begun.get(), null, key);
  }

  /** RFC 8555 §8.1. */
  private static String keyAuthorization(Account account, Authorization authorization) {
    return authorization.token() + "." + account.key().thumbprint();
  }

  @Override
  public CertificateOrder complete(Account account, UUID id, Der der) {
    // 1. Is there something to complete, and is this the request for it?
    Kept kept = store.get(account, id);
    OrderStatus status = kept.order().status();
    if (status == OrderStatus.PENDING || status == OrderStatus.INVALID) {
      throw OrderStore.notReady(status);
    }
    Device device = devices.get(account.device());
    Issuance.Order order = ordered(account, kept, device, der);
    if (kept.digest() != null && !kept.digest().equals(order.digest().hex())) {
      throw OrderStore.notReady(status);
    }
    if (status == OrderStatus.VALID) {
      return kept.order();
    }
    // 2. The same enrollment as by any other way, which spends the order as it records the serial.
    Credential credential;
    try {
      credential =
          enrollment.certify(device, order, digest -> store.claim(account, id, der, digest));
    } catch (Refusal refusal) {
      if (refusal.problem() == PkiProblem.IN_PROGRESS) {
        return store.get(account, id).order();
      }
      throw refusal;
    }
    // 3. The order has its certificate.
    return store.issued(account, id, der, order.digest(), credential.thumbprint());
  }

  private Issuance.Order ordered(Account account, Kept kept, Device device, Der der) {
    CertificateRequest request = CertificateRequest.read(der);
    List<Identifier> identifiers = kept.order().identifiers();
    CertificateProfile profile = allowances.certificateProfile(device, account.profile());
    OrderedRequest.require(
        request,
        identifiers,
        device,
        profile,
        names.own(device, profile),
        account.key().subjectPublicKeyInfo().digest());
    if (kept.attestedKey() != null
        && !kept.attestedKey().equals(request.subjectPublicKeyInfo().digest())) {
      throw new Refusal(
          EnrollmentProblem.OTHER_THAN_ORDERED,
          "The request's key is not the one that was attested.");
    }
    Digest authentication = Digest.of(("account:" + account.id()).getBytes(StandardCharsets.UTF_8));
    return enrollment.ordered(
        device, account.profile(), request, authentication, OrderedRequest.names(identifiers));
  }

  @Override
  public List<Der> chain(Account account, UUID order) {
    Digest thumbprint = store.get(account, order).certificate();
    if (thumbprint == null) {
      throw new Refusal(CommonProblem.NOT_FOUND, "The order has no certificate yet.");
    }
    Credential credential = credentials.byThumbprint(thumbprint).orElseThrow();
    List<Der> chain = new ArrayList<>();
    chain.add(credential.certificate());
    List<Der> issuers = authorities.chain(credential.authority());
    chain.addAll(issuers.subList(0, issuers.size() - 1));
    return chain;
  }

  @Override
  public void revoke(Account account, Der certificate, RevocationReason reason) {
    Credential credential = credential(certificate);
    boolean own = credential.subject().equals(CertificateSubject.device(account.device()))
        && credential.profile().equals(account.profile());
    if (!own) {
      throw notYours();
    }
    revoke(credential, reason);
  }

  @Override
  public void revoke(Digest key, String profile, Der certificate, RevocationReason reason) {
    Credential credential = credential(certificate);
    boolean own = credential.key().equals(key)
        && credential.subject().kind() == CertificateSubject.Kind.DEVICE
        && credential.profile().equals(profile);
    if (!own) {
      throw notYours();
    }
    revoke(credential, reason);
  }

  /** By its octets: a certificate that another authority made with the same serial is another one. */
  private Credential credential(Der certificate) {
    return credentials
        .byThumbprint(certificate.digest())
        .orElseThrow(
            () -> new Refusal(CommonProblem.NOT_FOUND, "This server issued no such certificate."));
  }

  private static Refusal notYours() {
    return new Refusal(
        EnrollmentProblem.NOT_OF_THIS_ACCOUNT,
        "Revoke by the account of the certificate's device, or by the certificate's own key.");
  }

  private void revoke(Credential credential, RevocationReason reason) {
    if (!REASONS.contains(reason)) {
      throw new Refusal(PkiProblem.INVALID_REASON, "This reason is not for a device to give.");
    }
    Credential.Revocation before = credential.revocation();
    // A hold may be lifted; what the device knows of its key must not be lost with it.
    if (before != null && !before.isHold()) {
      throw new Refusal(EnrollmentProblem.ALREADY_REVOKED, "The certificate is revoked already.");
    }
    UUID device = UUID.fromString(credential.subject().id());
    credentials.revoke(credential.authority(), credential.serial(), reason, Actor.device(device));
  }
}
