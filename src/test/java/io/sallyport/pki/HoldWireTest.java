package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.keys.PausingKeys;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
import jakarta.inject.Inject;
import java.math.BigInteger;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CRLReason;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates that are held and released, and all reasons of a revocation (RFC 5280 §5.3.1, §5.2.4). */
@QuarkusTest
class HoldWireTest extends ServerTest {
  private static final String FORM = "application/x-www-form-urlencoded";
  private static final String HOLD = "certificate-hold";

  @Inject
  DataSource database;

  private @Nullable Plant opened;
  private int units;

  @BeforeEach
  void open() {
    if (opened == null) {
      opened = Plant.open(wire, "hold");
    }
  }

  @AfterAll
  void close() {
    plant().close();
  }

  private Plant plant() {
    return Objects.requireNonNull(opened);
  }

  private String next() {
    return "HOLD-" + units++;
  }

  private Unit enrolled() {
    return plant().enrolled(next());
  }

  private static BigInteger serial(Unit unit) {
    return unit.identity().certificate().getSerialNumber();
  }

  private Answer act(Identity of, String authority, String act, @Nullable Object body) {
    return plant()
        .person(
            "POST",
            "/api/v1/certificates/" + authority + "/"
                + of.certificate().getSerialNumber().toString(16) + "/" + act,
            body);
  }

  private Answer revoke(Unit unit, String reason) {
    return act(unit.identity(), "devices", "revoke", Map.of("reason", reason));
  }

  private JsonNode hold(Unit unit) {
    return revoke(unit, HOLD).expect(200).json();
  }

  private Answer release(Unit unit) {
    return act(unit.identity(), "devices", "release", null);
  }

  private void assertStays(Unit unit, String because) {
    Answer answer = release(unit).expect(409);
    assertEquals(
        "urn:sallyport:problem:cannot-release", answer.json().get("type").asText());
    assertTrue(answer.text().contains(because), answer.text());
  }

  private String status(Unit unit) {
    return plant()
        .person("GET", "/api/v1/certificates/devices/" + serial(unit).toString(16), null)
        .expect(200)
        .json()
        .get("status")
        .asText();
  }

  @Test
  void aHeldCertificateIsGoodForNothingUntilItIsReleased() {
    Unit unit = plant().attested(next());
    String token =
        unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
    assertTrue(unit.may(Plant.VIDEO));
    assertTrue(active(token));

    assertEquals("held", hold(unit).get("status").asText());

    Answer refused = unit.challenge().expect(403);
    assertTrue(refused.text().contains("on hold"), refused.text());
    assertTrue(unit.renew().expect(403).text().contains("on hold"));
    unit.token(Plant.VIDEO).expect(403);
    assertFalse(unit.may(Plant.VIDEO));
    assertFalse(active(token));
    plant().fact(unit.id(), "certificate.held");

    assertEquals("live", release(unit).expect(200).json().get("status").asText());

    assertTrue(unit.may(Plant.VIDEO));
    unit.challenge().expect(201);
    plant().fact(unit.id(), "certificate.released");
  }

  private boolean active(String token) {
    return plant()
        .post(
            plant().enforcementPoint(),
            "/oauth2/introspect",
            FORM,
            BodyPublishers.ofString("token=" + token))
        .expect(200)
        .json()
        .get("active")
        .asBoolean();
  }

  /** Released before anybody could look: the grants of before are over all the same. */
  @Test
  void noGrantOutlivesAHold() {
    Unit unit = plant().attested(next());
    String token =
        unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();

    hold(unit);
    release(unit).expect(200);

    Patience.untilTrue("the grant is withdrawn", () -> !active(token));
    String later =
        unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
    assertTrue(active(later));
  }

