package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ceremony of a root that is kept off the server, by the command line, and what comes of it on a server. */
@QuarkusTest
class OfflineRootTest extends ServerTest {
  private static final String PASSPHRASE = "correct horse battery staple";

  @TempDir
  Path folder;

  private record Said(int code, String out, String err) {
    Said done() {
      assertEquals(0, code, out + err);
      return this;
    }
  }

  private static Said run(String... command) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Sallyport.run(command, new PrintWriter(out, true), new PrintWriter(err, true), Map.of());
    return new Said(code, out.toString(), err.toString());
  }

  private Said authority(String act, String... more) {
    String[] command = new String[more.length + 3];
    command[0] = "admin";
    command[1] = "authority";
    command[2] = act;
    System.arraycopy(more, 0, command, 3, more.length);
    return run(command);
  }

  private Path passphrase() throws Exception {
    return Files.writeString(folder.resolve("passphrase"), PASSPHRASE + "\n");
  }

  private Path root(String kind) throws Exception {
    Path root = folder.resolve("root");
    authority(
            "offline-root",
            root.toString(),
            "--subject",
            "O=Off,CN=Off Root " + kind,
            "--key",
            kind,
            "--permit",
            "dn:O=Off",
            "--passphrase-file",
            passphrase().toString())
        .done();
    return root;
  }

  @ParameterizedTest
  @ValueSource(strings = {"rsa-3072", "ed25519", "ml-dsa-65"})
  void theKeyIsEncryptedAndOthersCanReadIt(String kind) throws Exception {
    Peers.need("openssl");
    Path root = root(kind);

    String key = Files.readString(root.resolve("root.key"));
    assertTrue(key.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----"), key);
    if (!kind.startsWith("ml-dsa")) {
      Peers.run(
              root,
              "openssl",
              "pkey",
              "-in",
              "root.key",
              "-passin",
              "file:" + folder.resolve("passphrase"),
              "-pubout",
              "-out",
              "root.pub")
          .orFail();
      String of = Peers.run(root, "openssl", "x509", "-in", "root.pem", "-noout", "-pubkey")
          .orFail();
      assertEquals(Files.readString(root.resolve("root.pub")), of);
      String forms = Peers.run(root, "openssl", "asn1parse", "-in", "root.key").orFail();
      assertTrue(forms.contains("PBES2"), forms);
      assertTrue(forms.contains("aes-256-cbc"), forms);
      assertTrue(forms.contains("hmacWithSHA256"), forms);
    }
    authority(
            "offline-list",
            root.toString(),
            "--passphrase-file",
            folder.resolve("passphrase").toString())
        .done();
  }

  @Test
  void anAuthorityIsCertifiedByCeremonyAndItsListTaken() throws Exception {
    Peers.need("openssl");
    Path root = root("ec-p384");
    try (Plant plant = Plant.open(wire, "offline-ceremony")) {
      plant
          .person(
              "POST",
              "/api/v1/authorities",
              Map.of("name", "off-root", "certificate", Files.readString(root.resolve("root.pem"))))
          .expect(201);
      String request = plant
          .person(
              "POST",
              "/api/v1/authorities",
              Map.of(
                  "name",
                  "off-issuing",
                  "issuer",
                  "off-root",
                  "subject",
                  "O=Off,CN=Off Issuing",
                  "permitted",
                  java.util.List.of("dns:off.example")))
          .expect(201)
          .json()
          .get("request")
          .asText();
      Path csr = Files.writeString(folder.resolve("off.csr"), request);
      Peers.run(folder, "openssl", "req", "-in", "off.csr", "-verify", "-noout").orFail();

      Path signed = folder.resolve("off.pem");
      Said ceremony = authority(
              "offline-sign",
              root.toString(),
              "--request",
              csr.toString(),
              "--out",
              signed.toString(),
              "--yes",
              "--passphrase-file",
              passphrase().toString())
          .done();
      assertTrue(ceremony.out.contains("permitted: dns:off.example"), ceremony.out);
      assertTrue(ceremony.out.contains("/crl/off-root/0.crl"), ceremony.out);
      String strange =
          TestPki.pem(TestPki.manufacturer("Off Strange").authority().certificate());
      plant
          .person(
              "POST", "/api/v1/authorities/off-issuing/certificate", Map.of("certificate", strange))
          .expect(422);
      plant
          .person(
              "POST",
              "/api/v1/authorities/off-issuing/certificate",
              Map.of("certificate", Files.readString(signed)))
          .expect(200);
      StatusClient status = new StatusClient(wire);
      X509Certificate issuing = status.authority("off-issuing");
      Files.copy(root.resolve("root.pem"), folder.resolve("root.pem"));

      list(root);
      assertEquals(
          1,
          plant
              .person(
                  "POST",
                  "/api/v1/authorities/off-root/list",
                  Map.of("list", Files.readString(root.resolve("root.crl"))))
              .expect(200)
              .json()
              .get("number")
              .asInt());
      plant
          .person(
              "POST",
              "/api/v1/authorities/off-root/list",
              Map.of("list", Files.readString(root.resolve("root.crl"))))
          .expect(422);
      Files.copy(root.resolve("root.crl"), folder.resolve("first.crl"));
      Peers.run(
              folder,
              "openssl",
              "verify",
              "-x509_strict",
              "-crl_check",
              "-CRLfile",
              "first.crl",
              "-CAfile",
              "root.pem",
              "off.pem")
          .orFail();
      assertEquals(
          BigInteger.ZERO,
          BigInteger.valueOf(
              status.crlAt("/crl/off-root/0.crl").getRevokedCertificates() == null ? 0 : 1));
      Patience.untilTrue(
          "lists of the authority", () -> status.get("/crl/off-issuing/0.crl").statusCode() == 200);
      assertEquals("O=Off,CN=Off Issuing", name(issuing));
      assertRecorded(root);

      authority(
              "offline-list",
              root.toString(),
              "--revoke",
              signed.toString(),
              "--passphrase-file",
              passphrase().toString())
          .done();
      assertEquals(
          1,
          plant
              .person(
                  "POST",
                  "/api/v1/authorities/off-root/list",
                  Map.of("list", Files.readString(root.resolve("root.crl"))))
              .expect(200)
              .json()
              .get("entries")
              .asInt());
      assertEquals(
          "revoked",
          plant
              .person("GET", "/api/v1/authorities/off-issuing", null)
              .expect(200)
              .json()
              .get("status")
              .asText());
      assertNotNull(
          status.crlAt("/crl/off-root/0.crl").getRevokedCertificate(issuing.getSerialNumber()));
      Files.delete(root.resolve("root.crl"));
      String forgotten = authority(
              "offline-list", root.toString(), "--passphrase-file", passphrase().toString())
          .err();
      assertTrue(forgotten.contains("put the last one back"), forgotten);
    }
  }

  private void list(Path root) throws Exception {
    authority("offline-list", root.toString(), "--passphrase-file", passphrase().toString())
        .done();
  }

  private static String name(X509Certificate certificate) {
    return org.bouncycastle.asn1.x500.X500Name.getInstance(
            certificate.getSubjectX500Principal().getEncoded())
        .toString();
  }

  /** Each entry is over all that stood before it. */
  private static void assertRecorded(Path root) throws Exception {
    String record = Files.readString(root.resolve("ceremony.txt"));
    StringBuilder before = new StringBuilder();
    int acts = 0;
    StringBuilder entry = new StringBuilder();
    for (String line : record.split("(?<=\n)")) {
      entry.append(line);
      if (line.startsWith("  before this: sha-256 ")) {
        assertEquals(
            Digest.of(before.toString().getBytes(StandardCharsets.UTF_8)).hex(),
            line.strip().substring("before this: sha-256 ".length()));
        before.append(entry);
        entry.setLength(0);
        acts++;
      }
    }
    assertEquals(3, acts, record);
    assertTrue(record.contains("root made"), record);
    assertTrue(record.contains("certificate signed"), record);
    assertTrue(record.contains("list signed"), record);
  }

  /** Those of a first start say nothing of what they want. */
  @Test
  void aRequestWithoutExtensionsIsSignedAsAnIssuingAuthority() throws Exception {
    Peers.need("openssl");
    Path root = root("ec-p256");
    Path csr = Files.writeString(
        folder.resolve("devices.csr"),
        TestPki.pem(
            "CERTIFICATE REQUEST", TestPki.request(TestPki.key(), "O=Off,CN=Devices", null)));
    Path out = folder.resolve("devices.pem");

    authority(
            "offline-sign",
            root.toString(),
            "--request",
            csr.toString(),
            "--out",
            out.toString(),
            "--status-url",
            "http://status.off.example:8080",
            "--yes",
            "--passphrase-file",
            passphrase().toString())
        .done();

    Peers.run(
            folder,
            "openssl",
            "verify",
            "-x509_strict",
            "-CAfile",
            root.resolve("root.pem").toString(),
            "devices.pem")
        .orFail();
    String text = Peers.run(folder, "openssl", "x509", "-in", "devices.pem", "-noout", "-text")
        .orFail();
    assertTrue(text.contains("CA:TRUE, pathlen:0"), text);
    assertTrue(text.contains("http://status.off.example:8080/crl/root/0.crl"), text);
    assertTrue(text.contains("http://status.off.example:8080/ca/root.cer"), text);
  }

  @Test
  void whatTheRootDoesNotPermitIsNotSigned() throws Exception {
    Path root = root("ec-p256");
    Path csr = Files.writeString(
        folder.resolve("other.csr"),
        TestPki.pem(
            "CERTIFICATE REQUEST", TestPki.request(TestPki.key(), "O=Other,CN=Elsewhere", null)));
    Path out = folder.resolve("other.pem");

    Said refused = authority(
        "offline-sign",
        root.toString(),
        "--request",
        csr.toString(),
        "--out",
        out.toString(),
        "--yes",
        "--passphrase-file",
        passphrase().toString());

    assertEquals(1, refused.code, refused.out + refused.err);
    assertTrue(refused.err.contains("name constraints"), refused.err);
    assertFalse(Files.exists(out));
  }

  static Stream<Arguments> neverSigned() {
    return Stream.of(
        Arguments.of("the root's own subject", TestPki.key(), "O=Off,CN=Off Root ec-p256", "P90D"),
        Arguments.of("no subject", TestPki.key(), "", "P90D"),
        Arguments.of("RSA has 2048 bits", TestPki.rsa(2048), "O=Off,CN=Weak", "P90D"),
        Arguments.of("--validity", TestPki.key(), "O=Off,CN=Never", "PT0S"),
        Arguments.of("--validity", TestPki.key(), "O=Off,CN=Before", "P-1D"));
  }

  @ParameterizedTest
  @MethodSource("neverSigned")
  void whatIsNoAuthorityIsNotSigned(String because, KeyPair keys, String subject, String validity)
      throws Exception {
    Path root = root("ec-p256");
    Path csr = Files.writeString(
        folder.resolve("never.csr"),
        TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, subject, null)));
    Path out = folder.resolve("never.pem");

    Said refused = authority(
        "offline-sign",
        root.toString(),
        "--request",
        csr.toString(),
        "--out",
        out.toString(),
        "--validity",
        validity,
        "--yes",
        "--passphrase-file",
        passphrase().toString());

    assertNotEquals(0, refused.code, refused.out + refused.err);
    assertTrue(refused.err.contains(because), refused.err);
    assertFalse(Files.exists(out));
    assertFalse(Files.readString(root.resolve("ceremony.txt")).contains("certificate signed"));
  }

  @Test
  void aKeyOnAnotherCurveIsNotSigned() throws Exception {
    Peers.need("openssl");
    Path root = root("ec-p256");
    Peers.run(
            folder,
            "openssl",
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:secp256k1",
            "-nodes",
            "-keyout",
            "odd.key",
            "-subj",
            "/O=Off/CN=Odd",
            "-out",
            "odd.csr")
        .orFail();

    Said refused = authority(
        "offline-sign",
        root.toString(),
        "--request",
        folder.resolve("odd.csr").toString(),
        "--out",
        folder.resolve("odd.pem").toString(),
        "--yes",
        "--passphrase-file",
        passphrase().toString());

    assertEquals(1, refused.code, refused.out + refused.err);
    assertTrue(refused.err.contains("use P-256, P-384"), refused.err);
  }

  @Test
  void aWrongPassphraseSignsNothing() throws Exception {
    Path root = root("ec-p256");
    Path wrong = Files.writeString(folder.resolve("wrong"), "not the passphrase");

    Said refused =
        authority("offline-list", root.toString(), "--passphrase-file", wrong.toString());

    assertEquals(1, refused.code, refused.out + refused.err);
    assertTrue(refused.err.contains("passphrase"), refused.err);
    assertFalse(Files.exists(root.resolve("root.crl")));
  }

  @Test
  void aRootIsMadeOnce() throws Exception {
    Path root = root("ec-p256");

    Said again = authority(
        "offline-root",
        root.toString(),
        "--subject",
        "CN=Again",
        "--passphrase-file",
        passphrase().toString());

    assertEquals(2, again.code, again.out + again.err);
  }
}
