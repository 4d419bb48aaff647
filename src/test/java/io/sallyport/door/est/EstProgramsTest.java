package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.CommandLine;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.Plant;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation of EST by curl and by this project's own command line. */
@QuarkusTest
class EstProgramsTest extends EstPeersTest {
  /** Takes a multipart message apart by a reader of MIME, and leaves each part as what its base64 is of. */
  private static final String TAKE_APART = """
      import email, sys
      head = open('head').read()
      kind = [l for l in head.splitlines() if l.lower().startswith('content-type:')][-1]
      message = email.message_from_bytes(kind.encode() + b'\\n\\n' + open('body', 'rb').read())
      assert message.is_multipart() and not message.defects, message.defects
      for part in message.get_payload():
          open(part.get_content_type().replace('/', '-'), 'wb').write(part.get_payload(decode=True))
          print(part.get_content_type(), part['Content-Transfer-Encoding'])
      """;

  @TempDir
  private Path folder;

  @BeforeEach
  void trust() throws IOException {
    Files.writeString(folder.resolve("root.pem"), TestPki.pem(wire.root()));
  }

  @Test
  void curlFetchesTheAuthorities() {
    Peers.need("curl", "openssl");

    assertEquals(200, curl("cacerts"));

    String subjects =
        sh("openssl base64 -d -A -in body | openssl pkcs7 -inform der -print_certs -noout");
    assertTrue(subjects.contains("subject="), subjects);
  }

  @Test
  void curlReadsWhatIsAskedFor() {
    Peers.need("curl", "openssl");

    assertEquals(200, curl(ASKED + "/csrattrs"));
    String asked = sh("openssl base64 -d -A -in body | openssl asn1parse -inform der");
    assertTrue(asked.contains("prime256v1") && asked.contains("Extension Request"), () -> asked);
    assertEquals(204, curl(KEYGEN + "/csrattrs"));
    assertEquals(0, folder.resolve("body").toFile().length());
  }

  @Test
  void curlGetsAKeyThatTheServerMadeAndRenewsByIt() throws IOException {
    Peers.need("curl", "openssl", "python3");
    Unit unit = unit();
    show(unit);
    request("/CN=" + unit.serialNumber());

    assertEquals(200, curl(KEYGEN + "/serverkeygen", idevid()));
    assertEquals(
        "application/pkcs8 base64\napplication/pkcs7-mime base64\n",
        run("python3", "-c", TAKE_APART).orFail());
    sh("openssl pkey -inform der -in application-pkcs8 -out made.key;"
        + " openssl pkcs7 -inform der -in application-pkcs7-mime -print_certs"
        + " | openssl x509 -out made.pem");
    assertEquals(
        sh("openssl x509 -in made.pem -noout -pubkey"), sh("openssl pkey -in made.key -pubout"));

    request("/serialNumber=" + unit.serialNumber());
    assertEquals(200, curl(KEYGEN + "/simplereenroll", "--cert", "made.pem", "--key", "made.key"));
    assertEquals(2, certificates(unit));
  }

  @Test
  void curlIsToldToComeBackUntilItIsApproved() throws IOException {
    Peers.need("curl", "openssl");
    Unit unit = unit();
    show(unit);
    request("/CN=" + unit.serialNumber());

    assertEquals(202, curl(APPROVED + "/simpleenroll", idevid()));
    assertTrue(Files.readString(folder.resolve("head"))
        .toLowerCase(Locale.ROOT)
        .contains("\r\nretry-after: "));
    approve(unit);

    assertEquals(200, curl(APPROVED + "/simpleenroll", idevid()));
    assertEquals(1, certificates(unit));
  }

  @Test
  void curlIsToldWhatThereIsNot() {
    Peers.need("curl", "openssl");
    request("/CN=nobody");

    assertEquals(501, curl("fullcmc", "--data-binary", "@csr"));
    assertEquals(401, curl(KEYGEN + "/serverkeygen", post()));
  }

  @Test
  void theCommandLineBringsWhatIsAskedForAndRenews() throws IOException {
    Unit unit = unit();
    show(unit);

    CommandLine.Said enrolled = enroll(unit, "--label", ASKED);
    assertEquals(0, enrolled.code(), enrolled.text());
    CommandLine.Said renewed = cli("renew", "--label", ASKED);

    assertEquals(0, renewed.code(), renewed.text());
    assertEquals(2, certificates(unit));
  }