  @Test
  void statusTellsOfHoldAndRelease(@TempDir Path folder) throws Exception {
    Peers.need("openssl");
    StatusClient status = new StatusClient(wire);
    Unit unit = enrolled();
    BigInteger serial = serial(unit);
    String list = StatusClient.list("devices", serial);
    String delta = list.replace(".crl", "-delta.crl");

    hold(unit);

    RevokedStatus held = (RevokedStatus) status.device(serial).getCertStatus();
    assertEquals(CRLReason.CERTIFICATE_HOLD.ordinal(), held.getRevocationReason());
    X509CRL with = status.crlWith("devices", serial);
    assertEquals(
        CRLReason.CERTIFICATE_HOLD, with.getRevokedCertificate(serial).getRevocationReason());
    assertTrue(said(folder, with, serial).contains("Certificate Hold"));

    release(unit).expect(200);

    assertNull(status.device(serial).getCertStatus(), "good");
    X509CRL without = status.crlAt(list, crl -> crl.getRevokedCertificate(serial) == null);
    assertTrue(number(without, Extension.cRLNumber.getId())
            .compareTo(number(with, Extension.cRLNumber.getId()))
        > 0);
    assertEquals("", said(folder, without, serial));
    X509CRL after = status.crlAt(
        delta,
        crl -> number(crl, Extension.cRLNumber.getId())
                .compareTo(number(with, Extension.cRLNumber.getId()))
            > 0);
    // Another revocation in this shard may have made a delta since, to a list that is without it
    // already.
    if (number(after, Extension.deltaCRLIndicator.getId())
            .compareTo(number(with, Extension.cRLNumber.getId()))
        <= 0) {
      X509CRLEntry entry = after.getRevokedCertificate(serial);
      assertNotNull(entry, "the list that it follows has it");
      assertEquals(CRLReason.REMOVE_FROM_CRL, entry.getRevocationReason());
      assertTrue(said(folder, after, serial).contains("Remove From CRL"));
    }

    hold(unit);

    X509CRL again = status.crlWith("devices", serial);
    assertEquals(
        CRLReason.CERTIFICATE_HOLD, again.getRevokedCertificate(serial).getRevocationReason());
  }

  private static BigInteger number(X509CRL crl, String extension) {
    return ASN1Integer.getInstance(
            ASN1OctetString.getInstance(crl.getExtensionValue(extension)).getOctets())
        .getValue();
  }

  /** The entry as openssl tells it, or empty. */
  private static String said(Path folder, X509CRL crl, BigInteger serial) throws Exception {
    Files.write(folder.resolve("list.crl"), crl.getEncoded());
    String text = Peers.run(
            folder, "openssl", "crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text")
        .orFail();
    String[] parts = text.split("Serial Number: ", -1);
    for (String entry : List.of(parts).subList(1, parts.length)) {
      if (new BigInteger(entry.split("\\s", 2)[0], 16).equals(serial)) {
        return entry;
      }
    }
    return "";
  }

  @Test
  void aHeldCertificateCanBeRevokedForGood() {
    StatusClient status = new StatusClient(wire);
    Unit unit = enrolled();
    String since = hold(unit).get("revoked_at").asText();
    status.crlWith("devices", serial(unit));

    JsonNode revoked = revoke(unit, "privilege-withdrawn").expect(200).json();

    assertEquals("revoked", revoked.get("status").asText());
    assertEquals("privilege-withdrawn", revoked.get("revocation_reason").asText());
    assertEquals(since, revoked.get("revoked_at").asText(), "the time of the hold");
    assertEquals(
        since,
        plant().fact(unit.id(), "certificate.revoked").at("/detail/held_since").asText());
    RevokedStatus ocsp = (RevokedStatus) status.device(serial(unit)).getCertStatus();
    assertEquals(CRLReason.PRIVILEGE_WITHDRAWN.ordinal(), ocsp.getRevocationReason());
    status.crlAt(StatusClient.list("devices", serial(unit)), crl -> {
      X509CRLEntry entry = crl.getRevokedCertificate(serial(unit));
      return entry != null && entry.getRevocationReason() == CRLReason.PRIVILEGE_WITHDRAWN;
    });
    assertStays(unit, "for good");
    assertEquals("revoked", hold(unit).get("status").asText(), "no hold makes it less");
  }

