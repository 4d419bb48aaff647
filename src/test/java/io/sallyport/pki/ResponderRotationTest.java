package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.Keys;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import jakarta.inject.Inject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One delegated responder follows the other before that one ends, and what either signed counts (RFC 6960 §4.2.2.2). */
@QuarkusTest
class ResponderRotationTest extends ServerTest {
  private static final String AUTHORITY = "responder-rotation";

  @Inject
  Authorities authorities;

  @Inject
  Issuance issuance;

  @Inject
  Keys keys;

  @Inject
  Clock clock;

  private OcspResponders at(Instant now) {
    return new OcspResponders(authorities, issuance, keys, Clock.fixed(now, clock.getZone()));
  }

  @Test
  void aNewResponderComesBeforeTheOldOneEndsAndTheAnswersOfBothConvince(@TempDir Path folder)
      throws Exception {
    Peers.need("openssl");
    authorities.establish(
        AUTHORITY, "root", "CN=Responder Rotation", KeyAlgorithm.EC_P256, Duration.ofDays(90));
    OcspResponders.Responder first = at(clock.instant()).of(AUTHORITY);
    assertTrue(first.renewAt().isBefore(first.notAfter()), "there is an overlap");

    assertEquals(
        first.certificate(), at(first.renewAt().minusSeconds(1)).of(AUTHORITY).certificate());
    OcspResponders.Responder second = at(first.renewAt()).of(AUTHORITY);

    assertNotEquals(first.key().id(), second.key().id());
    X509Certificate old = CertificateParts.x509(first.certificate());
    X509Certificate next = CertificateParts.x509(second.certificate());
    assertTrue(next.getNotBefore().before(old.getNotAfter()), "no time without a responder");
    assertNotEquals(old.getSerialNumber(), next.getSerialNumber());
    // Another node, or this one after its next start, goes on with the new one.
    assertEquals(second.certificate(), at(clock.instant()).of(AUTHORITY).certificate());

    Files.writeString(
        folder.resolve("root.pem"), authorities.get("root").certificate().pem("CERTIFICATE"));
    Files.writeString(
        folder.resolve("issuer.pem"), authorities.get(AUTHORITY).certificate().pem("CERTIFICATE"));
    for (OcspResponders.Responder responder : new OcspResponders.Responder[] {first, second}) {
      assertConvinces(folder, responder);
    }
    // What the server itself answers with by now is one of the two.
    BasicOCSPResp answer = Patience.until("an answer", () -> {
      var said = new StatusClient(wire)
          .post(StatusClient.request(
              StatusClient.SHA_1,
              CertificateParts.x509(authorities.get(AUTHORITY).certificate()),
              null,
              next.getSerialNumber()));
      return said.getStatus() == OCSPRespBuilder.SUCCESSFUL
          ? Optional.of(StatusClient.basic(said))
          : Optional.empty();
    });
    assertEquals(next.getSerialNumber(), answer.getCerts()[0].getSerialNumber());
  }

  private void assertConvinces(Path folder, OcspResponders.Responder responder) throws Exception {
    X509Certificate issuer = CertificateParts.x509(authorities.get(AUTHORITY).certificate());
    X509Certificate about = CertificateParts.x509(responder.certificate());
    BasicOCSPResp basic = new BasicOCSPRespBuilder(new RespID(responder.parsed().getSubject()))
        .addResponse(
            StatusClient.id(StatusClient.SHA_1, issuer, about.getSerialNumber()),
            org.bouncycastle.cert.ocsp.CertificateStatus.GOOD,
            Date.from(clock.instant()),
            Date.from(clock.instant().plusSeconds(300)),
            null)
        .build(
            new KeySigner(keys, responder.key()),
            new X509CertificateHolder[] {responder.parsed()},
            Date.from(clock.instant()));
    Files.write(
        folder.resolve("answer.der"),
        new OCSPRespBuilder().build(OCSPRespBuilder.SUCCESSFUL, basic).getEncoded());
    Files.writeString(folder.resolve("about.pem"), responder.certificate().pem("CERTIFICATE"));
    String said = Peers.run(
            folder,
            "openssl",
            "ocsp",
            "-issuer",
            "issuer.pem",
            "-cert",
            "about.pem",
            "-no_nonce",
            "-respin",
            "answer.der",
            "-CAfile",
            "root.pem",
            "-verify_other",
            "issuer.pem")
        .orFail();
    assertTrue(said.contains("Response verify OK"), said);
    assertTrue(said.contains("about.pem: good"), said);
  }
}
