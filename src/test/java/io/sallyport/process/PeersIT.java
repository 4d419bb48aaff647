package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.Eventually;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What standard clients and independent readers make of this server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PeersIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String MAKER = "Peers";

  @TempDir
  static Path folder;

  private final Manufacturer maker = TestPki.manufacturer(MAKER);
  private ServerProcess server;
  private Wire wire;

  @BeforeAll
  void start() throws IOException {
    server = ServerProcess.start(folder.resolve("data"), Map.of());
    wire = server.wire();
    wire.register(maker);
    wire.document("/api/v1/profiles/peer", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: peer}
        """);
    Files.copy(server.data().resolve("root.pem"), folder.resolve("root.pem"));
  }

  @AfterAll
  void stop() {
    System.out.printf(
        "Resident memory of the server after the peers: %d MiB%n", server.residentMebibytes());
    server.close();
  }

  @Test
  void curlAndOpensslEnrollByFactoryCertificateAndRenew() throws IOException {
    Peers.need("curl", "openssl");
    Path here = device("P-1");
    wire.register(maker, "P-1", "peer");
    idevid(here, "P-1");

    request(here, "first", "/CN=P-1");
    est(here, "simpleenroll", "idevid", "first");
    request(here, "second", subject("P-1"));
    est(here, "simplereenroll", "first", "second");

    assertAll(
        () -> assertEquals(
            serial(here, "second"), shownSerial("P-1"), "the inventory has what the client has"),
        () -> assertNotEquals(serial(here, "first"), serial(here, "second")),
        () -> assertChainHolds(here, "first"),
        () -> assertChainHolds(here, "second"),
        () -> assertTrue(
            run(here, "openssl", "x509", "-in", "second.pem", "-noout", "-pubkey")
                .orFail()
                .equals(
                    run(here, "openssl", "pkey", "-in", "second.key", "-pubout").orFail()),
            "the certificate is for the device's own key"));
  }

  @Test
  void curlAndOpensslEnrollByToken() throws IOException {
    Peers.need("curl", "openssl");
    Path here = device("P-2");
    String token = token(wire.register(maker, "P-2", "peer"));
    request(here, "own", "/CN=P-2");
    base64(here, "own");

    int refused = curl(here, "simpleenroll", "own", "--user", "device:not-the-token");
    int status = curl(here, "simpleenroll", "own", "--user", "device:" + token);
    unwrap(here, "own");

    assertEquals(401, refused);
    assertEquals(200, status);
    assertChainHolds(here, "own");
  }

  @Test
  void strongswanFetchesTheAuthoritiesEnrollsByTokenAndRenews() throws IOException {
    Peers.need("pki", "openssl");
    Path here = device("P-3");
    String token = token(wire.register(maker, "P-3", "peer"));

    run(
            here,
            "pki",
            "--estca",
            "--url",
            wire.devices(),
            "--cacert",
            "../root.pem",
            "--caout",
            "ca.crt",
            "--force")
        .orFail();
    request(here, "first", "/CN=P-3");
    Said enrolled = run(
        here,
        "sh",
        "-c",
        "pki --est --url " + wire.devices() + " --in first.csr --cacert ../root.pem"
            + " --cacert ../devices.pem --userpass device:" + token + " --outform pem >first.pem");
    enrolled.orFail();
    request(here, "second", subject("P-3"));
    run(
            here,
            "sh",
            "-c",
            "pki --est --url " + wire.devices() + " --in second.csr --cacert ../root.pem"
                + " --cacert ../devices.pem --cert first.pem --key first.key --outform pem >second.pem")
        .orFail();

    assertChainHolds(here, "first");
    assertChainHolds(here, "second");
    assertNotEquals(serial(here, "first"), serial(here, "second"));
    assertTrue(run(
                here,
                "sh",
                "-c",
                "openssl x509 -noout -fingerprint -in ca*.crt || openssl x509 -inform der -noout"
                    + " -fingerprint -in ca.crt")
            .code()
        == 0);
  }

  @Test
  void independentReadersAcceptWhatIsIssued() throws IOException {
    Peers.need("curl", "openssl", "certtool", "certutil", "pki");
    Path here = device("P-4");
    enrolled(here, "P-4");

    Said gnutls = run(
        here,
        "sh",
        "-c",
        "cat own.pem ../devices.pem ../root.pem >chain.pem;"
            + " certtool --verify --load-ca-certificate ../root.pem --infile chain.pem");
    run(
            here,
            "sh",
            "-c",
            "mkdir nss && certutil -N -d sql:nss --empty-password"
                + " && certutil -A -d sql:nss -n root -t CT,, -i ../root.pem"
                + " && certutil -A -d sql:nss -n devices -t ,, -i ../devices.pem"
                + " && certutil -A -d sql:nss -n own -t ,, -i own.pem")
        .orFail();
    Said nss = run(here, "certutil", "-V", "-d", "sql:nss", "-n", "own", "-u", "C", "-e");
    Said strongswan = run(
        here,
        "pki",
        "--verify",
        "--in",
        "own.pem",
        "--cacert",
        "../devices.pem",
        "--cacert",
        "../root.pem");

    assertChainHolds(here, "own");
    assertTrue(gnutls.orFail().contains("Verified. The certificate is trusted."), gnutls.output());
    assertTrue(nss.orFail().contains("certificate is valid"), nss.output());
    assertTrue(strongswan.orFail().contains("certificate trusted"), strongswan.output());
  }

  @Test
  void ocspAndCrlTellOfARevocation() throws IOException {
    Peers.need("curl", "openssl", "pki");
    Path here = device("P-5");
    String id = enrolled(here, "P-5");
    String url = run(here, "openssl", "x509", "-in", "own.pem", "-noout", "-ocsp_uri")
        .orFail()
        .strip();

    assertTrue(ocsp(here, url).contains("own.pem: good"), ocsp(here, url));
    run(here, "sh", "-c", crlCheck()).orFail();
    wire.admin(
        "POST",
        "/api/v1/devices/" + id + "/decommission",
        Map.of("reason", "scrapped", "revocation_reason", "key-compromise"));

    String said = ocsp(here, url);
    assertTrue(said.contains("own.pem: revoked") && said.contains("Reason: keyCompromise"), said);
    Eventually.holds(
        PATIENCE,
        "the CRL has the revocation",
        () -> run(here, "sh", "-c", crlCheck()).code() != 0);
    Said checked = run(here, "sh", "-c", crlCheck());
    assertTrue(checked.output().contains("certificate revoked"), checked.output());
    Said strongswan = run(
        here,
        "pki",
        "--verify",
        "--in",
        "own.pem",
        "--cacert",
        "../devices.pem",
        "--cacert",
        "../root.pem",
        "--crl",
        "devices.crl");
    assertTrue(
        strongswan.code() != 0 && strongswan.output().contains("revoked"), strongswan.output());
  }

  /** Fetches the list from where the certificate says it is, and asks openssl to look into it. */
  private static String crlCheck() {
    return "set -e; url=$(openssl x509 -in own.pem -noout -ext crlDistributionPoints | sed -n 's/.*URI://p');"
        + " curl -sSf -o devices.crl \"$url\"; openssl crl -inform der -in devices.crl -out crl.pem;"
        + " openssl verify -x509_strict -crl_check -CRLfile crl.pem -CAfile ../root.pem -untrusted ../devices.pem"
        + " own.pem";
  }

  private static String ocsp(Path here, String url) {
    String said = run(
            here,
            "openssl",
            "ocsp",
            "-issuer",
            "../devices.pem",
            "-cert",
            "own.pem",
            "-url",
            url,
            "-CAfile",
            "../root.pem",
            "-verify_other",
            "../devices.pem")
        .orFail();
    assertTrue(said.contains("Response verify OK"), said);
    return said;
  }

  private Path device(String number) throws IOException {
    if (!Files.exists(folder.resolve("devices.pem"))) {
      run(
              folder,
              "sh",
              "-c",
              "curl -sSf --cacert root.pem " + wire.devices() + "/.well-known/est/cacerts"
                  + " | openssl base64 -d -A | openssl pkcs7 -inform der -print_certs -out cacerts.pem")
          .orFail();
      run(
              folder,
              "sh",
              "-c",
              "curl -sSf " + wire.status() + "/ca/devices.cer"
                  + " | openssl x509 -inform der -out devices.pem")
          .orFail();
    }
    return Files.createDirectory(folder.resolve(number));
  }

  /** A device with a certificate in own.pem; answers its id. */
  private String enrolled(Path here, String number) throws IOException {
    String id = wire.register(maker, number, "peer");
    idevid(here, number);
    request(here, "own", "/CN=" + number);
    est(here, "simpleenroll", "idevid", "own");
    return id;
  }

  private void idevid(Path here, String number) throws IOException {
    Identity idevid = maker.idevid(number);
    Files.writeString(here.resolve("idevid.pem"), TestPki.pem(idevid.certificate()));
    Files.writeString(
        here.resolve("idevid.key"),
        TestPki.pem("PRIVATE KEY", idevid.keys().getPrivate().getEncoded()));
  }

  private static void request(Path here, String name, String subject) {
    run(
            here,
            "openssl",
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-noenc",
            "-keyout",
            name + ".key",
            "-subj",
            subject,
            "-out",
            name + ".csr")
        .orFail();
  }

  private static String subject(String number) {
    return "/O=" + MAKER + "/serialNumber=" + number + "/CN=" + number;
  }

  /** Enrolls or renews: {@code shown}.pem proves who it is, {@code wanted}.csr becomes {@code wanted}.pem. */
  private void est(Path here, String operation, String shown, String wanted) {
    base64(here, wanted);
    int status = curl(here, operation, wanted, "--cert", shown + ".pem", "--key", shown + ".key");
    assertEquals(200, status);
    unwrap(here, wanted);
  }

  private static void base64(Path here, String wanted) {
    run(
            here,
            "sh",
            "-c",
            "openssl req -in " + wanted + ".csr -outform der | openssl base64 >" + wanted + ".b64")
        .orFail();
  }

  private int curl(
      Path here, String operation, String wanted, String first, String second, String... more) {
    String proof = first + " " + second + " " + String.join(" ", more);
    return Integer.parseInt(run(
            here,
            "sh",
            "-c",
            "curl -sS --cacert ../root.pem " + proof
                + " -H 'Content-Type: application/pkcs10' --data-binary @" + wanted + ".b64 -o "
                + wanted
                + ".p7 -w '%{http_code}' " + wire.devices() + "/.well-known/est/" + operation)
        .orFail()
        .strip());
  }

  private static void unwrap(Path here, String wanted) {
    run(
            here,
            "sh",
            "-c",
            "openssl base64 -d -A -in " + wanted + ".p7 | openssl pkcs7 -inform der -print_certs"
                + " | openssl x509 -out " + wanted + ".pem")
        .orFail();
  }

  private static void assertChainHolds(Path here, String name) {
    Said said = run(
        here,
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslclient",
        "-CAfile",
        "../root.pem",
        "-untrusted",
        "../cacerts.pem",
        name + ".pem");
    assertEquals(name + ".pem: OK\n", said.orFail());
  }

  private static String serial(Path here, String name) {
    return run(here, "openssl", "x509", "-in", name + ".pem", "-noout", "-serial")
        .orFail()
        .strip()
        .replace("serial=", "")
        .toLowerCase(Locale.ROOT)
        .replaceFirst("^0+", "");
  }

  /** The serial of the newest certificate of a device, as the inventory shows it. */
  private String shownSerial(String number) {
    String id = wire.admin("GET", "/api/v1/devices?text=" + number, null)
        .get("items")
        .get(0)
        .get("id")
        .asText();
    return wire.admin("GET", "/api/v1/devices/" + id, null)
        .get("certificates")
        .get(0)
        .get("serial")
        .asText();
  }

  private String token(String device) {
    return wire.admin(
            "POST", "/api/v1/enrollment-tokens", Map.of("device", device, "lifetime", "PT1H"))
        .get("token")
        .asText();
  }

  private static Said run(Path here, String... command) {
    return Peers.run(here, command);
  }
}
