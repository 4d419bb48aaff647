package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CRLReason;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An authority is compromised: all that stands on it falls at once, and nothing is certified by it any more. */
@QuarkusTest
class AuthorityRevocationWireTest extends ServerTest {
  private void authority(Plant plant, String name, String issuer, Object... more) {
    Map<String, Object> body =
        new TreeMap<>(Map.of("name", name, "issuer", issuer, "subject", "O=Fall,CN=Fall " + name));
    for (int i = 0; i < more.length; i += 2) {
      body.put(more[i].toString(), more[i + 1]);
    }
    plant.person("POST", "/api/v1/authorities", body).expect(201);
  }

  private void root(Plant plant, String name) {
    plant
        .person(
            "POST",
            "/api/v1/authorities",
            Map.of("name", name, "subject", "O=Fall,CN=Fall " + name))
        .expect(201);
  }

  /** The plant's devices get their certificates from this authority. */
  private void certifies(Plant plant, String authority) {
    wire.document(
        "/api/v1/certificate-profiles/" + plant.name(), """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          issuer: %s
          subject: [{O: Fall}, {serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
        """.formatted(plant.name(), authority));
    wire.document("/api/v1/profiles/" + plant.name(), """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec:
          certificateProfiles: [%s]
          attestation:
            validity: PT15M
            secureBoot: true
            firmware:
              camera-os:
                - {version: "%s", digest: "%s"}
        """.formatted(
            plant.name(), plant.name(), Plant.GOOD, Plant.digest(Plant.GOOD)));
  }

  private static Answer revoke(Plant plant, String authority, String reason) {
    return plant.person(
        "POST",
        "/api/v1/authorities/" + authority + "/revoke",
        Map.of("reason", reason),
        "Idempotency-Key",
        "revoke-" + authority);
  }

  private static SingleResp status(StatusClient client, X509Certificate issuer, BigInteger serial) {
    return StatusClient.basic(
            client.post(StatusClient.request(StatusClient.SHA_1, issuer, null, serial)))
        .getResponses()[0];
  }

  private static void assertCompromised(SingleResp answer) {
    RevokedStatus revoked = (RevokedStatus) answer.getCertStatus();
    assertNotNull(revoked, "good");
    assertEquals(CRLReason.CA_COMPROMISE.ordinal(), revoked.getRevocationReason());
  }

  @Test
  void nothingOfACompromisedAuthorityCounts(@TempDir Path folder) throws Exception {
    Peers.need("openssl");
    StatusClient client = new StatusClient(wire);
    try (Plant plant = Plant.open(wire, "fall-whole")) {
      root(plant, "fall-root");
      authority(plant, "fall-whole", "fall-root");
      certifies(plant, "fall-whole");
      Unit unit = plant.attested("FALL-1");
      BigInteger serial = unit.identity().certificate().getSerialNumber();
      X509Certificate issuer = client.authority("fall-whole");
      X509Certificate root = client.authority("fall-root");
      String token =
          unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
      assertTrue(unit.may(Plant.VIDEO));
      assertTrue(plant.isActive(token));
      assertNull(status(client, issuer, serial).getCertStatus(), "good, and kept as an answer");
      assertNull(status(client, root, issuer.getSerialNumber()).getCertStatus(), "good");

      JsonNode report = revoke(plant, "fall-whole", "ca-compromise").expect(200).json();

      assertEquals("revoked", report.get("status").asText());
      assertEquals("[\"fall-whole\"]", report.get("authorities").toString());
      assertTrue(report.at("/subjects").isMissingNode(), "the act counts nothing (law 11)");
      assertEquals(
          1,
          plant
              .person("GET", "/api/v1/authorities/fall-whole/report", null)
              .expect(200)
              .json()
              .at("/subjects/device")
              .asInt());
      assertFalse(unit.may(Plant.VIDEO));
      Answer refused = unit.challenge().expect(403);
      assertTrue(refused.text().contains("revoked"), refused.text());
      unit.renew().expect(403);
      unit.token(Plant.VIDEO).expect(403);
      assertFalse(plant.isActive(token));
      assertCompromised(status(client, issuer, serial));
      assertCompromised(status(client, issuer, BigInteger.TWO.pow(120)));
      assertCompromised(status(client, root, issuer.getSerialNumber()));
      Answer again = unit.enrollAgain().expect(403);
      assertTrue(again.text().contains("fall-whole"), again.text());
      assertEquals(
          report, revoke(plant, "fall-whole", "ca-compromise").expect(200).json());
      assertEquals(
          "revoked",
          plant
              .person("GET", "/api/v1/certificates/fall-whole/" + serial.toString(16), null)
              .expect(200)
              .json()
              .get("status")
              .asText());
      plant.fact("fall-whole", "authority.revoked");
      plant.fact("fall-whole", "certificate.revoked");

      X509CRL list = client.crlAt(
          "/crl/fall-root/0.crl",
          crl -> crl.getRevokedCertificate(issuer.getSerialNumber()) != null);
      assertEquals(
          CRLReason.CA_COMPROMISE,
          list.getRevokedCertificate(issuer.getSerialNumber()).getRevocationReason());
      Files.writeString(folder.resolve("leaf.pem"), TestPki.pem(unit.identity().certificate()));
      Files.writeString(folder.resolve("issuer.pem"), TestPki.pem(issuer));
      Files.writeString(folder.resolve("root.pem"), TestPki.pem(root));
      Files.writeString(folder.resolve("list.pem"), TestPki.pem("X509 CRL", list.getEncoded()));
      Peers.Said verified = Peers.run(
          folder,
          "openssl",
          "verify",
          "-crl_check",
          "-CRLfile",
          "list.pem",
          "-CAfile",
          "root.pem",
          "issuer.pem");
      assertTrue(verified.output().contains("certificate revoked"), verified.output());
      String ocsp = Peers.run(
              folder,
              "openssl",
              "ocsp",
              "-issuer",
              "issuer.pem",
              "-cert",
              "leaf.pem",
              "-url",
              wire.status() + "/ocsp",
              "-CAfile",
              "root.pem",
              "-verify_other",
              "issuer.pem")
          .orFail();
      assertTrue(ocsp.contains("leaf.pem: revoked"), ocsp);
      assertTrue(ocsp.contains("Response verify OK"), ocsp);
    }
  }

