package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Admissions;
import io.sallyport.devices.Admissions.Entry;
import io.sallyport.devices.CloneAlarms;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.devices.Recognition;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.ServerKeys.Generated;
import io.sallyport.enrollment.TokenTable.Use;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.EnrollmentTerms;
import io.sallyport.pki.EnrollmentTerms.Approval;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Name;
import io.sallyport.pki.Issuance.Order;
import io.sallyport.pki.PkiProblem;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bouncycastle.asn1.x509.Certificate;
import org.jspecify.annotations.Nullable;

/** Enrollment: who asks, what it may have, and the order that is then issued. */
@ApplicationScoped
class DeviceEnrollment implements Enrollments {
  private final FirstContact firstContact;
  private final TokenUses uses;
  private final CurrentCertificate current;
  private final StoredApprovals approvals;
  private final Turns turns;
  private final ServerKeys serverKeys;
  private final Devices devices;
  private final Admissions admissions;
  private final Allowances allowances;
  private final ProfiledNames names;
  private final CertificateProfiles profiles;
  private final Credentials credentials;
  private final Issuance issuance;
  private final CloneAlarms alarms;
  private final Audit audit;

  DeviceEnrollment(
      FirstContact firstContact,
      TokenUses uses,
      CurrentCertificate current,
      StoredApprovals approvals,
      Turns turns,
      ServerKeys serverKeys,
      Devices devices,
      Admissions admissions,
      Allowances allowances,
      ProfiledNames names,
      CertificateProfiles profiles,
      Credentials credentials,
      Issuance issuance,
      CloneAlarms alarms,
      Audit audit) {
    this.firstContact = firstContact;
    this.uses = uses;
    this.current = current;
    this.approvals = approvals;
    this.turns = turns;
    this.serverKeys = serverKeys;
    this.devices = devices;
    this.admissions = admissions;
    this.allowances = allowances;
    this.names = names;
    this.profiles = profiles;
    this.credentials = credentials;
    this.issuance = issuance;
    this.alarms = alarms;
    this.audit = audit;
  }

  /** What is to be issued, and what must hold for it. */
  private record Asked(Order order, Guard guard) {}

  @Override
  public Outcome enroll(Enrollment enrollment) {
    requireKnown(enrollment.label());
    return switch (firstContact.prove(enrollment)) {
      case Contact.Held held -> new Outcome.Pending(held.retryAfter());
      case Proven proven -> enroll(enrollment, proven);
    };
  }

  private Outcome enroll(Enrollment enrollment, Proven proven) {
    UUID id = proven.device().id();
    return recordingRefusals(id, proven.actor(), () -> {
      Asked asked = first(enrollment, proven, profile -> brought(enrollment, proven, profile));
      boolean manual = asked.order.certificateProfile().enrollment().approval() == Approval.MANUAL;
      Optional<Duration> wait =
          manual ? turns.take(() -> approvals.pending(id, asked.order)) : Optional.empty();
      return wait.isPresent()
          ? new Outcome.Pending(wait.get())
          : new Outcome.Issued(
              manual ? approved(asked, proven.actor()) : issue(asked, proven.actor()));
    });
  }

  private Credential issue(Asked asked, Actor actor) {
    return issuance.issue(asked.order, asked.guard, actor);
  }

  private Credential approved(Asked asked, Actor actor) {
    try {
      return issue(asked, actor);
    } catch (Refusal refusal) {
      throw refusal.problem() == PkiProblem.AUTHENTICATION_SPENT
          ? new Refusal(
              PkiProblem.AUTHENTICATION_SPENT,
              "The approval was for one certificate, and so is a token; ask with a new key.")
          : refusal;
    }
  }

  /** What a registration authority passes on came on a connection of the device's (RFC 7030 §3.7). */
  private static CertificateRequest brought(
      Enrollment enrollment, Proven proven, CertificateProfile profile) {
    CertificateRequest request = CertificateRequest.read(enrollment.request());
    if (proven.registrationAuthority() == null) {
      ChannelBinding.require(profile, request, enrollment.binding());
    }
    return request;
  }

  @Override
  public Outcome generate(Enrollment enrollment) {
    requireKnown(enrollment.label());
    return switch (firstContact.prove(enrollment)) {
      case Contact.Held held -> new Outcome.Pending(held.retryAfter());
      case Proven proven -> generate(enrollment, proven);
    };
  }

  private Outcome generate(Enrollment enrollment, Proven proven) {
    UUID id = proven.device().id();
    return recordingRefusals(id, proven.actor(), () -> {
      AtomicReference<@Nullable Generated> made = new AtomicReference<>();
      Asked asked = first(enrollment, proven, profile -> {
        Generated key = turns.take(() -> serverKeys.made(profile, proven, enrollment));
        made.set(key);
        return CertificateRequest.readFor(key.key().subjectPublicKeyInfo(), enrollment.request());
      });
      return serverKeys.answer(issue(asked, proven.actor()), Objects.requireNonNull(made.get()));
    });
  }

