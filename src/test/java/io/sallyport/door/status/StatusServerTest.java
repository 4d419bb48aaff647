package io.sallyport.door.status;

import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.security.cert.X509Certificate;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;

/** Certificates whose status can be asked for. */
abstract class StatusServerTest extends ServerTest {
  static final byte[] NOTHING = new byte[0];

  private static final String PROFILE = "status-device";

  private boolean registered;
  private int units;

  @SuppressWarnings("NullAway.Init")
  private Manufacturer maker;

  @SuppressWarnings("NullAway.Init")
  StatusClient status;

  @SuppressWarnings("NullAway.Init")
  X509Certificate devices;

  @BeforeEach
  void register() {
    status = new StatusClient(wire);
    devices = status.authority("devices");
    if (!registered) {
      registered = true;
      maker = TestPki.manufacturer(getClass().getSimpleName());
      wire.register(maker);
      wire.document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
    }
  }

  X509Certificate certificate() {
    String serialNumber = getClass().getSimpleName() + "-" + units++;
    wire.register(maker, serialNumber, PROFILE);
    return wire.enroll(maker.idevid(serialNumber), TestPki.key(), serialNumber).certificate();
  }

  void revoke(X509Certificate certificate, String reason) {
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/" + certificate.getSerialNumber().toString(16) + "/revoke",
        Map.of("reason", reason));
  }
}
