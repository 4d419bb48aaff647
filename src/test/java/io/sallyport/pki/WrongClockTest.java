package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.events.Nodes;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.Keys;
import io.sallyport.marks.Marks;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a server's clock says, nothing is certified that begins before its issuer or outlives it (law 4). */
@QuarkusTest
class WrongClockTest extends ServerTest {
  private static final String AUTHORITY = "wrong-clock";

  @Inject
  Authorities authorities;

  @Inject
  TbsCertificates certificates;

  @Inject
  CrlShards shards;

  @Inject
  KeyBlocklist blocklist;

  @Inject
  Keys keys;

  @Inject
  Nodes nodes;

  @Inject
  Marks marks;

  @Inject
  Ids ids;

  @Inject
  SecureRandom random;

  @Inject
  CertificateProfiles profiles;

  private boolean established;

  /** An authority begins an hour before it was made. */
  @SuppressWarnings("NullAway.Init")
  private TBSCertificate issuer;

  @BeforeEach
  void establish() {
    if (!established) {
      established = true;
      authorities.establish(
          AUTHORITY, "root", "CN=Wrong Clock", KeyAlgorithm.EC_P256, Duration.ofDays(90));
      wire.document("/api/v1/certificate-profiles/" + AUTHORITY, """
          apiVersion: sallyport.io/v1
          kind: CertificateProfile
          metadata: {name: wrong-clock}
          spec:
            issuer: wrong-clock
            validity: P7D
            backdating: PT30M
            subject: [{serialNumber: "${hardware.serialNumber}"}]
            extendedKeyUsages: [clientAuth]
          """);
    }
    issuer = CertificateParts.tbs(authorities.get(AUTHORITY).certificate());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-PT59M", "-PT31M", "PT0S", "PT1H", "P40D"})
  void aCertificateStaysWithinItsIssuer(Duration off) {
    Instant now = begin().plus(Duration.ofHours(1)).plus(off);

    Drafts.Draft draft = draft(now);

    assertFalse(draft.notBefore().isBefore(begin()), "begins before its issuer");
    assertFalse(draft.notBefore().isAfter(now), "begins in the future");
    assertFalse(draft.notAfter().isAfter(end()), "outlives its issuer");
    Duration backdated = Duration.between(draft.notBefore(), now);
    assertTrue(backdated.compareTo(Duration.ofMinutes(31)) < 0, backdated.toString());
  }

  @Test
  void atTheEndOfItsIssuerItIsShort() {
    Drafts.Draft draft = draft(end().minus(Duration.ofHours(1)));

    assertEquals(end(), draft.notAfter());
  }

  /** The marks that a server keeps of what it signed stop it before; this holds without them too. */
  @Test
  void aClockBeforeTheIssuersBeginningGivesNothing() {
    Refusal refused =
        assertThrows(Refusal.class, () -> draft(begin().minus(Duration.ofMinutes(1))));

    assertEquals(PkiProblem.LINT, refused.problem());
  }

  private Instant begin() {
    return issuer.getStartDate().getDate().toInstant();
  }

  private Instant end() {
    return issuer.getEndDate().getDate().toInstant();
  }

  private Drafts.Draft draft(Instant now) {
    UUID device = ids.next();
    return new Drafts(
            authorities,
            certificates,
            shards,
            blocklist,
            keys,
            nodes,
            marks,
            ids,
            random,
            Clock.fixed(now, ZoneOffset.UTC))
        .of(new Issuance.Order(
            CertificateSubject.device(device),
            profiles.find(AUTHORITY).orElseThrow(),
            Der.of(TestPki.key().getPublic().getEncoded()),
            Digest.of(device.toString().getBytes(StandardCharsets.UTF_8)),
            false,
            "serialNumber=" + device,
            List.of()));
  }
}
