package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.ServerProcess.Ended;
import io.sallyport.testing.SoftHsm;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole servers whose authorities live in tokens that come and go. */
class TokensIT {
  private static final int EXIT_CONFIGURATION = 78;
  private static final String[] FREE_PORTS = {
    "--https-port", "0", "--http-port", "0", "--people-port", "0", "--management-port", "0"
  };

  @TempDir
  Path folder;

  @Test
  void authoritiesLiveInTokensAndOutliveThemBeingAway() throws IOException {
    SoftHsm hsm =
        SoftHsm.in(folder.resolve("hsm")).token("plant", "111111").token("office", "222222");
    Path pins = secret("pins", "111111\n222222\n");
    Map<String, String> settings = new HashMap<>(Map.of(
        "SOFTHSM2_CONF", hsm.configuration().toString(),
        "SALLYPORT_PKCS11_LIBRARY", SoftHsm.library(),
        "SALLYPORT_PKCS11_TOKENS", "plant,office",
        "SALLYPORT_PKCS11_PIN_FILE", pins.toString(),
        "SALLYPORT_PKCS11_PURPOSES", "authority@plant,authority:root@office"));
    Path data = folder.resolve("data");
    Manufacturer maker = TestPki.manufacturer("Keys");
    Map<String, String> kept;

    try (ServerProcess server = ServerProcess.start(data, settings)) {
      Wire wire = server.wire();
      kept = kept(wire);
      assertEquals("office", kept.get("authority:root"));
      assertEquals("plant", kept.get("authority:devices"));
      assertEquals("plant", kept.get("authority:internal"));
      assertEquals("", kept.get("server"));
      wire.register(maker);
      wire.document("/api/v1/profiles/keys", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: keys}
          """);
      wire.register(maker, "K-1", "keys");
      assertEquals(200, enroll(wire, maker).statusCode());

      hsm.takeAway();
      HttpResponse<byte[]> away = enroll(wire, maker);
      hsm.putBack();

      assertEquals(503, away.statusCode());
      Patience.untilTrue(
          "devices are enrolled again", () -> enroll(wire, maker).statusCode() == 200);
    }
    try (ServerProcess server = ServerProcess.start(data, settings)) {
      assertEquals(kept, kept(server.wire()));
      assertEquals(200, enroll(server.wire(), maker).statusCode());
    }

    secret("pins", "111111\n999999\n");
    refused(data, settings, "office", "refuses the PIN", "not tried again");
    secret("pins", "111111\n222222\n");
    hsm.takeAway();
    refused(data, settings, "PKCS#11");
    hsm.putBack();
    settings.keySet().removeIf(name -> name.startsWith("SALLYPORT_PKCS11"));
    refused(data, settings, "plant", "SALLYPORT_PKCS11_TOKENS");
  }

  private void refused(Path data, Map<String, String> settings, String... words) {
    Ended ended = ServerProcess.refused(data, settings, FREE_PORTS);
    assertEquals(EXIT_CONFIGURATION, ended.code(), ended.output());
    for (String word : words) {
      assertTrue(ended.output().contains(word), ended.output());
    }
    assertFalse(ended.output().contains("\tat "), ended.output());
    assertFalse(ended.output().contains("222222") || ended.output().contains("999999"));
  }

  /** Where the keys are by purpose: a token's label, or nothing for software. */
  private static Map<String, String> kept(Wire wire) {
    Map<String, String> kept = new TreeMap<>();
    wire.admin("GET", "/api/v1/keys", null)
        .get("items")
        .forEach(key -> kept.put(
            key.get("purpose").asText(),
            key.get("token").isNull() ? "" : key.get("token").asText()));
    return kept;
  }

  private static HttpResponse<byte[]> enroll(Wire wire, Manufacturer maker) {
    return wire.est(
        "simpleenroll", maker.idevid("K-1"), null, TestPki.request(TestPki.key(), "CN=K-1", null));
  }

  private Path secret(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    write(file, content);
    return file;
  }

  private static void write(Path file, String content) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, content);
  }
}
