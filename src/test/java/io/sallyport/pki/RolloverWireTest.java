package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Wire;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A root and an authority are followed by others, with overlap. */
@QuarkusTest
class RolloverWireTest extends ServerTest {
  private static void make(Plant plant, String name, @Nullable String issuer, String subject) {
    Map<String, Object> body = new TreeMap<>(Map.of("name", name, "subject", subject));
    if (issuer != null) {
      body.put("issuer", issuer);
    }
    plant.person("POST", "/api/v1/authorities", body).expect(201);
  }

  private void certifies(Plant plant, String authority) {
    wire.document(
        "/api/v1/certificate-profiles/" + plant.name(), """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          issuer: %s
          subject: [{O: Roll}, {serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
        """.formatted(plant.name(), authority));
    wire.document("/api/v1/profiles/" + plant.name(), """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec:
          certificateProfiles: [%s]
        """.formatted(plant.name(), plant.name()));
  }

  private static Answer succeed(Plant plant, String old, String successor, @Nullable String from) {
    return plant.person(
        "POST",
        "/api/v1/authorities/" + old + "/successor",
        from == null
            ? Map.of("successor", successor)
            : Map.of("successor", successor, "from", from));
  }

  private static byte[] issuerKey(X509Certificate certificate) {
    return AuthorityKeyIdentifier.getInstance(
            ASN1OctetString.getInstance(certificate.getExtensionValue("2.5.29.35"))
                .getOctets())
        .getKeyIdentifierOctets();
  }

  private static byte[] key(X509Certificate certificate) {
    return SubjectKeyIdentifier.getInstance(
            ASN1OctetString.getInstance(certificate.getExtensionValue("2.5.29.14"))
                .getOctets())
        .getKeyIdentifier();
  }

  private static void assertIssuedBy(X509Certificate issuer, X509Certificate certificate) {
    assertArrayEquals(key(issuer), issuerKey(certificate));
  }

