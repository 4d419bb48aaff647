package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.ServerProcess.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole servers whose master key is not what it was. */
class MasterKeyIT {
  private static final int EXIT_CONFIGURATION = 78;
  private static final String[] FREE_PORTS = {
    "--https-port", "0", "--http-port", "0", "--people-port", "0", "--management-port", "0"
  };

  @TempDir
  Path folder;

  @Test
  void aMasterKeyThatIsLostOrWrongIsRefusedAndNoneIsMadeInItsPlace() throws IOException {
    Path data = folder.resolve("data");
    Path file = data.resolve("master.key");
    try (ServerProcess server = ServerProcess.start(data, Map.of())) {
      assertTrue(server.log().contains("Cryptography by"), server.log());
    }
    String key = Files.readString(file);

    Files.delete(file);
    refused(data, "master.key is gone", "copy");
    assertFalse(Files.exists(file));
    write(file, Base64.getEncoder().encodeToString(new byte[32]));
    refused(data, "sealed under master key", "copy");

    write(file, Base64.getEncoder().encodeToString(new byte[32]) + "\n" + key);
    try (ServerProcess server = ServerProcess.start(data, Map.of())) {
      JsonNode standing = server.wire().admin("POST", "/api/v1/keys/master/rotate", null);
      assertEquals(2, standing.get("keys").size());
      Patience.untilTrue(
          "nothing is left under the former key",
          () -> server
                  .wire()
                  .admin("GET", "/api/v1/keys/master", null)
                  .at("/keys/1/values")
                  .asLong()
              == 0);
    }
  }

  private static void refused(Path data, String... words) {
    Ended ended = ServerProcess.refused(data, Map.of(), FREE_PORTS);
    assertEquals(EXIT_CONFIGURATION, ended.code(), ended.output());
    for (String word : words) {
      assertTrue(ended.output().contains(word), ended.output());
    }
    assertFalse(ended.output().contains("\tat "), ended.output());
  }

  private static void write(Path file, String content) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, content);
  }
}
