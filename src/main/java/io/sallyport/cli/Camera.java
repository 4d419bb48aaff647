package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.net.URI;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;

/** A camera of the demo: its IDevID, its folder and the clients that it speaks through. */
final class Camera {
  private final Identity idevid;
  private final DeviceFolder folder;
  private final URI server;
  private final List<X509Certificate> roots;
  private final Clock clock;

  Camera(
      Identity idevid, DeviceFolder folder, URI server, List<X509Certificate> roots, Clock clock) {
    this.idevid = idevid;
    this.folder = folder;
    this.server = server;
    this.roots = List.copyOf(roots);
    this.clock = clock;
  }

  Identity identity() {
    return folder.identity();
  }

  X509Certificate certificate() {
    return identity().leaf();
  }

  /** The one that signed the present certificate. */
  X509Certificate issuer() {
    List<X509Certificate> chain = identity().chain();
    return chain.size() > 1 ? chain.get(1) : roots.getFirst();
  }

  String serial() {
    return certificate().getSerialNumber().toString(16);
  }

  /** First enrollment with the IDevID and a CSR signed anew; keeps what comes back. */
  String enroll() {
    try (Web web = new Web(roots, idevid)) {
      EstClient est = new EstClient(server, web, roots);
      folder.store(est.issued(tryEnroll(est), folder.key().getPublic()));
    }
    return serial();
  }

  /** The same without keeping anything. */
  Answer tryEnroll() {
    try (Web web = new Web(roots, idevid)) {
      return tryEnroll(new EstClient(server, web, roots));
    }
  }

  /** Renewal with a new key; keeps what comes back. */
  String renew() {
    KeyPair next = folder.nextKey();
    Identity present = identity();
    try (Web web = new Web(roots, present)) {
      EstClient est = new EstClient(server, web, roots);
      folder.store(est.enroll(
          "simplereenroll",
          null,
          Requests.likeCertificate(next, present.leaf()),
          next.getPublic(),
          null));
    }
    return serial();
  }

  Answer tryRenew() {
    Identity present = identity();
    try (Web web = new Web(roots, present)) {
      Der request = Requests.likeCertificate(Requests.newKey(), present.leaf());
      return new EstClient(server, web, roots).tryEnroll("simplereenroll", null, request, null);
    }
  }

  /** A client with the present certificate. */
  DeviceClient client() {
    Identity present = identity();
    return new DeviceClient(server, new Web(roots, present), present, clock);
  }

  private Answer tryEnroll(EstClient est) {
    Der request = Requests.forSubject(folder.key(), Requests.deviceName(idevid.leaf()));
    return est.tryEnroll("simpleenroll", null, request, null);
  }
}
