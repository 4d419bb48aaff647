package io.sallyport.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A real Keycloak from its distribution, on a free port, with a database in memory. Its first start builds it, which takes
 * a minute; what was built is kept in the user's cache.
 */
public final class Keycloak implements AutoCloseable {
  public static final String ADMINISTRATOR = "kc-admin";
  public static final String PASSWORD = "only-for-this-test";

  private static final Path DISTRIBUTION = Path.of("target", "keycloak");
  private static final Path CACHE = Path.of(System.getProperty("user.home"), ".cache", "sallyport");
  private static final Duration STARTS_WITHIN = Duration.ofSeconds(180);
  private static final int ENDS_WITHIN_SECONDS = 20;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient client = HttpClient.newHttpClient();
  private final Path home;
  private final Path log;
  private final int port;
  private @Nullable Process process;

  private Keycloak(Path home, Path log, int port) {
    this.home = home;
    this.log = log;
    this.port = port;
  }

  /** One that does not run yet, but whose address is known. */
  public static Keycloak prepare(Path folder) {
    return new Keycloak(unpacked(), folder.resolve("keycloak.log"), freePort());
  }

  /** Starts it and waits until it answers. */
  public void start() {
    ProcessBuilder builder = new ProcessBuilder(
            "bash",
            home.resolve("bin").resolve("kc.sh").toString(),
            "start-dev",
            "--db=dev-mem",
            "--http-host=127.0.0.1",
            "--http-port=" + port,
            "--http-management-port=" + freePort())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m");
    builder.environment().put("KC_BOOTSTRAP_ADMIN_USERNAME", ADMINISTRATOR);
    builder.environment().put("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    await(process);
  }

  public String url() {
    return "http://127.0.0.1:" + port;
  }

  private void await(Process started) {
    Eventually.holds(STARTS_WITHIN, "Keycloak answers", () -> {
      if (!started.isAlive()) {
        throw new AssertionError("Keycloak ended:\n" + said());
      }
      try {
        return client
                .send(
                    HttpRequest.newBuilder(URI.create(url() + "/realms/master"))
                        .timeout(PATIENCE)
                        .build(),
                    java.net.http.HttpResponse.BodyHandlers.discarding())
                .statusCode()
            == 200;
      } catch (ConnectException e) {
        return false;
      } catch (IOException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    });
  }

  private String said() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks a realm's token endpoint. */
  public Answer token(String realm, Map<String, String> form) {
    return Answer.to(
        client,
        HttpRequest.newBuilder(
                URI.create(url() + "/realms/" + realm + "/protocol/openid-connect/token"))
            .timeout(PATIENCE)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form.entrySet().stream()
                .map(field -> field.getKey() + "="
                    + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"))))
            .build());
  }

  /** Asks the administration interface as its first administrator. */
  public Answer admin(String method, String path, @Nullable Object body) {
    String token = token(
            "master",
            Map.of(
                "grant_type",
                "password",
                "client_id",
                "admin-cli",
                "username",
                ADMINISTRATOR,
                "password",
                PASSWORD))
        .expect(200)
        .json()
        .get("access_token")
        .asText();
    try {
      return Answer.to(
          client,
          HttpRequest.newBuilder(URI.create(url() + "/admin/realms" + path))
              .timeout(PATIENCE)
              .header("Authorization", "Bearer " + token)
              .header("Content-Type", "application/json")
              .method(
                  method,
                  body == null
                      ? BodyPublishers.noBody()
                      : BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
              .build());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Makes somebody in these groups and answers the id. */
  public String person(String realm, String name, String password, List<String> groups) {
    return id(admin(
            "POST",
            "/" + realm + "/users",
            Map.of(
                "username",
                name,
                "enabled",
                true,
                "email",
                name + "@plant.example",
                "emailVerified",
                true,
                "firstName",
                name,
                "lastName",
                "Test",
                "groups",
                groups,
                "credentials",
                List.of(Map.of("type", "password", "value", password, "temporary", false))))
        .expect(201));
  }

  /** Gives a person a role of a client. */
  public void clientRole(String realm, String person, String clientId, String role) {
    String client = clientKey(realm, clientId);
    JsonNode given = admin("GET", "/" + realm + "/clients/" + client + "/roles/" + role, null)
        .expect(200)
        .json();
    admin(
            "POST",
            "/" + realm + "/users/" + person + "/role-mappings/clients/" + client,
            List.of(given))
        .expect(204);
  }

  /** Makes a role of a client, as another application does. */
  public void makeClientRole(String realm, String clientId, String role) {
    admin(
            "POST",
            "/" + realm + "/clients/" + clientKey(realm, clientId) + "/roles",
            Map.of("name", role))
        .expect(201);
  }

  /** Makes a role of the realm and gives it to a person. */
  public void realmRole(String realm, String person, String role) {
    admin("POST", "/" + realm + "/roles", Map.of("name", role)).expect(201);
    JsonNode given =
        admin("GET", "/" + realm + "/roles/" + role, null).expect(200).json();
    admin("POST", "/" + realm + "/users/" + person + "/role-mappings/realm", List.of(given))
        .expect(204);
  }

  private String clientKey(String realm, String clientId) {
    return admin("GET", "/" + realm + "/clients?clientId=" + clientId, null)
        .expect(200)
        .json()
        .get(0)
        .get("id")
        .asText();
  }

  /** The id of what was made. */
  public static String id(Answer made) {
    String place = made.header("Location");
    return place.substring(place.lastIndexOf('/') + 1);
  }

  @Override
  public void close() {
    client.close();
    Process running = process;
    if (running == null) {
      return;
    }
    List<ProcessHandle> all = new ArrayList<>(running.descendants().toList());
    all.add(running.toHandle());
    all.forEach(ProcessHandle::destroy);
    try {
      if (!running.waitFor(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS)) {
        all.forEach(ProcessHandle::destroyForcibly);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }

  private static Path unpacked() {
    try (Stream<Path> files =
        Files.isDirectory(DISTRIBUTION) ? Files.list(DISTRIBUTION) : Stream.empty()) {
      List<Path> zips = files.filter(file -> file.toString().endsWith(".zip")).toList();
      if (zips.isEmpty()) {
        Peers.without("no distribution of Keycloak in " + DISTRIBUTION);
      }
      return unpacked(zips.getFirst());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path unpacked(Path zip) throws IOException {
    String name = zip.getFileName().toString().replace("-quarkus-dist", "").replace(".zip", "");
    Path home = CACHE.resolve(name);
    if (Files.isDirectory(home)) {
      return home;
    }
    Files.createDirectories(CACHE);
    Path fresh = Files.createTempDirectory(CACHE, "unpacking");
    try (InputStream octets = Files.newInputStream(zip);
        ZipInputStream entries = new ZipInputStream(octets)) {
      for (ZipEntry entry; (entry = entries.getNextEntry()) != null; ) {
        Path file = fresh.resolve(entry.getName()).normalize();
        if (!file.startsWith(fresh)) {
          throw new IOException(entry.getName() + " leads out of the folder");
        }
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.createDirectories(file.resolveSibling(""));
          Files.copy(entries, file);
        }
      }
    }
    try (Stream<Path> inside = Files.list(fresh)) {
      Files.move(inside.findFirst().orElseThrow(), home, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.delete(fresh);
    return home;
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