  private Asked first(
      Enrollment enrollment, Proven proven, Function<CertificateProfile, CertificateRequest> read) {
    Device device = proven.device();
    devices.require(device, Operation.ENROLL);
    if (proven.manufacturerKey() != null) {
      Digest key = proven.manufacturerKey();
      if (alarms.hasAnotherManufacturerKey(device, key)) {
        turns.run(() -> alarms.serialNumberTwice(device, key));
      }
    }
    CertificateProfile profile =
        allowances.certificateProfile(device, enrollment.label(), proven.token());
    proven.require(profile);
    CertificateRequest request = read.apply(profile);
    DeviceNames.requireOwn(
        request, device, names.own(device, profile), AnnouncedRequest.constants(profile));
    AnnouncedRequest.of(profile).ifPresent(announced -> announced.requireFirst(request));
    // An approval is for one certificate, as a token is.
    boolean once = proven.token() != null || profile.enrollment().approval() == Approval.MANUAL;
    Order order = order(device, profile, request, proven.authentication(), once, List.of());
    EnrollmentToken token = proven.token();
    Recognition recognition = proven.recognition();
    Entry entry = recognition == null
        ? null
        : new Entry(
            device.id(),
            recognition,
            enrollment.chain().getFirst(),
            token == null ? "idevid" : "idevid-and-token");
    Guard guard = claiming(
        device, proven.manufacturerKey(), request.subjectPublicKeyInfo().digest(), new Guard() {
          @Override
          public void expect(Digest digest) {
            if (entry != null) {
              admissions.expect(entry);
            }
            if (token != null) {
              uses.expect(new Use(token.id(), digest.hex(), device.id()));
            }
          }

          @Override
          public void check(Digest digest) {
            devices.require(devices.held(device), Operation.ENROLL);
            if (entry != null) {
              admissions.admit(entry);
            }
            if (token != null) {
              uses.count(new Use(token.id(), digest.hex(), device.id()));
            }
          }
        });
    return new Asked(order, guard);
  }

  @Override
  public Outcome reenroll(Enrollment enrollment) {
    requireKnown(enrollment.label());
    Credential renewed = turns.take(() -> current.of(enrollment));
    UUID id = UUID.fromString(renewed.subject().id());
    return recordingRefusals(id, Actor.device(id), () -> {
      Asked asked = turns.take(() -> successor(enrollment, renewed, id));
      return new Outcome.Issued(issue(asked, Actor.device(id)));
    });
  }

  private Asked successor(Enrollment enrollment, Credential renewed, UUID id) {
    current.requireRenewable(renewed);
    Device device = devices.get(id);
    devices.require(device, Operation.RENEW);
    CertificateProfile profile = allowances.renewed(device, enrollment.label(), renewed.profile());
    requireTermsMet(profile, renewed);
    CertificateRequest request = CertificateRequest.read(enrollment.request());
    Certificate certificate = Certificate.getInstance(renewed.certificate().octets());
    DeviceNames.requireUnchanged(request, certificate);
    AnnouncedRequest.of(profile).ifPresent(announced -> announced.requireEach(request));
    ChannelBinding.require(profile, request, enrollment.binding());
    List<Name> kept = DeviceNames.kept(names.own(device, profile), certificate);
    credentials.used(renewed);
    Order order = order(device, profile, request, renewed.thumbprint(), false, kept);
    Guard guard = claiming(device, null, request.subjectPublicKeyInfo().digest(), digest -> {
      devices.require(devices.held(device), Operation.RENEW);
      current.requireRenewable(credentials.byThumbprint(renewed.thumbprint()).orElseThrow());
    });
    return new Asked(order, guard);
  }

  /** A certificate shows what its own profile asked for, and neither the credentials nor the approval of another one. */
  private static void requireTermsMet(CertificateProfile profile, Credential current) {
    EnrollmentTerms terms = profile.enrollment();
    if (!profile.name().equals(current.profile())
        && (terms.authentication() != EnrollmentTerms.Authentication.EITHER
            || terms.approval() != Approval.NONE)) {
      throw new Refusal(
          EnrollmentProblem.CERTIFICATE_PROFILE_NOT_ALLOWED,
          "The current certificate is one of certificate profile \"" + current.profile()
              + "\"; for a first one of \"" + profile.name() + "\" enroll on its terms.");
    }
  }

  /**
   * What an account's order asks of issuance; refuses what the device may not have.
   *
   * @param authentication digest of what stands for the account
   * @param proven the names that the order proved
   */
  Order ordered(
      Device device,
      String label,
      CertificateRequest request,
      Digest authentication,
      List<Name> proven) {
    allowances.requireMayOrder(device);
    CertificateProfile profile = allowances.certificateProfile(device, label);
    requireByAccount(profile);
    return order(device, profile, request, authentication, false, proven);
  }

