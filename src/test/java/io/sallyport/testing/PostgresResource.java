package io.sallyport.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A real, durable PostgreSQL, a name server and free ports for the one application that all Quarkus tests share. */
public final class PostgresResource implements QuarkusTestResourceLifecycleManager {
  /** Bearer token of the first administrator. */
  public static final String ADMIN_TOKEN = "test-administrator-token-0123456789abcdef";

  private @Nullable EmbeddedPostgres postgres;
  private @Nullable NameServer names;

  @Override
  public Map<String, String> start() {
    try {
      Path data = Files.createTempDirectory("sallyport-test");
      postgres = EmbeddedPostgres.builder()
          .setServerConfig("fsync", "on")
          .setServerConfig("synchronous_commit", "on")
          .setServerConfig("full_page_writes", "on")
          .start();
      String people = freePort();
      names = NameServer.start();
      return Map.ofEntries(
          Map.entry("sallyport.data", data.toString()),
          Map.entry("sallyport.root", "here"),
          Map.entry("sallyport.db-url", postgres.getJdbcUrl("postgres", "postgres")),
          Map.entry("sallyport.db-user", "postgres"),
          Map.entry("sallyport.db-password", "postgres"),
          Map.entry("sallyport.master-key-file", masterKey(data)),
          Map.entry("sallyport.admin-token", ADMIN_TOKEN),
          Map.entry("sallyport.https-port", freePort()),
          Map.entry("sallyport.http-port", freePort()),
          Map.entry("sallyport.people-port", people),
          Map.entry("quarkus.http.test-ssl-port", people),
          Map.entry("quarkus.management.test-port", freePort()),
          Map.entry("sallyport.host-names", "device-front.sallyport.test"),
          Map.entry("sallyport.acme.resolver", "127.0.0.1:" + names.port()),
          Map.entry("sallyport.manufacturers.list-hosts", "127.0.0.1"),
          Map.entry("sallyport.acme.allowed-networks", "127.0.0.1/32"),
          Map.entry("sallyport.acme.http-01-port", freePort()),
          Map.entry("sallyport.acme.open-orders", "5"),
          Map.entry("sallyport.door.failed-authentications-per-minute", "1000000"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stop() {
    try {
      if (names != null) {
        names.close();
      }
      if (postgres != null) {
        postgres.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String masterKey(Path folder) throws IOException {
    Path file = Files.createFile(
        folder.resolve("master.key"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, Base64.getEncoder().encodeToString(new byte[32]) + "\n");
    return file.toString();
  }

  private static String freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return Integer.toString(socket.getLocalPort());
    }
  }
}
