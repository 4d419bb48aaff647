package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.security.KeyPair;
import org.junit.jupiter.api.Test;

@QuarkusTest
class EstTest extends ServerTest {
  @Test
  void aRetryGetsTheCertificateThatWasIssued() {
    Manufacturer acme = TestPki.manufacturer("Acme EST");
    wire.register(acme);
    wire.document("/api/v1/profiles/camera", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: camera}
        """);
    wire.register(acme, "E-1", "camera");
    Identity idevid = acme.idevid("E-1");
    KeyPair keys = TestPki.key();

    Identity first = wire.enroll(idevid, keys, "E-1");
    Identity again = wire.enroll(idevid, keys, "E-1");

    assertEquals(first.certificate(), again.certificate());
  }
}