  /** An account, or a line, is neither a manufacturer's certificate nor a token, and nobody approves its orders. */
  static void requireByAccount(CertificateProfile profile) {
    EnrollmentTerms terms = profile.enrollment();
    if (terms.authentication() != EnrollmentTerms.Authentication.EITHER
        || terms.approval() != Approval.NONE
        || terms.channelBinding()) {
      throw new Refusal(
          EnrollmentProblem.CERTIFICATE_PROFILE_NOT_ALLOWED,
          "The terms of certificate profile \"" + profile.name() + "\" can be met by EST alone.");
    }
  }

  /** By an order whose authorizations hold, which {@code claim} spends in the transaction that records the serial. */
  Credential certify(Device device, Order order, Guard claim) {
    Guard guard = claiming(device, null, order.subjectPublicKeyInfo().digest(), digest -> {
      allowances.requireMayOrder(devices.get(device.id()));
      claim.check(digest);
    });
    return recordingRefusals(
        device.id(),
        Actor.device(device.id()),
        () -> issuance.issue(order, guard, Actor.device(device.id())));
  }

  @Override
  public Optional<AnnouncedRequest> announced(@Nullable String label, List<X509Certificate> chain) {
    requireKnown(label);
    return (label == null ? usual(chain) : profiles.forDevices(label))
        .flatMap(AnnouncedRequest::of);
  }

  /** What a device without a label gets: by its profile when its certificate tells who it is. */
  private Optional<CertificateProfile> usual(List<X509Certificate> chain) {
    if (chain.isEmpty()) {
      return profiles.forDevices(CertificateProfiles.DEVICE);
    }
    Optional<Credential> renewed = credentials.byThumbprint(CurrentCertificate.thumbprint(chain));
    Optional<CertificateProfile> again = renewed
        .flatMap(known -> known.subject().onDevice())
        .flatMap(devices::find)
        .map(device -> allowances.renewed(device, null, renewed.get().profile()));
    return again
        .or(() ->
            firstContact.known(chain).map(device -> allowances.certificateProfile(device, null)))
        .or(() -> profiles.forDevices(CertificateProfiles.DEVICE));
  }

  private Guard claiming(Device device, @Nullable Digest manufacturerKey, Digest own, Guard guard) {
    UUID unit = device.hardware().id();
    List<KeyClaim> claims = new ArrayList<>();
    claims.add(new KeyClaim(unit, own, "ldevid"));
    if (manufacturerKey != null) {
      claims.add(new KeyClaim(unit, manufacturerKey, "idevid"));
    }
    return new Guard() {
      @Override
      public List<KeyClaim> claims() {
        return List.copyOf(claims);
      }

      @Override
      public void expect(Digest request) {
        guard.expect(request);
      }

      @Override
      public void check(Digest request) {
        requireUnchanged(device);
        guard.check(request);
      }
    };
  }

  /** What it may have and what it is called was read before its row was locked. */
  private void requireUnchanged(Device read) {
    Device now = devices.held(read);
    if (!now.profile().equals(read.profile())
        || !now.name().equals(read.name())
        || !now.owner().equals(read.owner())
        || !now.site().equals(read.site())
        || !now.labels().equals(read.labels())) {
      throw new Refusal(
          CommonProblem.CONFLICT, "The device was changed at this moment; send the request again.");
    }
  }

  private void requireKnown(@Nullable String label) {
    if (label != null && profiles.find(label).isEmpty()) {
      throw new Refusal(
          PkiProblem.UNKNOWN_CERTIFICATE_PROFILE,
          "No certificate profile is called \"" + label + "\".");
    }
  }

  private Order order(
      Device device,
      CertificateProfile profile,
      CertificateRequest request,
      Digest authentication,
      boolean once,
      List<Name> proven) {
    ProfiledNames.Names named = names.of(device, profile, proven);
    return new Order(
        CertificateSubject.device(device.id()),
        profile,
        request.subjectPublicKeyInfo(),
        authentication,
        once,
        named.distinguishedName(),
        named.alternatives(),
        named.mudUrl());
  }

  /** Law 8: a refusal to a device that proved who it is stands in the log. */
  private <T> T recordingRefusals(UUID device, Actor actor, Supplier<T> use) {
    try {
      return use.get();
    } catch (Refusal refusal) {
      String kind = refusal.problem() == DeviceProblem.DUPLICATE_KEY
          ? "security.duplicate-key"
          : "enrollment.refused";
      turns.take(() -> {
        audit.recordRefusal(Fact.of(kind, actor, "device", device)
            .with("problem", refusal.problem().slug()));
        return device;
      });
      throw refusal;
    }
  }
}
