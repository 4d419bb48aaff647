package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.CommandLine;
import io.sallyport.testing.CommandLine.Said;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.SoftHsm;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Tpm;
import io.sallyport.testing.TunnelProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code device enroll} as a line runs it: keys in files, tokens and TPMs, through a proxy, again and again. */
@QuarkusTest
class DeviceEnrollTest extends ServerTest {
  private static final String PIN = "4711";

  @TempDir
  private Path folder;

  private static final AtomicInteger NEXT = new AtomicInteger();

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private Path data;

  @BeforeEach
  void nameTheServer() throws IOException {
    plant = Plant.open(wire, "enrolling-" + NEXT.incrementAndGet());
    data = Files.createDirectories(folder.resolve("data"));
    Files.writeString(
        data.resolve("server.json"),
        "{\"people\":\"" + wire.people() + "\",\"devices\":\"" + wire.devices() + "\"}");
    Files.writeString(data.resolve("root.pem"), Pem.of(wire.root()));
  }

  @Test
  void againChangesNothing() {
    List<String> command = enrolling(plant.registered("F-1"));
    Said first = run(Map.of(), command);
    assertEquals(0, first.code(), first.text());
    String certificate = Pem.text(device().resolve("cert.pem"));

    Said second = run(Map.of(), command);

    assertEquals(0, second.code(), second.text());
    assertTrue(second.text().contains("Enrolled already"), second.text());
    assertEquals(certificate, Pem.text(device().resolve("cert.pem")));
    assertEquals(
        0,
        run(Map.of(), List.of("device", "renew", "--dir", device().toString())).code());
  }

  @Test
  void aKeyInATokenEnrollsAndRenewsAndStaysThere() throws IOException {
    SoftHsm softHsm = SoftHsm.in(folder.resolve("hsm")).token("LINE", PIN);
    Map<String, String> environment =
        Map.of("SOFTHSM2_CONF", softHsm.configuration().toString());
    Path pin = Files.writeString(folder.resolve("pin"), PIN + "\n");
    String uri = "pkcs11:token=LINE;object=cam%201?module-path=" + SoftHsm.library()
        + "&pin-source=file:" + pin;
    List<String> command = enrolling(plant.registered("T-1"), "--key", uri);

    Said enrolled = run(environment, command);

    assertEquals(0, enrolled.code(), enrolled.text());
    assertFalse(Files.exists(device().resolve("key.pem")), "the key is in the token");
    String first = Pem.text(device().resolve("cert.pem"));
    Said renewed = run(environment, List.of("device", "renew", "--dir", device().toString()));
    assertEquals(0, renewed.code(), renewed.text());
    assertFalse(first.equals(Pem.text(device().resolve("cert.pem"))), "it was renewed");
    String objects = softHsm.ask("LINE", PIN, "--list-objects");
    assertTrue(
        objects.contains("Private Key Object") && objects.contains("cam 1"),
        () -> "another program sees the key: " + objects);
  }

  @Test
  void aWrongPinIsTriedOnceAndSaid() throws IOException {
    SoftHsm softHsm = SoftHsm.in(folder.resolve("hsm")).token("LINE", PIN);
    Path pin = Files.writeString(folder.resolve("pin"), "0000");
    Said said = run(
        Map.of("SOFTHSM2_CONF", softHsm.configuration().toString()),
        enrolling(
            plant.registered("T-2"),
            "--key",
            "pkcs11:token=LINE;object=cam?module-path=" + SoftHsm.library() + "&pin-source="
                + pin));

    assertEquals(2, said.code(), said.text());
    assertTrue(said.text().contains("does not take the PIN"), said.text());
    assertFalse(said.text().contains("0000"), said.text());
  }

  @Test
  void aKeyInATpmEnrollsAndRenews() {
    try (Tpm tpm = Tpm.start()) {
      List<String> command = enrolling(plant.registered("P-1"), "--key", "tpm");

      Said enrolled = run(tpm.environment(), command);

      assertEquals(0, enrolled.code(), enrolled.text());
      assertTrue(Pem.text(device().resolve("key.pem")).contains("TSS2 PRIVATE KEY"), "wrapped");
      String first = Pem.text(device().resolve("cert.pem"));
      Said renewed =
          run(tpm.environment(), List.of("device", "renew", "--dir", device().toString()));
      assertEquals(0, renewed.code(), renewed.text());
      assertFalse(first.equals(Pem.text(device().resolve("cert.pem"))), "it was renewed");
    }
  }

  @Test
  void aProxyStandsBetween() {
    try (TunnelProxy proxy = new TunnelProxy("line:secret")) {
      List<String> command = enrolling(plant.registered("X-1"));
      Said refused = run(Map.of("HTTPS_PROXY", "http://line:wrong@" + proxy.address()), command);
      assertEquals(3, refused.code(), refused.text());
      assertFalse(refused.text().contains("wrong"), refused.text());

      Said enrolled = run(Map.of("HTTPS_PROXY", "http://line:secret@" + proxy.address()), command);

      assertEquals(0, enrolled.code(), enrolled.text());
      assertTrue(proxy.tunnels() > 0, "it went through the proxy");
    }
  }

  private Path device() {
    return folder.resolve("device");
  }

  private List<String> enrolling(Unit unit, String... more) {
    try {
      Path certificate = folder.resolve("idevid.pem");
      Path key = folder.resolve("idevid.key");
      Files.writeString(certificate, TestPki.pem(unit.idevid().certificate()));
      Files.writeString(key, Pem.of(unit.idevid().keys().getPrivate()));
      List<String> command = new ArrayList<>(List.of(
          "device",
          "enroll",
          "--dir",
          device().toString(),
          "--idevid-cert",
          certificate.toString(),
          "--idevid-key",
          key.toString()));
      command.addAll(List.of(more));
      return command;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private Said run(Map<String, String> environment, List<String> command) {
    return CommandLine.run(data, environment, command.toArray(String[]::new));
  }
}
