package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.door.acme.AcmeClient.Binding;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Peers.Said;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.Account;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Certificate;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.RevocationReason;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Http01Challenge;

/** What the usual clients make of this server. */
@QuarkusTest
class AcmePeersTest extends AcmeServerTest {
  @TempDir
  Path folder;

  @Test
  void certbotOrdersRenewsAndRevokes() throws Exception {
    Peers.need("certbot", "openssl");
    // certbot answers http-01 itself, on the port that the other tests' web server has.
    close();
    Unit unit = unit();
    Binding binding = binding(unit);
    Path certificate = folder.resolve("config/live").resolve(unit.host()).resolve("cert.pem");

    certbot(
            "certonly",
            "--standalone",
            "--http-01-address",
            "127.0.0.1",
            "--http-01-port",
            Integer.toString(httpPort()),
            "--eab-kid",
            binding.kid(),
            "--eab-hmac-key",
            binding.key(),
            "--agree-tos",
            "--email",
            "ops@plant.example",
            "--no-eff-email",
            "-d",
            unit.host())
        .orFail();

    X509Certificate first = read(certificate);
    assertEquals(1, certificates(unit));
    assertTrue(Peers.run(
            folder,
            "openssl",
            "verify",
            "-x509_strict",
            "-CAfile",
            root().toString(),
            "-untrusted",
            certificate.resolveSibling("chain.pem").toString(),
            certificate.toString())
        .orFail()
        .contains("OK"));

    certbot("renew", "--force-renewal", "--no-random-sleep-on-renew").orFail();
    X509Certificate second = read(certificate);
    assertNotEquals(first.getSerialNumber(), second.getSerialNumber());

    certbot(
            "revoke",
            "--cert-path",
            certificate.toString(),
            "--reason",
            "superseded",
            "--no-delete-after-revoke")
        .orFail();
    assertInstanceOf(
        RevokedStatus.class,
        new StatusClient(wire).device(second.getSerialNumber()).getCertStatus());
  }

  private Said certbot(String command, String... options) {
    List<String> line = new ArrayList<>(List.of(
        "env",
        "REQUESTS_CA_BUNDLE=" + root(),
        "certbot",
        command,
        "--non-interactive",
        "--server",
        wire.devices() + "/acme/device-server/directory",
        "--config-dir",
        folder.resolve("config").toString(),
        "--work-dir",
        folder.resolve("work").toString(),
        "--logs-dir",
        folder.resolve("logs").toString()));
    line.addAll(Arrays.asList(options));
    return Peers.run(folder, line.toArray(String[]::new));
  }

  private static Path root() {
    return Path.of(ConfigProvider.getConfig().getValue("sallyport.data", String.class), "root.pem");
  }

  private static X509Certificate read(Path pem) throws Exception {
    return (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(pem)));
  }

  @Test
  void acme4jOrdersChangesItsKeyAndRevokes() throws Exception {
    Unit unit = unit();
    Binding binding = binding(unit);
    Session session = session();
    Login login = new AccountBuilder()
        .addEmail("ops@plant.example")
        .agreeToTermsOfService()
        .withKeyIdentifier(binding.kid(), binding.key())
        .useKeyPair(TestPki.key())
        .createLogin(session);
    Account account = login.getAccount();
    account.changeKey(TestPki.key());

    Order order = account.newOrder().domain(unit.host()).create();
    Authorization authorization = order.getAuthorizations().getFirst();
    Http01Challenge challenge =
        authorization.findChallenge(Http01Challenge.class).orElseThrow();
    serve("/.well-known/acme-challenge/" + challenge.getToken(), challenge.getAuthorization());
    challenge.trigger();
    assertEquals(Status.VALID, authorization.waitForCompletion(PATIENCE));
    KeyPair keys = TestPki.key();
    order.execute(keys);
    assertEquals(Status.VALID, order.waitForCompletion(PATIENCE));

    Certificate certificate = order.getCertificate();
    assertEquals(keys.getPublic(), certificate.getCertificate().getPublicKey());
    assertEquals(2, certificate.getCertificateChain().size());
    assertEquals(order.getLocation(), account.getOrders().next().getLocation());
    certificate.revoke(RevocationReason.SUPERSEDED);
    assertInstanceOf(
        RevokedStatus.class,
        new StatusClient(wire)
            .device(certificate.getCertificate().getSerialNumber())
            .getCertStatus());
    account.deactivate();
    assertEquals(Status.DEACTIVATED, account.getStatus());
  }

  private Session session() throws IOException {
    return new Session(
        URI.create(wire.devices() + "/acme/device/directory"), new TrustingProvider(wire));
  }
}
