package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.LogVerdict;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.PublicLog;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.ByteArrayInputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Laws 1, 2 and 9 through a hard death in the middle of many enrollments. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CrashIT {
  private static final int DEVICES = 200;
  private static final int AT_ONCE = 200;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  static Path folder;

  private ServerProcess server;

  /** A device before its first contact: its factory identity and the key that it wants a certificate for. */
  private record Unit(String id, Identity idevid, KeyPair keys, byte[] request) {}

  @BeforeAll
  void start() {
    server = ServerProcess.start(folder.resolve("data"), Map.of());
  }

  @AfterAll
  void stop() {
    System.out.printf(
        "Resident memory of the server after many enrollments: %d MiB%n",
        server.residentMebibytes());
    server.close();
  }

  @Test
  void nothingThatAClientHoldsIsLostWhenServerAndDatabaseAreKilledAmidEnrollments()
      throws Exception {
    List<Unit> units = units("Crash Both", DEVICES);
    String checkpoint = server.wire().latestCheckpoint();

    Map<String, X509Certificate> held = enrollUntil(units, DEVICES / 3, () -> {
      server.killDatabase();
      server.killServer();
    });
    server = server.restart();

    System.out.printf("Killed with %d of %d answers out.%n", held.size(), DEVICES);
    assertEverythingStands(units, held, checkpoint);
  }

  @Test
  void theDatabaseOfAKilledServerIsTakenOverAndUnfinishedSerialsAreRevoked() throws Exception {
    List<Unit> units = units("Crash Server", 300);
    String checkpoint = server.wire().latestCheckpoint();
    long orphan = server.postgres().pid();
    Set<String> unfinished = new HashSet<>();

    Map<String, X509Certificate> held = enrollUntil(units, 10, () -> {
      // The process is stopped now and then until it is caught between recording a serial and
      // finishing it.
      Eventually.holds(PATIENCE, "a serial is unfinished", () -> {
        server.freeze();
        unfinished.addAll(unfinished());
        if (unfinished.isEmpty()) {
          server.thaw();
        }
        return !unfinished.isEmpty();
      });
      server.killServer();
      assertTrue(ProcessHandle.of(orphan).isPresent(), "PostgreSQL lives on");
    });
    server = server.restart();

    assertNotEquals(orphan, server.postgres().pid());
    assertFalse(
        ProcessHandle.of(orphan).map(ProcessHandle::isAlive).orElse(false), "the orphan is gone");
    assertTrue(serials("thumbprint is null and state = 'REVOKED'").containsAll(unfinished));
    assertEverythingStands(units, held, checkpoint);
  }

  private void assertEverythingStands(
      List<Unit> units, Map<String, X509Certificate> held, String checkpoint) throws Exception {
    Wire wire = server.wire();
    X509Certificate issuer = issuer(wire);

    held.forEach((id, certificate) -> assertEquals(
        TestPki.pem(certificate).replaceAll("\\s", ""),
        wire.admin(
                "GET",
                "/api/v1/certificates/devices/" + certificate.getSerialNumber().toString(16),
                null)
            .get("certificate")
            .asText()
            .replaceAll("\\s", ""),
        "a certificate that a client holds is in the inventory"));
    assertEquals(Set.of(), unfinished(), "no serial is left unfinished");
    Set<String> closed = serials("thumbprint is null");
    assertRevoked(wire, issuer, closed);

    Map<String, List<String>> recorded = inParallel(units, unit -> issued(wire, unit));
    Map<String, X509Certificate> repeated = inParallel(units, unit -> enroll(wire, unit));
    assertAll(units.stream().map(unit -> () -> {
      List<String> before = of(recorded, unit);
      X509Certificate certificate = of(repeated, unit);
      String serial = certificate.getSerialNumber().toString(16);
      assertTrue(
          before.size() <= 1, "one certificate at most was issued to " + unit.id() + ": " + before);
      if (held.containsKey(unit.id())) {
        assertEquals(held.get(unit.id()), certificate, "the certificate that the device held");
      }
      assertTrue(
          before.isEmpty() || before.equals(List.of(serial)),
          "the certificate that was recorded as issued");
      assertFalse(closed.contains(serial), "an unfinished serial never comes back");
      certificate.verify(issuer.getPublicKey());
      assertEquals(List.of(serial), issued(wire, unit), "one certificate and no second one");
    }));
    assertEquals(Set.of(), unfinished());

    LogVerdict verdict = PublicLog.verify(wire, checkpoint);
    assertNull(verdict.finding(), () -> String.valueOf(verdict.finding()));
    assertTrue(verdict.covered() > 0);
  }

  /** Registers devices of a new manufacturer; keys and requests are made before anything is timed. */
  private List<Unit> units(String maker, int count) {
    Wire wire = server.wire();
    Manufacturer manufacturer = TestPki.manufacturer(maker);
    wire.register(manufacturer);
    wire.document("/api/v1/profiles/crash", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: crash}
        """);
    List<String> numbers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      numbers.add(maker.replace(' ', '-') + "-" + i);
    }
    List<Unit> units = new ArrayList<>();
    Map<String, String> ids = new ConcurrentHashMap<>();
    try (ExecutorService few = Executors.newFixedThreadPool(8)) {
      numbers.forEach(number ->
          few.execute(() -> ids.put(number, wire.register(manufacturer, number, "crash"))));
    }
    for (String number : numbers) {
      KeyPair keys = TestPki.key();
      units.add(new Unit(
          Objects.requireNonNull(ids.get(number)),
          manufacturer.idevid(number),
          keys,
          TestPki.request(keys, "CN=" + number, null)));
    }
    return units;
  }

  /** All devices enroll at once; {@code death} comes as soon as {@code answers} of them have their certificate. */
  private Map<String, X509Certificate> enrollUntil(List<Unit> units, int answers, Runnable death) {
    Wire wire = server.wire();
    Map<String, X509Certificate> held = new ConcurrentHashMap<>();
    try (ExecutorService all = Executors.newFixedThreadPool(AT_ONCE)) {
      units.forEach(unit -> all.execute(() -> {
        try {
          HttpResponse<byte[]> response =
              wire.est("simpleenroll", unit.idevid(), null, unit.request());
          if (response.statusCode() == 200) {
            held.put(unit.id(), Wire.certificates(response.body()).getFirst());
          }
        } catch (UncheckedIOException noAnswer) {
          // What a device sees of a death: its connection ends.
        }
      }));
      Eventually.holds(
          PATIENCE, answers + " devices have a certificate", () -> held.size() >= answers);
      death.run();
    }
    assertTrue(held.size() < units.size(), "the death came before everybody had an answer");
    return held;
  }

  private static X509Certificate enroll(Wire wire, Unit unit) {
    HttpResponse<byte[]> response = wire.est("simpleenroll", unit.idevid(), null, unit.request());
    assertEquals(200, response.statusCode(), () -> new String(response.body()));
    return Wire.certificates(response.body()).getFirst();
  }

  /** Serials of the certificates that the inventory shows for a device. */
  private static List<String> issued(Wire wire, Unit unit) {
    List<String> serials = new ArrayList<>();
    for (JsonNode certificate :
        wire.admin("GET", "/api/v1/devices/" + unit.id(), null).get("certificates")) {
      serials.add(certificate.get("serial").asText());
    }
    return serials;
  }

  private static <T> T of(Map<String, T> results, Unit unit) {
    return Objects.requireNonNull(results.get(unit.id()));
  }

  private static <T> Map<String, T> inParallel(List<Unit> units, Function<Unit, T> work) {
    Map<String, T> results = new ConcurrentHashMap<>();
    try (ExecutorService few = Executors.newFixedThreadPool(16)) {
      units.stream()
          .map(unit -> few.submit(() -> results.put(unit.id(), work.apply(unit))))
          .toList()
          .forEach(run -> {
            try {
              run.get();
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
    }
    return results;
  }

  /** Serials of the devices' authority, as its table has them: what was never finished no interface shows. */
  private Set<String> unfinished() {
    return serials("issuance_prepared", "true");
  }

  private Set<String> serials(String condition) {
    return serials("credential", condition);
  }

  private Set<String> serials(String table, String condition) {
    try (Connection database = server.database();
        Statement statement = database.createStatement();
        ResultSet rows = statement.executeQuery(
            "select serial from " + table + " where authority = 'devices' and " + condition)) {
      Set<String> serials = new HashSet<>();
      while (rows.next()) {
        serials.add(rows.getString(1));
      }
      return serials;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertRevoked(Wire wire, X509Certificate issuer, Set<String> serials)
      throws Exception {
    Eventually.holds(PATIENCE, "the CRL lists " + serials, () -> {
      return serials.stream()
          .map(serial -> new BigInteger(serial, 16))
          .allMatch(serial -> crl(wire, issuer, serial).getRevokedCertificate(serial) != null);
    });
    for (String serial : serials) {
      assertTrue(
          status(wire, issuer, new BigInteger(serial, 16)) instanceof RevokedStatus,
          "OCSP says revoked of " + serial);
    }
  }

  private static X509CRL crl(Wire wire, X509Certificate issuer, BigInteger serial) {
    try {
      X509CRL list = (X509CRL) CertificateFactory.getInstance("X.509")
          .generateCRL(new ByteArrayInputStream(get(wire, StatusClient.list("devices", serial))));
      list.verify(issuer.getPublicKey());
      return list;
    } catch (Exception e) {
      throw new AssertionError("the CRL cannot be read", e);
    }
  }

  private static Object status(Wire wire, X509Certificate issuer, BigInteger serial)
      throws Exception {
    CertificateID id = new CertificateID(
        new JcaDigestCalculatorProviderBuilder()
            .build()
            .get(new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1)),
        new X509CertificateHolder(issuer.getEncoded()),
        serial);
    byte[] answer = wire.send(
            null,
            HttpRequest.newBuilder(URI.create(wire.status() + "/ocsp"))
                .header("Content-Type", "application/ocsp-request")
                .POST(HttpRequest.BodyPublishers.ofByteArray(
                    new OCSPReqBuilder().addRequest(id).build().getEncoded()))
                .build())
        .body();
    BasicOCSPResp response = (BasicOCSPResp) new OCSPResp(answer).getResponseObject();
    assertEquals(id, response.getResponses()[0].getCertID());
    return response.getResponses()[0].getCertStatus();
  }

  private static X509Certificate issuer(Wire wire) throws Exception {
    return (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(get(wire, "/ca/devices.cer")));
  }

  private static byte[] get(Wire wire, String path) {
    HttpResponse<byte[]> response =
        wire.send(null, HttpRequest.newBuilder(URI.create(wire.status() + path)).build());
    assertEquals(200, response.statusCode(), path);
    return response.body();
  }
}
