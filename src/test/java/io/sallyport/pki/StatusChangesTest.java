package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.pki.CertificateStatus.Stamp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which facts put an end to an answer, and which answers outlast a commit that they were read before. */
class StatusChangesTest {
  private static final String DEVICE = "0198a000-0000-7000-8000-000000000001";

  private final StatusChanges changes = new StatusChanges();

  private Stamp answer(String subjectType, String subject) {
    StatusChanges.Reading reading = changes.reading();
    reading.saw(subjectType, subject);
    return reading.stamp();
  }

  @ParameterizedTest
  @CsvSource({
    "certificate.revoked, device, 0198a000-0000-7000-8000-000000000001, false",
    "certificate.held, device, 0198a000-0000-7000-8000-000000000001, false",
    "certificate.released, device, 0198a000-0000-7000-8000-000000000001, false",
    "certificate.of-a-later-day, device, 0198a000-0000-7000-8000-000000000001, false",
    "authority.compromised, authority, devices, false",
    "certificate.issued, device, 0198a000-0000-7000-8000-000000000001, true",
    "certificate.first-used, device, 0198a000-0000-7000-8000-000000000001, true",
    "certificate.superseded, device, 0198a000-0000-7000-8000-000000000001, true",
    "device.quarantined, device, 0198a000-0000-7000-8000-000000000001, true",
    "certificate.revoked, device, 0198a000-0000-7000-8000-000000000002, true",
    "certificate.revoked, attestation-key, 0198a000-0000-7000-8000-000000000001, true"
  })
  void anAnswerStandsUntilAFactThatMayChangeIt(
      String kind, String subjectType, String subject, boolean stands) {
    Stamp answer = answer("device", DEVICE);

    changes.recorded(kind, subjectType, subject);

    assertEquals(stands, answer.holds());
  }

  @Test
  void whatWasReadBeforeACommitDoesNotStandHoweverLateItIsSigned() {
    StatusChanges.Reading reading = changes.reading();
    reading.saw("device", DEVICE);
    changes.recorded("certificate.revoked", "device", DEVICE);

    Stamp signedLate = reading.stamp();

    assertFalse(signedLate.holds());
    assertTrue(answer("device", DEVICE).holds(), "what is read after the commit is true");
  }

  @Test
  void anAnswerAboutSeveralFallsWithEachOfThem() {
    StatusChanges.Reading reading = changes.reading();
    reading.saw("device", DEVICE);
    reading.saw("server", "localhost");
    Stamp both = reading.stamp();

    changes.recorded("certificate.revoked", "server", "localhost");

    assertFalse(both.holds());
  }
}
