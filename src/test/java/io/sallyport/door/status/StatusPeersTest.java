package io.sallyport.door.status;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Der;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.Plant;
import io.sallyport.testing.StatusClient;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Status as programs that others wrote see it: OpenSSL, GnuTLS, NSS. */
@QuarkusTest
class StatusPeersTest extends StatusServerTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  @BeforeEach
  void chain() throws Exception {
    Files.writeString(folder.resolve("root.pem"), pem(wire.root()));
    Files.writeString(folder.resolve("issuer.pem"), pem(devices));
  }

  private X509Certificate leaf() throws Exception {
    X509Certificate leaf = certificate();
    Files.writeString(folder.resolve("leaf.pem"), pem(leaf));
    return leaf;
  }

  private static String pem(X509Certificate certificate) throws CertificateEncodingException {
    return Der.of(certificate.getEncoded()).pem("CERTIFICATE");
  }

  private Said run(String... command) {
    return Peers.run(folder, command);
  }

  private String openssl(String nonce) {
    String said = run(
            "openssl",
            "ocsp",
            "-issuer",
            "issuer.pem",
            "-cert",
            "leaf.pem",
            "-url",
            wire.status() + "/ocsp",
            nonce,
            "-CAfile",
            "root.pem",
            "-verify_other",
            "issuer.pem")
        .orFail();
    assertTrue(said.contains("Response verify OK"), said);
    return said;
  }

  /** OpenSSL makes the request and reads the answer; in between it goes as a GET. */
  private String opensslByGet() throws IOException {
    run(
            "openssl",
            "ocsp",
            "-issuer",
            "issuer.pem",
            "-cert",
            "leaf.pem",
            "-no_nonce",
            "-reqout",
            "request.der")
        .orFail();
    String base64 =
        Base64.getEncoder().encodeToString(Files.readAllBytes(folder.resolve("request.der")));
    Files.write(
        folder.resolve("answer.der"),
        status.get("/ocsp/" + URLEncoder.encode(base64, StandardCharsets.UTF_8)).body());
    String said = run(
            "openssl",
            "ocsp",
            "-issuer",
            "issuer.pem",
            "-cert",
            "leaf.pem",
            "-no_nonce",
            "-respin",
            "answer.der",
            "-CAfile",
            "root.pem",
            "-verify_other",
            "issuer.pem")
        .orFail();
    assertTrue(said.contains("Response verify OK"), said);
    return said;
  }

  @Test
  void opensslIsToldGoodThenRevokedWithAndWithoutANonceAndByGet() throws Exception {
    Peers.need("openssl");
    X509Certificate leaf = leaf();
    assertTrue(openssl("-no_nonce").contains("leaf.pem: good"));
    assertTrue(openssl("-nonce").contains("leaf.pem: good"));
    assertTrue(opensslByGet().contains("leaf.pem: good"));

    revoke(leaf, "key-compromise");

    for (String said : new String[] {openssl("-no_nonce"), openssl("-nonce"), opensslByGet()}) {
      assertTrue(said.contains("leaf.pem: revoked"), said);
      assertTrue(said.contains("Reason: keyCompromise"), said);
    }
  }

  @Test
  void gnutlsIsToldGoodThenRevoked() throws Exception {
    Peers.need("ocsptool");
    X509Certificate leaf = leaf();
    assertTrue(gnutls().orFail().contains("Certificate Status: good"), gnutls().output());

    revoke(leaf, "superseded");

    assertTrue(
        gnutls().output().contains("Certificate Status: revoked"), gnutls().output());
  }

  private Said gnutls() {
    return run(
        "ocsptool",
        "--ask=" + wire.status() + "/ocsp",
        "--load-cert",
        "leaf.pem",
        "--load-issuer",
        "issuer.pem",
        "--load-trust",
        "issuer.pem");
  }

  @Test
  void theListOfItsShardConvinces() throws Exception {
    Peers.need("openssl", "certtool");
    X509Certificate leaf = leaf();
    String list = StatusClient.list("devices", leaf.getSerialNumber());
    write(status.crlAt(list));
    crlCheck().orFail();

    revoke(leaf, "key-compromise");
    BigInteger serial = leaf.getSerialNumber();
    write(status.crlAt(list, crl -> crl.getRevokedCertificate(serial) != null));

    Said revoked = crlCheck();
    assertNotEquals(0, revoked.code(), revoked.output());
    assertTrue(revoked.output().contains("certificate revoked"), revoked.output());
    String listed = run(
            "certtool",
            "--verify-crl",
            "--load-ca-certificate",
            "issuer.pem",
            "--infile",
            "list.pem")
        .orFail();
    assertTrue(listed.contains("Verification output: Verified"), listed);
  }

  /** The list of before the revocation and the delta that came with it; an authority of its own, so that nothing else does. */
  @Test
  void aRevocationThatOnlyTheDeltaTellsOfConvinces() throws Exception {
    Peers.need("openssl");
    try (Plant plant = Plant.open(wire, "status-delta")) {
      plant
          .person(
              "POST",
              "/api/v1/authorities",
              Map.of("name", "status-delta", "issuer", "root", "subject", "CN=Status Delta"))
          .expect(201);
      wire.document("/api/v1/certificate-profiles/status-delta", """
          apiVersion: sallyport.io/v1
          kind: CertificateProfile
          metadata: {name: status-delta}
          spec:
            issuer: status-delta
            subject: [{serialNumber: "${hardware.serialNumber}"}]
            extendedKeyUsages: [clientAuth]
          """);
      wire.document("/api/v1/profiles/status-delta", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: status-delta}
          spec: {certificateProfiles: [status-delta]}
          """);
      X509Certificate leaf = plant.enrolled("DELTA-1").identity().certificate();
      BigInteger serial = leaf.getSerialNumber();
      String path = StatusClient.list("status-delta", serial);
      Patience.untilTrue("the first list", () -> status.get(path).statusCode() == 200);
      Files.writeString(folder.resolve("issuer.pem"), pem(status.authority("status-delta")));
      Files.writeString(folder.resolve("leaf.pem"), pem(leaf));
      write(status.crlAt(path));

      plant
          .person(
              "POST",
              "/api/v1/certificates/status-delta/" + serial.toString(16) + "/revoke",
              Map.of("reason", "key-compromise"))
          .expect(200);
      X509CRL delta = status.crlAt(
          path.replace(".crl", "-delta.crl"), crl -> crl.getRevokedCertificate(serial) != null);
      Files.writeString(folder.resolve("delta.pem"), Der.of(delta.getEncoded()).pem("X509 CRL"));

      crlCheck().orFail();
      Said revoked = crlCheck("-use_deltas", "-CRLfile", "delta.pem");
      assertNotEquals(0, revoked.code(), revoked.output());
      assertTrue(revoked.output().contains("certificate revoked"), revoked.output());
    }
  }

  private void write(X509CRL list) throws Exception {
    Files.write(folder.resolve("list.crl"), list.getEncoded());
    Files.writeString(folder.resolve("list.pem"), Der.of(list.getEncoded()).pem("X509 CRL"));
  }

  private Said crlCheck(String... options) {
    List<String> command = new ArrayList<>(
        List.of("openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", "list.pem"));
    command.addAll(List.of(options));
    command.addAll(List.of("-CAfile", "root.pem", "-untrusted", "issuer.pem", "leaf.pem"));
    return run(command.toArray(String[]::new));
  }

  /** NSS knows no distribution points in lists and refuses these; it asks by OCSP, where the certificate says. */
  @Test
  void nssIsToldGoodThenRevoked() throws Exception {
    Peers.need("certutil", "vfychain");
    X509Certificate leaf = leaf();
    Files.createDirectories(folder.resolve("nss"));
    run("certutil", "-N", "-d", "sql:nss", "--empty-password").orFail();
    run("certutil", "-A", "-d", "sql:nss", "-n", "root", "-t", "CT,C,C", "-a", "-i", "root.pem")
        .orFail();
    run("certutil", "-A", "-d", "sql:nss", "-n", "issuer", "-t", ",,", "-a", "-i", "issuer.pem")
        .orFail();
    assertTrue(vfychain().output().contains("Chain is good!"), vfychain().output());

    revoke(leaf, "key-compromise");

    Said revoked = vfychain();
    assertTrue(revoked.output().contains("Chain is bad!"), revoked.output());
    assertTrue(revoked.output().toLowerCase(Locale.ROOT).contains("revoked"), revoked.output());
  }

  /** As a TLS client's certificate; without an answer about the leaf the chain is bad. */
  private Said vfychain() {
    return run(
        "vfychain",
        "-d",
        "sql:nss",
        "-pp",
        "-u",
        "0",
        "-g",
        "leaf",
        "-m",
        "ocsp",
        "-s",
        "failIfNoInfo",
        "-a",
        "leaf.pem");
  }
}