  @Test
  void theCommandLineGetsAKeyThatTheServerMadeAndRenewsByIt() throws IOException {
    Unit unit = unit();
    show(unit);

    CommandLine.Said enrolled = enroll(unit, "--label", KEYGEN, "--server-key");
    assertEquals(0, enrolled.code(), enrolled.text());
    X509Certificate first = certificate();
    CommandLine.Said again = enroll(unit, "--label", KEYGEN, "--server-key");
    assertTrue(again.text().contains("Enrolled already"), again.text());
    CommandLine.Said renewed = cli("renew", "--label", KEYGEN);

    assertEquals(0, renewed.code(), renewed.text());
    assertFalse(first.equals(certificate()), "it has a successor");
    assertEquals(first.getPublicKey(), certificate().getPublicKey());
    assertEquals(2, certificates(unit));
  }

  @Test
  void theCommandLineEndsWithFiveUntilItIsApproved() throws IOException {
    Unit unit = unit();
    show(unit);

    CommandLine.Said pending = enroll(unit, "--label", APPROVED);
    assertEquals(5, pending.code(), pending.text());
    approve(unit);
    CommandLine.Said enrolled = enroll(unit, "--label", APPROVED);

    assertEquals(0, enrolled.code(), enrolled.text());
    assertEquals(1, certificates(unit));
  }

  private void show(Unit unit) throws IOException {
    Files.writeString(folder.resolve("idevid.pem"), TestPki.pem(unit.idevid().certificate()));
    Files.writeString(
        folder.resolve("idevid.key"),
        TestPki.pem("PRIVATE KEY", unit.idevid().keys().getPrivate().getEncoded()));
  }

  /** A key in own.key, a request in request.pem, and in csr as it goes over the wire. */
  private void request(String subject) {
    sh("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout own.key"
        + " -subj " + subject + " -out request.pem 2>/dev/null;"
        + " openssl req -in request.pem -outform der | openssl base64 -out csr");
  }

  private static String[] idevid() {
    return new String[] {"--cert", "idevid.pem", "--key", "idevid.key"};
  }

  private static String[] post() {
    return new String[] {"--data-binary", "@csr"};
  }

  /** The status; headers in head, the body in body. A request goes with it where there are credentials. */
  private int curl(String path, String... more) {
    List<String> command = new ArrayList<>(List.of("curl", "-sS", "--cacert", "root.pem"));
    command.addAll(List.of("-D", "head", "-o", "body", "-w", "%{http_code}"));
    if (more.length > 0) {
      command.addAll(List.of("-H", "Content-Type: application/pkcs10"));
      command.addAll(List.of(more));
    }
    if (more.length == 4) {
      command.addAll(List.of(post()));
    }
    command.add(wire.devices() + "/.well-known/est/" + path);
    return Integer.parseInt(run(command.toArray(String[]::new)).orFail().strip());
  }

  private CommandLine.Said enroll(Unit unit, String... more) {
    List<String> arguments = new ArrayList<>(List.of(
        "enroll",
        "--idevid-cert",
        folder.resolve("idevid.pem").toString(),
        "--idevid-key",
        folder.resolve("idevid.key").toString()));
    arguments.addAll(List.of(more));
    return cli(arguments.toArray(String[]::new));
  }

  private CommandLine.Said cli(String... arguments) {
    try {
      Files.writeString(
          folder.resolve("server.json"),
          "{\"people\":\"" + wire.people() + "\",\"devices\":\"" + wire.devices() + "\"}");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    List<String> command = new ArrayList<>(List.of("device"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--dir", folder.resolve("device").toString()));
    return CommandLine.run(folder, command.toArray(String[]::new));
  }

  private X509Certificate certificate() throws IOException {
    return Plant.certificate(Files.readString(folder.resolve("device").resolve("cert.pem")));
  }

  private String sh(String script) {
    return run("sh", "-c", "set -e; " + script).orFail();
  }

  private Said run(String... command) {
    return Peers.run(folder, command);
  }
}
