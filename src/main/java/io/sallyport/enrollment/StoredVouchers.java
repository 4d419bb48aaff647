package io.sallyport.enrollment;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Manufacturers;
import io.sallyport.enrollment.SignedJson.Unreadable;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.DocumentSigner;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Issues vouchers: recorded with their text and their fact, then signed. */
@ApplicationScoped
class StoredVouchers implements Vouchers {
  private final VoucherTable table;
  private final VoucherTerms terms;
  private final VoucherChecks checks;
  private final Ownerships ownerships;
  private final Devices devices;
  private final Manufacturers manufacturers;
  private final DocumentSigner signer;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredVouchers(
      DataSource database,
      VoucherChecks checks,
      Ownerships ownerships,
      Devices devices,
      Manufacturers manufacturers,
      DocumentSigner signer,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.table = new VoucherTable(database);
    this.terms = new VoucherTerms(manufacturers, table, clock);
    this.checks = checks;
    this.ownerships = ownerships;
    this.devices = devices;
    this.manufacturers = manufacturers;
    this.signer = signer;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Voucher issue(Application application, Set<String> sites, Actor actor) {
    VoucherRequest request = application.request() == null
        ? null
        : VoucherRequest.read(application.request(), manufacturers, clock.instant());
    X509Certificate domain = VoucherTerms.domain(application, request);
    Voucher recorded = QuarkusTransaction.requiringNew()
        .call(() -> record(application, request, domain, sites, actor));
    artifact(recorded.id());
    return recorded;
  }

  private Voucher record(
      Application application,
      @Nullable VoucherRequest request,
      X509Certificate domain,
      Set<String> sites,
      Actor actor) {
    Device device = device(application, request, sites, actor);
    VoucherText text = terms.text(application, request, domain, device);
    byte[] content = text.voucher();
    Voucher voucher = new Voucher(
        ids.next(),
        device.id(),
        text.serialNumber(),
        device.owner(),
        VoucherTerms.assertion(application, request),
        Der.of(VoucherText.octets(Objects.requireNonNull(text.pinnedDomainCert()))),
        text.nonce(),
        Objects.requireNonNull(text.createdOn()),
        text.expiresOn(),
        actor.id());
    Fact fact = Fact.of("voucher.issued", actor, "device", device.id())
        .with("voucher", voucher.id())
        .with("serial_number", voucher.serialNumber())
        .with("owner", voucher.owner())
        .with("assertion", voucher.assertion().word())
        .with("domain", voucher.domain().digest())
        .with("sha256", Digest.of(content));
    if (text.nonce() != null) {
      Digest use = used("nonce:" + device.hardware().id() + ":" + text.nonce());
      fact = fact.with("nonce", text.nonce()).with("used_nonce", use);
      requireFirst(use, "The nonce");
    }
    if (text.expiresOn() != null) {
      fact = fact.with("expires_on", text.expiresOn());
    }
    if (request != null) {
      Digest use = used("request:" + request.digest());
      fact = fact.with("used_request", use);
      requireFirst(use, "The request");
    }
    table.add(voucher, content);
    audit.record(fact);
    return voucher;
  }

  private static Digest used(String what) {
    return Digest.of(what.getBytes(StandardCharsets.UTF_8));
  }

  private void requireFirst(Digest use, String what) {
    if (!table.use(use, clock.instant())) {
      throw new Refusal(
          EnrollmentProblem.VOUCHER_REQUEST_ANSWERED,
          what + " was answered by a voucher already; the device makes a new one for each.");
    }
  }

  /** The device behind its lock, so that it does not change hands meanwhile. */
  private Device device(
      Application application, @Nullable VoucherRequest request, Set<String> sites, Actor actor) {
    Device device;
    if (application.claim() != null) {
      device = ownerships.claim(application.claim().code(), application.claim().claim(), actor);
      if (application.device() != null && !application.device().equals(device.id())) {
        throw VoucherTerms.refused("The code is for another device.");
      }
    } else {
      UUID id = application.device() == null ? signedBy(request) : application.device();
      devices.get(id, sites);
      device = devices.lock(id);
    }
    if (device.state() != DeviceState.EXPECTED && device.state() != DeviceState.ACTIVE) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device is " + device.state().word()
              + "; vouchers are for expected and active ones.");
    }
    if (!device.owner().equals(application.owner())) {
      throw new Refusal(
          EnrollmentProblem.OTHER_OWNER,
          "The device is not this owner's; vouchers are for its owner alone.");
    }
    if (request != null
        && (!request.text().serialNumber().equals(device.hardware().serialNumber())
            || request.pledge() != null
                && !request.pledge().manufacturer().equals(device.hardware().manufacturer()))) {
      throw new Refusal(
          EnrollmentProblem.INVALID_VOUCHER_REQUEST, "The voucher request is for another device.");
    }
    if (request != null && request.pledge() != null) {
      request.pledge().requireModel(device.hardware().model());
    }
    return device;
  }

  private UUID signedBy(@Nullable VoucherRequest request) {
    if (request == null || request.pledge() == null) {
      throw VoucherTerms.refused(
          "Say which device, or send a request that has the device's own in it.");
    }
    return devices
        .onHardware(request.pledge().manufacturer(), request.text().serialNumber())
        .map(Device::id)
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.NOT_REGISTERED, "The device that asks is not registered."));
  }

  @Override
  public Der artifact(UUID id, Set<String> sites) {
    get(id, sites);
    return artifact(id);
  }

  private Der artifact(UUID id) {
    VoucherTable.Content content = QuarkusTransaction.requiringNew()
        .call(() -> table.content(id))
        .orElseThrow(() -> unknown(id));
    if (content.signed() != null) {
      return content.signed();
    }
    Der signed = signer.attached(SignedJson.CONTENT_TYPE, content.text());
    QuarkusTransaction.requiringNew().run(() -> table.sign(id, signed));
    return signed;
  }

  @Override
  @Transactional
  public Voucher get(UUID id, Set<String> sites) {
    Voucher voucher = table.byId(id).orElseThrow(() -> unknown(id));
    Device device = devices.get(voucher.device());
    if (!sites.isEmpty() && !sites.contains(device.site())) {
      throw unknown(id);
    }
    return voucher;
  }

  private static Refusal unknown(UUID id) {
    return new Refusal(EnrollmentProblem.UNKNOWN_VOUCHER, "There is no voucher " + id + ".");
  }

  @Override
  @Transactional
  public Page<Voucher> list(UUID device, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    return Page.cut(
        table.list(device, IdCursor.after(cursor), most + 1),
        most,
        voucher -> voucher.id().toString());
  }

  @Override
  @Transactional
  public Checked check(Der voucher, Expectation expected) {
    try {
      VoucherChecks.Held held = checks.check(voucher, expected);
      if (held.own()) {
        requirePresent(held.content());
      }
      return held.checked();
    } catch (Unreadable e) {
      throw new Refusal(EnrollmentProblem.VOUCHER_NOT_VALID, "The voucher " + e.getMessage() + ".");
    }
  }

  /** This server remembers each of its own. */
  private void requirePresent(Digest content) throws Unreadable {
    Voucher issued = table
        .byContent(content)
        .orElseThrow(() -> new Unreadable("is not one that this server recorded"));
    if (!devices.get(issued.device()).owner().equals(issued.owner())) {
      throw new Unreadable("was for an owner who does not have the device any more");
    }
  }
}
