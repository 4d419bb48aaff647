package io.sallyport.door.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** nginx with the configuration that is shipped, client certificates and auth_request. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Set before the first test.
class NginxTest extends ServerTest {
  private static final Path SHIPPED = Path.of("docs", "enforce", "nginx", "sallyport.conf");

  @TempDir
  static Path folder;

  private Plant plant;
  private Process nginx;
  private int port;

  @BeforeEach
  void open() throws IOException {
    Peers.need("nginx", "curl");
    if (plant != null) {
      return;
    }
    plant = Plant.open(wire, "nginx");
    Identity gateway = plant.enforcementPoint(
        "nginx-gateway", "gateway", Map.of("peers", List.of(Plant.VIDEO.peer())));
    write("point", gateway);
    write("server", plant.manufacturer().idevid("nginx-server"));
    Unit any = plant.enrolled("nginx-any");
    StringBuilder authorities = new StringBuilder(TestPki.pem(wire.root()));
    any.identity().chain().stream().skip(1).map(TestPki::pem).forEach(authorities::append);
    plant
        .person("GET", "/api/v1/authorities", null)
        .json()
        .get("items")
        .forEach(authority ->
            authorities.append(authority.get("certificate").asText()).append('\n'));
    Files.writeString(folder.resolve("authorities.pem"), authorities);
    Files.writeString(folder.resolve("root.pem"), TestPki.pem(wire.root()));
    port = freePort();
    int backend = freePort();
    String server = Files.readString(SHIPPED)
        .replace("LISTEN", "127.0.0.1:" + port)
        .replace("SERVER_NAME", "localhost")
        .replace("SERVER_CERTIFICATE", file("server.pem"))
        .replace("SERVER_KEY", file("server.key"))
        .replace("DEVICE_AUTHORITIES", file("authorities.pem"))
        .replace("BACKEND", "http://127.0.0.1:" + backend)
        .replace("SALLYPORT_NAME", "localhost")
        .replace("SALLYPORT/", wire.devices() + "/")
        .replace("PEER", Plant.VIDEO.peer())
        .replace("\"PORT\"", "\"8554\"")
        .replace("POINT_CERTIFICATE", file("point.pem"))
        .replace("POINT_KEY", file("point.key"))
        .replace("ROOT", file("root.pem"));
    Files.writeString(folder.resolve("nginx.conf"), """
        worker_processes 1;
        pid %s;
        error_log %s;
        events {}
        http {
          access_log off;
          client_body_temp_path %s;
          proxy_temp_path %s;
          fastcgi_temp_path %s;
          uwsgi_temp_path %s;
          scgi_temp_path %s;
          server {
            listen 127.0.0.1:%d;
            location / {
              return 200 "device=$http_x_sallyport_device certificate=$http_x_ssl_client_escaped_cert";
            }
          }
          %s
        }
        """.formatted(
            file("nginx.pid"),
            file("error.log"),
            file("body"),
            file("proxy"),
            file("fastcgi"),
            file("uwsgi"),
            file("scgi"),
            backend,
            server));
    nginx = new ProcessBuilder(
            "nginx", "-p", folder.toString(), "-c", file("nginx.conf"), "-g", "daemon off;")
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("nginx.txt").toFile())
        .start();
    Eventually.holds(Duration.ofSeconds(20), "nginx answers", () -> {
      if (!nginx.isAlive()) {
        throw new AssertionError(read("nginx.txt"));
      }
      return !ask(null).startsWith("000");
    });
  }

  @AfterAll
  void close() {
    if (nginx != null) {
      nginx.descendants().forEach(ProcessHandle::destroy);
      nginx.destroy();
      nginx.onExit().join();
    }
    if (plant != null) {
      plant.close();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static String file(String name) {
    return folder.resolve(name).toString();
  }

  private static String read(String name) {
    try {
      return Files.readString(folder.resolve(name));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void write(String name, Identity identity) throws IOException {
    StringBuilder chain = new StringBuilder();
    identity.chain().forEach(certificate -> chain.append(TestPki.pem(certificate)));
    Files.writeString(folder.resolve(name + ".pem"), chain);
    Files.writeString(
        folder.resolve(name + ".key"),
        TestPki.pem("PRIVATE KEY", identity.keys().getPrivate().getEncoded()));
  }

  /** Status, a blank, and the body. */
  private String ask(@Nullable String identity, String... headers) {
    List<String> command =
        new ArrayList<>(List.of("curl", "-sk", "--max-time", "10", "-w", "\\n%{http_code}"));
    if (identity != null) {
      command.addAll(List.of("--cert", file(identity + ".pem"), "--key", file(identity + ".key")));
    }
    for (String header : headers) {
      command.addAll(List.of("-H", header));
    }
    command.add("https://127.0.0.1:" + port + "/cameras");
    String said = Peers.run(folder, command.toArray(String[]::new)).output();
    int last = said.lastIndexOf('\n');
    return said.substring(last + 1) + " " + said.substring(0, Math.max(last, 0));
  }

  @Test
  void aDeviceIsLetThroughUntilItIsQuarantined() throws IOException {
    Unit camera = plant.attested("nginx-1");
    write("camera", camera.identity());
    assertEquals(
        "200 device=" + camera.id() + " certificate=", ask("camera"), () -> read("error.log"));
    camera.become("quarantine").expect(200);
    assertTrue(ask("camera").startsWith("403 "));
  }

  @Test
  void aDeviceWithoutACertificateIsToldSo() {
    assertTrue(ask(null).startsWith("401 "));
  }

  @Test
  void aForeignCertificateGetsNowhere() throws IOException {
    write("foreign", plant.manufacturer().idevid("nginx-foreign"));
    assertTrue(ask("foreign").startsWith("400 "));
  }

  @Test
  void whatADeviceSaysOfItselfIsStripped() throws IOException {
    Unit camera = plant.attested("nginx-2");
    Unit other = plant.enrolled("nginx-3");
    write("other", other.identity());
    String hash = "X-Forwarded-Client-Cert: Hash=" + camera.thumbprint();
    assertTrue(ask("other", hash).startsWith("403 "), "another's certificate");
    assertTrue(ask(null, hash).startsWith("401 "), "another's certificate and none of its own");
    assertTrue(
        ask("other", "X-Sallyport-Peer: elsewhere.example", "X-Sallyport-Port: 1")
            .startsWith("403 "),
        "another flow");
    write("camera2", camera.identity());
    assertEquals(
        "200 device=" + camera.id() + " certificate=",
        ask("camera2", "X-Sallyport-Device: " + other.id(), "X-Sallyport-Port: 1"));
  }
}