  @Test
  void whatStandsBelowFallsWithIt() {
    StatusClient client = new StatusClient(wire);
    try (Plant plant = Plant.open(wire, "fall-below")) {
      root(plant, "fall-top");
      authority(plant, "fall-middle", "fall-top", "path_length", 1);
      authority(plant, "fall-lowest", "fall-middle");
      certifies(plant, "fall-lowest");
      Unit unit = plant.attested("FALL-BELOW-1");
      assertTrue(unit.may(Plant.VIDEO));

      JsonNode report =
          revoke(plant, "fall-middle", "cessation-of-operation").expect(200).json();

      assertEquals(2, report.get("authorities").size());
      assertFalse(unit.may(Plant.VIDEO));
      unit.challenge().expect(403);
      RevokedStatus status = (RevokedStatus) status(
              client,
              client.authority("fall-lowest"),
              unit.identity().certificate().getSerialNumber())
          .getCertStatus();
      assertEquals(CRLReason.CESSATION_OF_OPERATION.ordinal(), status.getRevocationReason());
      JsonNode lowest = plant
          .person("GET", "/api/v1/authorities/fall-lowest", null)
          .expect(200)
          .json();
      assertEquals("revoked", lowest.get("status").asText());
      assertEquals("fall-middle", lowest.get("revoked_with").asText());
      plant
          .person(
              "POST",
              "/api/v1/authorities",
              Map.of("name", "fall-late", "issuer", "fall-middle", "subject", "CN=Fall late"))
          .expect(403);
    }
  }

  /** Facts are in the order of their commits as far as one waits for the other, which the authority's row sees to. */
  @Test
  void nothingIsIssuedAfterTheRevocationCommitted() throws Exception {
    try (Plant plant = Plant.open(wire, "fall-race")) {
      root(plant, "fall-race-root");
      authority(plant, "fall-race", "fall-race-root");
      certifies(plant, "fall-race");
      List<Unit> units = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        units.add(plant.registered("FALL-RACE-" + i));
      }
      CountDownLatch first = new CountDownLatch(4);
      List<Future<Answer>> answers = new ArrayList<>();
      try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
        for (Unit unit : units) {
          answers.add(threads.submit(() -> {
            Answer answer = unit.enrollAgain();
            first.countDown();
            return answer;
          }));
        }
        first.await();
        revoke(plant, "fall-race", "ca-compromise").expect(200);
      }

      long end = plant.fact("fall-race", "authority.revoked").get("position").asLong();
      for (int i = 0; i < units.size(); i++) {
        Answer answer = answers.get(i).get();
        assertTrue(answer.status() == 200 || answer.status() == 403, answer.toString());
        List<JsonNode> issued = plant.facts(units.get(i).id()).stream()
            .filter(fact -> fact.get("kind").asText().equals("certificate.issued"))
            .filter(fact -> !fact.at("/detail").has("revoked"))
            .toList();
        assertEquals(answer.status() == 200 ? 1 : 0, issued.size(), answer.toString());
        issued.forEach(fact -> assertTrue(fact.get("position").asLong() < end, fact.toString()));
      }
    }
  }

  @Test
  void whatCannotBeRevokedIsSaid() {
    try (Plant plant = Plant.open(wire, "fall-not")) {
      assertTrue(
          revoke(plant, "root", "ca-compromise").expect(501).text().contains("root"), "a root");
      assertTrue(
          revoke(plant, "internal", "ca-compromise").expect(409).text().contains("successor"),
          "the server's own");
      revoke(plant, "fall-nowhere", "ca-compromise").expect(404);
      revoke(plant, "devices", "key-compromise").expect(400);
      revoke(plant, "devices", "certificate-hold").expect(400);
      X509Certificate devices = new StatusClient(wire).authority("devices");
      Answer one = plant.person(
          "POST",
          "/api/v1/certificates/root/" + devices.getSerialNumber().toString(16) + "/revoke",
          Map.of("reason", "unspecified"));
      assertTrue(one.expect(409).text().contains("the authority itself"), one.text());
      Patience.untilTrue(
          "devices still certifies",
          () -> plant
              .person("GET", "/api/v1/authorities/devices", null)
              .expect(200)
              .json()
              .get("status")
              .asText()
              .equals("active"));
    }
  }
}
