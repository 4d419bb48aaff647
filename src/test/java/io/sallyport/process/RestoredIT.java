package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.LogVerdict;
import io.sallyport.testing.Answer;
import io.sallyport.testing.CommandLine;
import io.sallyport.testing.CommandLine.Said;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.PublicLog;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.cert.X509CRL;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Law 9 through a cluster folder that is put back to what it was before revocations, lists and issuances. */
class RestoredIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  private Path folder;

  private @Nullable ServerProcess server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void aRestoredDatabaseServesNobodyUntilTheGapIsClosed() throws Exception {
    Path data = folder.resolve("data");
    ServerProcess first = start(data);
    Plant plant = Plant.open(first.wire(), "restored");
    Unit revoked = plant.enrolled("R-revoked");
    Unit suspended = plant.enrolled("R-suspended");
    Unit late = plant.registered("R-late");
    plant.close();
    stop(first);
    copy(data.resolve("postgres"), folder.resolve("backup"));

    ServerProcess second = start(data);
    Wire wire = second.wire();
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/" + hex(revoked) + "/revoke",
        Map.of("reason", "key-compromise"));
    wire.admin("POST", "/api/v1/devices/" + suspended.id() + "/suspend", Map.of("reason", "lost"));
    BigInteger issued = enroll(wire, late);
    StatusClient status = new StatusClient(wire);
    X509CRL published = status.crlWith("devices", serial(revoked));
    Path export = folder.resolve("log.ndjson.gz");
    said(0, data, "audit", "export", "--out", export.toString());
    String kept = wire.latestCheckpoint();
    stop(second);
    delete(data.resolve("postgres"));
    copy(folder.resolve("backup"), data.resolve("postgres"));

    ServerProcess third = ServerProcess.startRefusing(data, Map.of());
    server = third;
    refusesEverybody(third, late);
    String standing = said(1, data, "admin", "reconcile");
    assertTrue(standing.contains("It was restored from a backup"), standing);
    String dry = said(0, data, "admin", "reconcile", "--export", export.toString(), "--dry-run");
    assertTrue(dry.contains("Nothing was changed."), dry);
    refusesEverybody(third, late);

    String done = said(0, data, "admin", "reconcile", "--export", export.toString());
    assertTrue(done.contains("The database is whole again."), done);
    stop(third);
    third = start(data);
    Wire after = third.wire();
    StatusClient now = new StatusClient(after);
    assertInstanceOf(
        RevokedStatus.class, now.device(serial(revoked)).getCertStatus(), "revoked in the gap");
    assertInstanceOf(
        RevokedStatus.class, now.device(issued).getCertStatus(), "issued in the gap, burned");
    assertEquals(
        "suspended",
        after
            .admin("GET", "/api/v1/devices/" + suspended.id(), null)
            .get("state")
            .asText());
    awaitList(now, serial(revoked));
    X509CRL list = now.crlWith("devices", serial(revoked));
    assertTrue(number(list).compareTo(number(published)) > 0, "the number is higher");
    awaitList(now, issued);
    now.crlWith("devices", issued);
    JsonNode reconciled = awaitSealed(after, "log.reconciled");
    LogVerdict verdict = PublicLog.verify(after, kept);
    assertNull(verdict.finding(), () -> String.valueOf(verdict.finding()));
    Path again = folder.resolve("again.ndjson.gz");
    said(0, data, "audit", "export", "--out", again.toString());
    said(0, data, "audit", "verify", "--export", again.toString());
    assertEquals("operator:admin", reconciled.get("actor").asText(), "by whom is in the log");
  }

  @Test
  void aLossThatNoExportClosesIsAcceptedByAReasonAndToldByTheLog() throws Exception {
    Path data = folder.resolve("data");
    ServerProcess first = start(data);
    Plant plant = Plant.open(first.wire(), "lossy");
    Unit revoked = plant.enrolled("L-revoked");
    Unit late = plant.registered("L-late");
    plant.close();
    stop(first);
    copy(data.resolve("postgres"), folder.resolve("backup"));

    ServerProcess second = start(data);
    Wire wire = second.wire();
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/" + hex(revoked) + "/revoke",
        Map.of("reason", "unspecified"));
    X509CRL published = new StatusClient(wire).crlWith("devices", serial(revoked));
    awaitSealed(wire, "certificate.revoked");
    Path kept =
        Files.writeString(folder.resolve("kept.note"), latest(wire).path("note").asText());
    second.killServer();
    second.killDatabase();
    delete(data.resolve("postgres"));
    copy(folder.resolve("backup"), data.resolve("postgres"));

    ServerProcess third = ServerProcess.startRefusing(data, Map.of());
    server = third;
    refusesEverybody(third, late);
    said(2, data, "admin", "reconcile", "--accept-loss");
    said(0, data, "admin", "reconcile", "--accept-loss", "--reason", "no export of that day");
    stop(third);
    third = start(data);
    Wire after = third.wire();
    BigInteger issued = after
        .enroll(late.idevid(), io.sallyport.testing.TestPki.key(), "L-late")
        .certificate()
        .getSerialNumber();
    assertTrue(issued.bitLength() > 17 * 8, "an octet longer than any that was lost");
    StatusClient now = new StatusClient(after);
    awaitList(now, serial(revoked));
    X509CRL list = now.crl("devices", serial(revoked));
    assertTrue(number(list).compareTo(number(published)) > 0, "the number is higher");
    awaitSealed(after, "log.lost");
    Path export = folder.resolve("log.ndjson");
    said(0, data, "audit", "export", "--out", export.toString());
    String told = said(
        0, data, "audit", "verify", "--export", export.toString(), "--checkpoint", kept.toString());
    assertTrue(told.contains("they are lost, and operator:admin accepted that"), told);
    assertTrue(told.contains("no export of that day"), told);
  }

  /** None stands until it is made anew, so that none with a smaller number is served. */
  private static void awaitList(StatusClient status, BigInteger serial) {
    Eventually.holds(
        PATIENCE,
        "the list is made anew",
        () -> status.get(StatusClient.list("devices", serial)).statusCode() == 200);
  }

  /** The first fact of this kind, once a checkpoint covers it. */
  private static JsonNode awaitSealed(Wire wire, String kind) {
    Eventually.holds(
        PATIENCE,
        kind + " is sealed",
        () -> !first(wire, kind).isMissingNode()
            && latest(wire).path("size").asLong()
                >= first(wire, kind).path("position").asLong());
    return first(wire, kind);
  }

  private static JsonNode first(Wire wire, String kind) {
    return wire.admin("GET", "/api/v1/audit/facts?kind=" + kind, null).at("/items/0");
  }

  private static JsonNode latest(Wire wire) {
    return wire.admin("GET", "/api/v1/audit/checkpoints/latest", null);
  }

  private static void refusesEverybody(ServerProcess refusing, Unit unit) {
    Wire wire = refusing.wire();
    Answer enrolled = Answer.to(
        wire.client(unit.idevid()), wire.device("/.well-known/est/cacerts").build());
    assertEquals(503, enrolled.status(), enrolled.text());
    assertEquals(503, new StatusClient(wire).get("/crl/devices/0.crl").statusCode());
    assertEquals(503, new StatusClient(wire).get("/ocsp/AAAA").statusCode());
    Answer devices = Answer.to(wire.client(null), wire.person("/api/v1/devices").build());
    assertEquals(503, devices.status());
    assertTrue(devices.text().contains("admin reconcile --export FILE"), devices.text());
  }

  private ServerProcess start(Path data) {
    ServerProcess started = ServerProcess.start(data, Map.of());
    server = started;
    return started;
  }

  private static void stop(ServerProcess running) {
    int code = running.stop(PATIENCE);
    assertTrue(code == 0 || code == 143, "exit code " + code);
  }

  private static String said(int code, Path data, String... arguments) {
    Said said = CommandLine.run(data, arguments);
    assertEquals(code, said.code(), said.text());
    return said.text();
  }

  private static BigInteger enroll(Wire wire, Unit unit) {
    return wire.enroll(unit.idevid(), io.sallyport.testing.TestPki.key(), "R-late")
        .certificate()
        .getSerialNumber();
  }

  private static BigInteger serial(Unit unit) {
    return unit.identity().certificate().getSerialNumber();
  }

  private static String hex(Unit unit) {
    return serial(unit).toString(16);
  }

  private static BigInteger number(X509CRL list) {
    return ASN1Integer.getInstance(
            ASN1OctetString.getInstance(list.getExtensionValue("2.5.29.20")).getOctets())
        .getValue();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(file -> {
        try {
          Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    }
  }

  private static void delete(Path from) throws IOException {
    Files.walkFileTree(from, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
          throws IOException {
        Files.delete(file);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
          throws IOException {
        Files.delete(directory);
        return FileVisitResult.CONTINUE;
      }
    });
  }
}
