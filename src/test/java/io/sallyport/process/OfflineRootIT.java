package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.Answer;
import io.sallyport.testing.Peers;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.ServerProcess.Ended;
import io.sallyport.testing.Wire;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * As a pod does it: a database elsewhere, a data folder that is empty at each start, a root that is kept elsewhere. What is
 * to be signed comes out of the log of the refused start, certificates come in by a folder of their own.
 */
class OfflineRootIT {
  private static final int EXIT_CONFIGURATION = 78;
  private static final String TOKEN = "first-administrator-0123456789abcdef";
  private static final String[] FREE_PORTS = {
    "--https-port", "0", "--http-port", "0", "--people-port", "0", "--management-port", "0"
  };

  @TempDir
  Path folder;

  @Test
  void requestsAreInTheLogAndCertificatesInAFolder() throws IOException {
    Peers.need("openssl");
    Path certificates = Files.createDirectories(folder.resolve("certificates"));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.builder()
        .setServerConfig("fsync", "on")
        .setServerConfig("synchronous_commit", "on")
        .setServerConfig("full_page_writes", "on")
        .start()) {
      Map<String, String> settings = new HashMap<>(Map.of(
          "SALLYPORT_DB_URL",
          postgres.getJdbcUrl("postgres", "postgres").replaceAll("\\?.*", ""),
          "SALLYPORT_DB_USER",
          "postgres",
          "SALLYPORT_DB_PASSWORD",
          "postgres",
          "SALLYPORT_MASTER_KEY",
          Base64.getEncoder().encodeToString(new byte[32]),
          "SALLYPORT_ADMIN_TOKEN",
          TOKEN,
          "SALLYPORT_CERTIFICATES",
          certificates.toString()));

      Ended refused = ServerProcess.refused(folder.resolve("pod-1"), settings, FREE_PORTS);
      assertEquals(EXIT_CONFIGURATION, refused.code(), refused.output());
      assertFalse(refused.output().contains("\tat "), refused.output());
      sign(certificates, refused.output());

      try (ServerProcess server = ServerProcess.start(folder.resolve("pod-2"), settings)) {
        assertWorks(server);
      }
      // Later pods need no certificates.
      settings.remove("SALLYPORT_CERTIFICATES");
      try (ServerProcess server = ServerProcess.start(folder.resolve("pod-3"), settings)) {
        assertWorks(server);
      }
    }
  }

  private static void assertWorks(ServerProcess server) {
    Wire wire = Wire.of(server.data(), TOKEN);
    assertEquals("CN=Offline Root", wire.root().getSubjectX500Principal().getName());
    Answer.of(wire.send(null, wire.person("/api/v1/devices").build())).expect(200);
    assertTrue(
        Answer.of(wire.send(null, wire.device("/.well-known/est/cacerts").GET().build()))
                .status()
            == 200);
  }

  private static void sign(Path certificates, String log) throws IOException {
    Peers.run(
            certificates,
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-days",
            "30",
            "-subj",
            "/CN=Offline Root")
        .orFail();
    Files.writeString(
        certificates.resolve("ca.ext"),
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
            + "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
    for (String authority : new String[] {"devices", "internal"}) {
      Matcher request = Pattern.compile(
              authority
                  + "\\.csr:\\s+(-----BEGIN CERTIFICATE REQUEST-----.*?-----END CERTIFICATE REQUEST-----)",
              Pattern.DOTALL)
          .matcher(log);
      assertTrue(request.find(), log);
      Files.writeString(certificates.resolve(authority + ".csr"), request.group(1) + "\n");
      Peers.run(
              certificates,
              "openssl",
              "x509",
              "-req",
              "-in",
              authority + ".csr",
              "-CA",
              "root.pem",
              "-CAkey",
              "root.key",
              "-days",
              "20",
              "-extfile",
              "ca.ext",
              "-out",
              authority + ".pem")
          .orFail();
    }
  }
}
