package io.sallyport.attestation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.attestation.Appraisal.Claim;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // a null where none may be fails the test
class AppraisalTest {
  @ParameterizedTest
  @ValueSource(strings = {"executables", "hardware"})
  void law10NoSoftwareAssuranceAffirmsExecutablesOrHardware(String name) {
    for (Assurance assurance : Assurance.values()) {
      for (int value = -128; value < 128; value++) {
        Claim claim = new Claim(value, assurance, "test", "test");
        if (claim.tier() == TrustTier.AFFIRMING && assurance != Assurance.HARDWARE) {
          var refused = assertThrows(
              IllegalArgumentException.class, () -> appraisal(claim.tier(), Map.of(name, claim)));
          assertTrue(refused.getMessage().contains("law 10"));
        } else {
          appraisal(claim.tier(), Map.of(name, claim));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(TrustTier.class)
  void aStatusBetterThanTheWorstClaimCannotBeMade(TrustTier status) {
    Map<String, Claim> claims = Map.of(
        "instance-identity", new Claim(2, Assurance.HARDWARE, "test", "test"),
        "configuration", new Claim(96, Assurance.HARDWARE, "test", "test"));
    if (status == TrustTier.CONTRAINDICATED) {
      assertEquals(status, appraisal(status, claims).status());
    } else {
      assertThrows(IllegalArgumentException.class, () -> appraisal(status, claims));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-128,CONTRAINDICATED",
    "-97,CONTRAINDICATED",
    "-96,WARNING",
    "-33,WARNING",
    "-32,AFFIRMING",
    "-2,AFFIRMING",
    "-1,NONE",
    "0,NONE",
    "1,NONE",
    "2,AFFIRMING",
    "31,AFFIRMING",
    "32,WARNING",
    "95,WARNING",
    "96,CONTRAINDICATED",
    "127,CONTRAINDICATED"
  })
  void tiersAreThoseOfAr4si(int value, TrustTier tier) {
    assertEquals(tier, TrustTier.of(value));
  }

  @Test
  void withoutClaimsTheStatusIsNone() {
    assertEquals(TrustTier.NONE, Appraisal.worst(Map.of()));
  }

  private static Appraisal appraisal(TrustTier status, Map<String, Claim> claims) {
    return new Appraisal(
        UUID.randomUUID(),
        UUID.randomUUID(),
        status,
        claims,
        Map.of(),
        TestDevice.NOW,
        TestDevice.NOW,
        "ear");
  }
}