  private static void write(Path folder, String file, X509Certificate... certificates)
      throws Exception {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      text.append(TestPki.pem(certificate));
    }
    Files.writeString(folder.resolve(file), text);
  }

  @Test
  void aRootAndAnAuthorityAreFollowedWithOverlap(@TempDir Path folder) throws Exception {
    Peers.need("openssl", "certtool", "pki", "certutil", "vfychain");
    StatusClient client = new StatusClient(wire);
    try (Plant plant = Plant.open(wire, "roll-over")) {
      make(plant, "roll-root", null, "O=Roll,CN=Roll Root");
      make(plant, "roll-issuing", "roll-root", "O=Roll,CN=Roll Issuing");
      certifies(plant, "roll-issuing");
      Unit first = plant.enrolled("ROLL-1");
      make(plant, "roll-root-2", null, "O=Roll,CN=Roll Root");
      make(plant, "roll-issuing-2", "roll-root-2", "O=Roll,CN=Roll Issuing");

      succeed(plant, "roll-root", "roll-root-2", null).expect(200);
      String later = Clock.systemUTC().instant().plus(Duration.ofDays(1)).toString();
      succeed(plant, "roll-issuing", "roll-issuing-2", later).expect(200);

      X509Certificate oldRoot = client.authority("roll-root");
      X509Certificate newRoot = client.authority("roll-root-2");
      X509Certificate oldIssuing = client.authority("roll-issuing");
      X509Certificate newIssuing = client.authority("roll-issuing-2");
      assertIssuedBy(oldIssuing, plant.enrolled("ROLL-2").identity().certificate());
      List<X509Certificate> bundle = bundle(plant, null);
      assertEquals(6, bundle.size(), bundle.toString());
      assertTrue(bundle.containsAll(List.of(oldRoot, newRoot, oldIssuing, newIssuing)));
      List<X509Certificate> crosses = new ArrayList<>(bundle);
      crosses.removeAll(List.of(oldRoot, newRoot, oldIssuing, newIssuing));
      X509Certificate oldWithNew = cross(crosses, oldRoot, newRoot);
      X509Certificate newWithOld = cross(crosses, newRoot, oldRoot);

      succeed(plant, "roll-issuing", "roll-issuing-2", null).expect(200);
      Unit third = plant.enrolled("ROLL-3");
      assertIssuedBy(newIssuing, third.identity().certificate());
      X509Certificate renewed =
          Wire.certificates(first.renew().expect(200).body()).getFirst();
      assertIssuedBy(newIssuing, renewed);
      assertNull(
          StatusClient.basic(client.post(StatusClient.request(
                  StatusClient.SHA_256,
                  oldIssuing,
                  null,
                  first.identity().certificate().getSerialNumber())))
              .getResponses()[0]
              .getCertStatus(),
          "the old one still says good");

      write(folder, "old-root.pem", oldRoot);
      write(folder, "new-root.pem", newRoot);
      write(folder, "old-leaf.pem", first.identity().certificate());
      write(folder, "new-leaf.pem", third.identity().certificate());
      write(folder, "old-between.pem", oldIssuing, oldWithNew);
      write(folder, "new-between.pem", newIssuing, newWithOld);
      write(folder, "old-issuing.pem", oldIssuing);
      write(folder, "new-issuing.pem", newIssuing);
      write(folder, "old-with-new.pem", oldWithNew);
      write(folder, "new-with-old.pem", newWithOld);
      write(folder, "old-chain.pem", first.identity().certificate(), oldIssuing, oldWithNew);
      write(folder, "new-chain.pem", third.identity().certificate(), newIssuing, newWithOld);
      for (String[] pair : new String[][] {{"new", "old"}, {"old", "new"}}) {
        Peers.run(
                folder,
                "openssl",
                "verify",
                "-x509_strict",
                "-CAfile",
                pair[1] + "-root.pem",
                "-untrusted",
                pair[0] + "-between.pem",
                pair[0] + "-leaf.pem")
            .orFail();
        String gnutls = Peers.run(
                folder,
                "certtool",
                "--verify",
                "--load-ca-certificate",
                pair[1] + "-root.pem",
                "--infile",
                pair[0] + "-chain.pem")
            .orFail();
        assertTrue(gnutls.contains("The certificate is trusted."), gnutls);
        String strongswan = Peers.run(
                folder,
                "pki",
                "--verify",
                "--in",
                pair[0] + "-leaf.pem",
                "--cacert",
                pair[1] + "-root.pem",
                "--cacert",
                pair[0] + "-with-" + pair[1] + ".pem",
                "--cacert",
                pair[0] + "-issuing.pem")
            .orFail();
        assertTrue(strongswan.contains("certificate trusted"), strongswan);
        nss(folder, pair[0], pair[1]);
      }
      plant.fact("roll-root", "authority.cross-certified");
      plant.fact("roll-issuing", "authority.succeeded");
    }
  }

  private static void nss(Path folder, String of, String trusted) throws Exception {
    String database = "sql:nss-" + of;
    Files.createDirectories(folder.resolve("nss-" + of));
    Peers.run(folder, "certutil", "-N", "-d", database, "--empty-password").orFail();
    for (String[] one : new String[][] {
      {"root", trusted + "-root.pem", "CT,C,C"},
      {"cross", of + "-with-" + trusted + ".pem", ",,"},
      {"issuing", of + "-issuing.pem", ",,"}
    }) {
      Peers.run(
              folder,
              "certutil",
              "-A",
              "-d",
              database,
              "-n",
              one[0],
              "-t",
              one[2],
              "-a",
              "-i",
              one[1])
          .orFail();
    }
    String said = Peers.run(
            folder, "vfychain", "-d", database, "-pp", "-u", "0", "-a", of + "-leaf.pem")
        .output();
    assertTrue(said.contains("Chain is good!"), said);
  }

  private static X509Certificate cross(
      List<X509Certificate> crosses, X509Certificate subject, X509Certificate signer)
      throws Exception {
    X509Certificate found = crosses.stream()
        .filter(cross -> java.util.Arrays.equals(key(cross), key(subject)))
        .findFirst()
        .orElseThrow();
    found.verify(signer.getPublicKey());
    return found;
  }

  private static List<X509Certificate> bundle(Plant plant, TestPki.@Nullable Identity identity) {
    return Wire.certificates(plant
        .get(identity, "/.well-known/est/" + plant.name() + "/cacerts")
        .expect(200)
        .body());
  }

  @Test
  void itIsKnownWhichDeviceHasWhichBundle() {
    try (Plant plant = Plant.open(wire, "roll-bundle")) {
      make(plant, "roll-known", "root", "CN=Roll Known");
      make(plant, "roll-known-2", "root", "CN=Roll Known 2");
      certifies(plant, "roll-known");
      Unit unit = plant.enrolled("ROLL-BUNDLE-1");
      assertTrue(device(plant, unit).get("trust_bundle").isNull());
      bundle(plant, null);
      assertTrue(device(plant, unit).get("trust_bundle").isNull(), "nobody showed who asked");

      bundle(plant, unit.identity());
      JsonNode before = device(plant, unit).get("trust_bundle");
      assertEquals(Set.of("root", "roll-known"), names(before));
      assertEquals(1, trustedBy(plant, "roll-known"));
      assertEquals(0, trustedBy(plant, "roll-known-2"));

      succeed(plant, "roll-known", "roll-known-2", null).expect(200);
      assertEquals(0, trustedBy(plant, "roll-known-2"), "until it fetched it");
      bundle(plant, unit.identity());

      assertEquals(
          Set.of("root", "roll-known", "roll-known-2"),
          names(device(plant, unit).get("trust_bundle")));
      assertEquals(1, trustedBy(plant, "roll-known-2"));
    }
  }

  private static JsonNode device(Plant plant, Unit unit) {
    return plant.person("GET", "/api/v1/devices/" + unit.id(), null).expect(200).json();
  }

  private static Set<String> names(JsonNode bundle) {
    Set<String> names = new TreeSet<>();
    bundle.get("authorities").forEach(name -> names.add(name.asText()));
    return names.stream().collect(Collectors.toSet());
  }

  private static long trustedBy(Plant plant, String authority) {
    return plant
        .person("GET", "/api/v1/authorities/" + authority + "/report", null)
        .expect(200)
        .json()
        .get("trusted_by")
        .asLong();
  }

  @Test
  void aRevokedAuthorityIsFollowedAtOnce() {
    StatusClient client = new StatusClient(wire);
    try (Plant plant = Plant.open(wire, "roll-fallen")) {
      make(plant, "roll-fallen", "root", "CN=Roll Fallen");
      make(plant, "roll-fallen-2", "root", "CN=Roll Fallen 2");
      certifies(plant, "roll-fallen");
      Unit unit = plant.enrolled("ROLL-FALLEN-1");
      String later = Clock.systemUTC().instant().plus(Duration.ofDays(1)).toString();
      succeed(plant, "roll-fallen", "roll-fallen-2", later).expect(200);

      plant
          .person(
              "POST", "/api/v1/authorities/roll-fallen/revoke", Map.of("reason", "ca-compromise"))
          .expect(200);

      unit.challenge().expect(403);
      unit.enroll();
      assertIssuedBy(client.authority("roll-fallen-2"), unit.identity().certificate());
      unit.challenge().expect(201);
      List<X509Certificate> bundle = bundle(plant, null);
      assertTrue(bundle.contains(client.authority("roll-fallen-2")));
    }
  }

  @Test
  void whatCannotFollowIsSaid() {
    try (Plant plant = Plant.open(wire, "roll-not")) {
      make(plant, "roll-not", "root", "CN=Roll Not");
      make(plant, "roll-not-2", "root", "CN=Roll Not 2");
      make(plant, "roll-not-3", "root", "CN=Roll Not 3");
      make(plant, "roll-not-root", null, "CN=Roll Not Root");

      refused("itself", succeed(plant, "roll-not", "roll-not", null));
      refused("never follow each other", succeed(plant, "devices", "internal", null));
      refused("never follow each other", succeed(plant, "roll-not", "internal", null));
      refused("never follow each other", succeed(plant, "internal", "devices", null));
      refused("a root", succeed(plant, "roll-not", "roll-not-root", null));
      succeed(plant, "roll-not", "roll-nowhere", null).expect(404);
      succeed(plant, "roll-not", "roll-not-2", null).expect(200);
      succeed(plant, "roll-not", "roll-not-2", null).expect(200);
      succeed(plant, "roll-not", "roll-not-3", null).expect(409);
      refused("itself", succeed(plant, "roll-not-2", "roll-not", null));
      succeed(plant, "roll-not-2", "roll-not-3", "yesterday").expect(400);
      // The first start's root lets one authority follow: another root under it could have none.
      refused("same subject", succeed(plant, "root", "roll-not-root", null));
    }
  }

  private static void refused(String because, Answer answer) {
    assertTrue(answer.expect(422).text().contains(because), answer.text());
  }
}