  @Test
  void holdingTwiceIsHoldingOnce() {
    Unit unit = enrolled();
    String since = hold(unit).get("revoked_at").asText();

    assertEquals(since, hold(unit).get("revoked_at").asText());

    release(unit).expect(200);
    assertStays(unit, "not on hold");
  }

  @ParameterizedTest
  @CsvSource({
    "unspecified, UNSPECIFIED",
    "key-compromise, KEY_COMPROMISE",
    "affiliation-changed, AFFILIATION_CHANGED",
    "superseded, SUPERSEDED",
    "cessation-of-operation, CESSATION_OF_OPERATION",
    "privilege-withdrawn, PRIVILEGE_WITHDRAWN"
  })
  void everyReasonForADeviceIsTold(String word, CRLReason reason) {
    StatusClient status = new StatusClient(wire);
    Unit unit = enrolled();

    revoke(unit, word).expect(200);

    RevokedStatus ocsp = (RevokedStatus) status.device(serial(unit)).getCertStatus();
    assertEquals(reason.ordinal(), ocsp.hasRevocationReason() ? ocsp.getRevocationReason() : 0);
    CRLReason listed = status
        .crlWith("devices", serial(unit))
        .getRevokedCertificate(serial(unit))
        .getRevocationReason();
    assertEquals(reason == CRLReason.UNSPECIFIED ? null : reason, listed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ca-compromise", "aa-compromise", "remove-from-crl", "unused", "6"})
  void otherReasonsAreRefused(String word) {
    Unit unit = enrolled();

    revoke(unit, word).expect(400);

    assertEquals("live", status(unit));
  }

  /** Law 2: neither the held certificate nor another one on its key. */
  @Test
  void aRetryDoesNotGetAroundAHold() {
    String serialNumber = next();
    Unit unit = plant().registered(serialNumber);
    KeyPair keys = TestPki.key();
    unit.enroll(keys);
    byte[] request = TestPki.request(keys, "CN=" + serialNumber, null);
    hold(unit);

    Answer held =
        Answer.of(wire.est("simpleenroll", unit.idevid(), null, request)).expect(403);
    assertTrue(held.text().contains("on hold"), held.text());
    plant().fact(unit.id(), "enrollment.refused", "certificate-held");

    release(unit).expect(200);
    X509Certificate again = Wire.certificates(
            Answer.of(wire.est("simpleenroll", unit.idevid(), null, request))
                .expect(200)
                .body())
        .getFirst();
    assertEquals(serial(unit), again.getSerialNumber(), "not used yet, and live again");
  }

  /** With another key a device may enroll anew, as after a revocation; then the held one has had its day. */
  @Test
  void whatWasSupersededMeanwhileIsNotReleased() {
    Unit unit = enrolled();
    hold(unit);
    X509Certificate second =
        Wire.certificates(unit.enrollAgain().expect(200).body()).getFirst();
    assertNotEquals(serial(unit), second.getSerialNumber());
    Unit later = plant()
        .known(unit.identity()
            .certificate()
            .getSubjectX500Principal()
            .getName()
            .replaceAll(".*(HOLD-\\d+).*", "$1"));
    KeyPair keys = TestPki.key();
    later.enroll(keys);
    later.challenge().expect(201);

    assertStays(unit, "superseded");
    revoke(unit, "superseded").expect(200);
  }

  @Test
  void nothingComesBackToADeviceThatIsGone() {
    Unit wiping = enrolled();
    hold(wiping);
    plant()
        .person(
            "POST",
            "/api/v1/devices/" + wiping.id() + "/decommission",
            Map.of("reason", "a test", "wipe_within", "PT1H"))
        .expect(200);
    assertStays(wiping, "wiping");

    Unit gone = enrolled();
    hold(gone);
    gone.become("decommission").expect(200);
    assertStays(gone, "decommissioned");
    assertEquals("revoked", status(gone), "for good, with all the others");
  }

  @Test
  void nothingComesBackOnACompromisedKey() {
    Unit unit = plant().registered(next());
    KeyPair keys = TestPki.key();
    unit.enroll(keys);
    Identity successor =
        new Identity(keys, Wire.certificates(unit.renew(keys).expect(200).body()));
    hold(unit);

    act(successor, "devices", "revoke", Map.of("reason", "key-compromise")).expect(200);

    assertStays(unit, "for good");
    assertEquals("revoked", status(unit));
  }

  @Test
  void nothingComesBackAfterItsEnd() throws Exception {
    Unit unit = enrolled();
    hold(unit);
    try (Connection connection = database.getConnection();
        PreparedStatement end = connection.prepareStatement(
            "update credential set not_after = now() - interval '1 second' where serial = ?")) {
      end.setString(1, serial(unit).toString(16));
      assertEquals(1, end.executeUpdate());
    }

    assertStays(unit, "expired");
  }

  /** Law 5. */
  @Test
  void whatIsMadeDuringAHoldIsNotHandedOutEvenAfterTheRelease() {
    String serialNumber = next();
    Unit unit = plant().enrolled(serialNumber);
    PausingKeys pause = PausingKeys.at(serialNumber);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<Answer> renewal = CompletableFuture.supplyAsync(unit::renew, threads);
      try {
        pause.awaitSignature();
        hold(unit);
        release(unit).expect(200);
      } finally {
        pause.release();
      }
      renewal.join().expect(403);
    }
    unit.renew().expect(200);
  }

  @Test
  void anEnforcementPointOnHoldIsAStranger() {
    Unit unit = plant().attested(next());
    Identity gate = plant().enforcementPoint("hold-other-gate");
    plant().evaluate(gate, "device", unit.id(), Plant.VIDEO).expect(200);

    act(gate, "internal", "revoke", Map.of("reason", HOLD)).expect(200);
    plant().evaluate(gate, "device", unit.id(), Plant.VIDEO).expect(401);

    act(gate, "internal", "release", null).expect(200);
    plant().evaluate(gate, "device", unit.id(), Plant.VIDEO).expect(200);
  }

  @Test
  void ofManyAtOnceTheRevocationStays() throws Exception {
    Unit unit = enrolled();
    try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
      List<Future<?>> acts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        acts.add(threads.submit(() -> revoke(unit, HOLD).expect(200)));
        acts.add(threads.submit(() -> release(unit)));
        if (i == 4) {
          acts.add(threads.submit(() -> revoke(unit, "affiliation-changed").expect(200)));
        }
      }
      for (Future<?> act : acts) {
        act.get();
      }
    }

    assertEquals("revoked", status(unit));
    plant().fact(unit.id(), "certificate.revoked");
    boolean held = false;
    boolean ended = false;
    for (JsonNode fact : plant().facts(unit.id())) {
      String kind = fact.get("kind").asText();
      if (kind.equals("certificate.held") || kind.equals("certificate.released")) {
        assertFalse(ended, kind + " after the revocation");
        assertEquals(kind.equals("certificate.released"), held, kind);
        held = kind.equals("certificate.held");
      }
      if (kind.equals("certificate.revoked")) {
        assertFalse(ended, "revoked twice");
        ended = true;
        assertEquals(held, fact.at("/detail").has("held_since"));
      }
    }
    assertTrue(ended);
    RevokedStatus ocsp =
        (RevokedStatus) new StatusClient(wire).device(serial(unit)).getCertStatus();
    assertEquals(CRLReason.AFFILIATION_CHANGED.ordinal(), ocsp.getRevocationReason());
  }
}
