package io.sallyport.door.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of {@code docs/enforce/grants}, as a point would run it. */
@QuarkusTest
class GrantCheckScriptTest extends ServerTest {
  private static final Path SCRIPT = Path.of("docs/enforce/grants/check.sh").toAbsolutePath();

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    Peers.need("bash", "openssl", "jq", "curl", "gzip", "od", "xxd");
    if (plant == null) {
      plant = Plant.open(wire, "grantcheck");
    }
  }

  @AfterAll
  void closePlant() {
    if (plant != null) {
      plant.close();
    }
  }

  @Test
  void whatTheGrantIsForIsPermittedAndNothingElse() {
    Unit camera = plant.attested("grantcheck-1");
    Unit other = plant.attested("grantcheck-2");
    String token = token(camera);

    assertTrue(check(token, camera, "vms.plant.example", "tcp", 8554).orFail().startsWith("yes: "));
    assertNo("not for this flow", check(token, camera, "vms.plant.example", "tcp", 8555));
    assertNo("not for this flow", check(token, camera, "vms.plant.example", "udp", 8554));
    assertNo("not for this flow", check(token, camera, "evil.example", "tcp", 8554));
    assertNo("another certificate", check(token, other, "vms.plant.example", "tcp", 8554));
  }

  @Test
  void whatTheIssuerDidNotSignIsNoGrant() {
    Unit camera = plant.attested("grantcheck-3");
    String token = token(camera);
    int dot = token.lastIndexOf('.');
    String turned = token.substring(0, dot + 10)
        + (token.charAt(dot + 10) == 'A' ? 'B' : 'A')
        + token.substring(dot + 11);
    assertNo("signature", check(turned, camera, "vms.plant.example", "tcp", 8554));
    assertNo("not a token", check("a.b.c", camera, "vms.plant.example", "tcp", 8554));
  }

  @Test
  void aWithdrawnGrantPermitsNothing() {
    Unit camera = plant.attested("grantcheck-4");
    String token = token(camera);
    plant
        .post(
            camera.identity(),
            "/oauth2/revoke",
            "application/x-www-form-urlencoded",
            BodyPublishers.ofString("token=" + token))
        .expect(200);
    Patience.untilTrue("the list says so", () -> {
      Said said = check(token, camera, "vms.plant.example", "tcp", 8554);
      return said.code() == 1 && said.output().contains("withdrawn");
    });
  }

  private static void assertNo(String why, Said said) {
    assertEquals(1, said.code(), said.output());
    assertTrue(said.output().contains(why), said.output());
  }

  private Said check(String token, Unit unit, String host, String protocol, int port) {
    try {
      Path ca = Files.writeString(folder.resolve("ca.pem"), TestPki.pem(wire.root()));
      Path grant = Files.writeString(folder.resolve("token"), token + "\n");
      Path peer = Files.writeString(
          folder.resolve("peer.pem"), TestPki.pem(unit.identity().certificate()));
      return Peers.run(
          folder,
          "bash",
          SCRIPT.toString(),
          wire.devices(),
          ca.toString(),
          grant.toString(),
          peer.toString(),
          host,
          protocol,
          Integer.toString(port));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String token(Unit unit) {
    return unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
  }
}
