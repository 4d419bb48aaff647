package io.sallyport.door.radius;

import io.sallyport.testing.Eventually;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** A FreeRADIUS of its own, with the configuration that is shipped; only addresses, folders and secrets are replaced. */
final class FreeRadius implements AutoCloseable {
  static final String SECRET = "the-secret-of-this-nas-0123456789";
  private static final Path SHIPPED = Path.of("docs/enforce/freeradius");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** What {@code eapol_test} ended with. */
  record Outcome(boolean success, String output) {
    /** The value, as it prints it, of an attribute of the Access-Accept; empty when there is none. */
    String attribute(int number) {
      Matcher value = Pattern.compile(
              "Attribute " + number + " \\([^)]*\\) length=[0-9]+\\n +Value: ([^\\n]*)")
          .matcher(accept());
      return value.find() ? value.group(1) : "";
    }

    boolean has(int number) {
      return accept().contains("Attribute " + number + " (");
    }

    private String accept() {
      int at = output.indexOf("code=2 (Access-Accept)");
      return at < 0 ? "" : output.substring(at);
    }
  }

  private final Path folder;
  private final Path log;
  private final int authentication;
  private final int accounting;
  private final int disconnect;
  private final Process process;

  /**
   * @param folder empty, of its own
   * @param sallyport the address of the front for devices
   * @param root by which that front is recognised
   * @param point what this server shows there
   * @param issuers of the devices
   */
  FreeRadius(
      Path folder,
      String sallyport,
      X509Certificate root,
      Identity point,
      List<X509Certificate> issuers) {
    this.folder = folder;
    this.log = folder.resolve("radius.log");
    this.authentication = freePort();
    this.accounting = freePort();
    this.disconnect = freePort();
    try {
      configure(sallyport);
      identities(root, point, issuers);
      process = new ProcessBuilder(
              "freeradius", "-d", folder.toString(), "-n", "radiusd", "-fxx", "-l", log.toString())
          .redirectErrorStream(true)
          .redirectOutput(folder.resolve("said.log").toFile())
          .redirectInput(new File("/dev/null"))
          .start();
      Eventually.holds(PATIENCE, "FreeRADIUS is ready: " + log, () -> {
        if (!process.isAlive()) {
          throw new AssertionError("FreeRADIUS ended:\n" + log());
        }
        return log().contains("Ready to process requests");
      });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void configure(String sallyport) throws IOException {
    copy(
        "sallyport.conf",
        Map.of(
            "https://sallyport.example:8443",
            sallyport,
            "/etc/freeradius/3.0/certs/sallyport",
            folder.resolve("files").toString()));
    copy("clients.conf", Map.of("192.0.2.10", "127.0.0.1", "replace-me", SECRET));
    copy("mods/rest", Map.of());
    copy("mods/eap", Map.of());
    copy("sites/check-eap-tls", Map.of());
    copy(
        "sites/sallyport",
        Map.of(
            "ipaddr = *", "ipaddr = 127.0.0.1",
            "= 1812", "= " + authentication,
            "= 1813", "= " + accounting));
    Files.createDirectories(folder.resolve("run"));
    Files.writeString(
        folder.resolve("radiusd.conf"), """
        prefix = /usr
        sysconfdir = /etc
        localstatedir = %1$s
        logdir = %1$s
        libdir = /usr/lib/freeradius
        run_dir = %1$s/run
        confdir = %1$s
        pidfile = %1$s/run/pid
        security {
          reject_delay = 0
          status_server = no
        }
        proxy_requests = no
        $INCLUDE clients.conf
        $INCLUDE sallyport.conf
        modules {
          always reject {
            rcode = reject
          }
          always ok {
            rcode = ok
          }
          $INCLUDE mods/
        }
        $INCLUDE sites/
        # A NAS that knows every session: it checks the authenticators of what Sallyport sends.
        server nas {
          listen {
            type = coa
            ipaddr = 127.0.0.1
            port = %3$d
            clients = nas
          }
          recv-coa {
            ok
          }
        }
        clients nas {
          client sallyport {
            ipaddr = 127.0.0.1
            secret = %2$s
            require_message_authenticator = yes
          }
        }
        """.formatted(folder, RadiusPoint.SECRET, disconnect));
  }

  private void copy(String name, Map<String, String> replacements) throws IOException {
    String text = Files.readString(SHIPPED.resolve(name));
    for (Map.Entry<String, String> replacement : replacements.entrySet()) {
      if (!text.contains(replacement.getKey())) {
        throw new AssertionError(name + " has no " + replacement.getKey());
      }
      text = text.replace(replacement.getKey(), replacement.getValue());
    }
    Path target = folder.resolve(name);
    Files.createDirectories(target.getParent());
    Files.writeString(target, text);
  }

  private void identities(X509Certificate root, Identity point, List<X509Certificate> issuers)
      throws IOException {
    Path files = Files.createDirectories(folder.resolve("files"));
    Identity shown = server(TestPki.manufacturer("radius " + authentication).authority());
    Files.writeString(files.resolve("root.pem"), TestPki.pem(root));
    Files.writeString(files.resolve("point.crt"), chain(point.chain()));
    Files.writeString(files.resolve("point.key"), key(point.keys()));
    Files.writeString(files.resolve("issuers.pem"), chain(issuers));
    Files.writeString(files.resolve("server.crt"), chain(shown.chain()));
    Files.writeString(files.resolve("server.key"), key(shown.keys()));
    Files.writeString(files.resolve("authority.pem"), TestPki.pem(shown.chain().getLast()));
  }

  /** A server for localhost, with its authority behind it. */
  static Identity server(Identity authority) {
    try {
      KeyPair keys = TestPki.key();
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
      extensions.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, "localhost")));
      Instant now = Instant.now();
      X509Certificate certificate = TestPki.certify(
          new X500Name("CN=localhost"),
          keys,
          authority,
          now.minus(1, ChronoUnit.HOURS),
          now.plus(1, ChronoUnit.DAYS),
          false,
          extensions);
      return new Identity(keys, List.of(certificate, authority.certificate()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int disconnectPort() {
    return disconnect;
  }

  /** One EAP-TLS session of a device. */
  Outcome authenticate(Identity device, String station, String userName) {
    try {
      Path own = Files.createTempDirectory(folder, "supplicant");
      Files.writeString(own.resolve("device.crt"), TestPki.pem(device.certificate()));
      Files.writeString(own.resolve("device.key"), key(device.keys()));
      Files.writeString(own.resolve("eap.conf"), """
          network={
            key_mgmt=WPA-EAP
            eap=TLS
            identity="%s"
            ca_cert="%s"
            client_cert="%s"
            private_key="%s"
          }
          """.formatted(
              userName,
              folder.resolve("files/authority.pem"),
              own.resolve("device.crt"),
              own.resolve("device.key")));
      Said said = Peers.run(
          own,
          "eapol_test",
          "-c",
          "eap.conf",
          "-a",
          "127.0.0.1",
          "-p",
          Integer.toString(authentication),
          "-s",
          SECRET,
          "-M",
          station,
          "-t",
          "15",
          "-N",
          "30:s:00-11-22-33-44-55:corp");
      List<String> lines = said.output().lines().toList();
      String last = lines.isEmpty() ? "" : lines.getLast();
      if (!last.equals("SUCCESS") && !last.equals("FAILURE")) {
        throw new AssertionError("eapol_test said neither:\n" + said.output() + log());
      }
      return new Outcome(last.equals("SUCCESS"), said.output());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An Accounting-Request by radclient; fails without an answer. */
  void account(Map<String, String> attributes) {
    try {
      Path packet = Files.createTempFile(folder, "accounting", ".txt");
      Files.writeString(
          packet,
          attributes.entrySet().stream()
              .map(attribute -> attribute.getKey() + " = " + attribute.getValue() + "\n")
              .collect(Collectors.joining()));
      Peers.run(
              folder,
              "radclient",
              "-r",
              "1",
              "-t",
              "10",
              "-f",
              packet.toString(),
              "127.0.0.1:" + accounting,
              "acct",
              SECRET)
          .orFail();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String log() {
    try {
      return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroy();
    Eventually.holds(PATIENCE, "FreeRADIUS ends", () -> !process.isAlive());
  }

  static int freePort() {
    try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String chain(List<X509Certificate> chain) {
    return chain.stream().map(TestPki::pem).collect(Collectors.joining());
  }

  private static String key(KeyPair keys) {
    return TestPki.pem("PRIVATE KEY", keys.getPrivate().getEncoded());
  }
}
