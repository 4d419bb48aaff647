package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.RevocationReason;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class FieldsTest {
  private static final Der SOMETHING = Der.of(new byte[] {0x30, 3, 2, 1, 7});

  @Test
  void whatIsWrongWithAFieldIsSaidWithItsName() {
    refused("The field \"model\" is missing.", () -> Fields.text("model", null));
    refused("The field \"model\" is empty.", () -> Fields.text("model", " "));
    refused(
        "The field \"model\" contains a control character.", () -> Fields.text("model", "a\nb"));
    refused(
        "The field \"model\" has more than 500 characters.",
        () -> Fields.text("model", "a".repeat(501)));
    refused("The field \"device\" is not a UUID.", () -> Fields.uuid("device", "1-1-1-1-1"));
    refused(
        "The field \"lifetime\" is not an ISO 8601 duration such as PT24H.",
        () -> Fields.duration("lifetime", "24h", Duration.ZERO));
    refused("The request has no body; send one JSON object.", () -> Fields.body(null));
  }

  @Test
  void aReasonThatOnlyAuthoritiesHaveIsRefused() {
    assertEquals(
        RevocationReason.KEY_COMPROMISE,
        Reasons.read("reason", "key-compromise", RevocationReason.UNSPECIFIED));
    assertEquals(
        RevocationReason.UNSPECIFIED, Reasons.read("reason", null, RevocationReason.UNSPECIFIED));
    for (String word : List.of("ca-compromise", "certificate-hold", "KEY_COMPROMISE", "")) {
      assertThrows(
          Refusal.class, () -> Reasons.read("reason", word, RevocationReason.UNSPECIFIED), word);
    }
  }

  @Test
  void aCertificateMayBeHeldButNoListIsWrittenByHand() {
    assertEquals(
        RevocationReason.CERTIFICATE_HOLD,
        Reasons.readOrHold("reason", "certificate-hold", RevocationReason.UNSPECIFIED));
    for (String word : List.of("ca-compromise", "aa-compromise", "remove-from-crl", "7", "")) {
      assertThrows(
          Refusal.class,
          () -> Reasons.readOrHold("reason", word, RevocationReason.UNSPECIFIED),
          word);
    }
    refused(
        "The field \"reason\" cannot be remove-from-crl: to lift a hold, release the certificate.",
        () -> Reasons.readOrHold("reason", "remove-from-crl", RevocationReason.UNSPECIFIED));
  }

  @Nested
  class PemTest {
    @Test
    void whatWasWrittenIsRead() {
      assertEquals(
          SOMETHING, Pem.one("csr", "CERTIFICATE REQUEST", SOMETHING.pem("CERTIFICATE REQUEST")));
      assertEquals(
          SOMETHING,
          Pem.one("csr", "CERTIFICATE REQUEST", SOMETHING.pem("NEW CERTIFICATE REQUEST")));
      String crlf = SOMETHING.pem("CERTIFICATE").replace("\n", "\r\n");
      assertEquals(
          List.of(SOMETHING, SOMETHING),
          Pem.all("anchors", "CERTIFICATE", "note\r\n" + crlf + crlf));
    }

    @Test
    void anythingElseIsRefused() {
      refused(
          "The field \"csr\" is not a PEM CERTIFICATE REQUEST.",
          () -> Pem.one("csr", "CERTIFICATE REQUEST", "x"));
      refused(
          "The field \"csr\" has a PEM PRIVATE KEY in it where a CERTIFICATE REQUEST is expected.",
          () -> Pem.one("csr", "CERTIFICATE REQUEST", SOMETHING.pem("PRIVATE KEY")));
      refused(
          "The field \"csr\" has more than one CERTIFICATE REQUEST in it.",
          () -> Pem.one(
              "csr", "CERTIFICATE REQUEST", SOMETHING.pem("CERTIFICATE REQUEST").repeat(2)));
      refused(
          "The field \"csr\" is not PEM: its base64 is damaged.",
          () -> Pem.one("csr", "X", "-----BEGIN X-----\nA=B\n-----END X-----"));
      refused(
          "The field \"csr\" has more than 65536 characters.",
          () -> Pem.one("csr", "X", "-".repeat(65_537)));
    }
  }

  @Nested
  class KeyTest {
    @Test
    void anIdempotencyKeyIsOneHeaderOfUpTo128PrintableCharacters() {
      assertEquals("\"8e03978e\"", IdempotencyFilter.key(List.of("\"8e03978e\"")));
      assertEquals("a b", IdempotencyFilter.key(List.of("a b")));
      assertEquals("k".repeat(128), IdempotencyFilter.key(List.of("k".repeat(128))));
      for (String key : List.of("", " ", "k".repeat(129), "é", "a\tb")) {
        assertThrows(Refusal.class, () -> IdempotencyFilter.key(List.of(key)), key);
      }
      assertThrows(Refusal.class, () -> IdempotencyFilter.key(List.of("a", "a")));
    }
  }

  private static void refused(String sentence, Executable act) {
    Refusal refusal = assertThrows(Refusal.class, act);
    assertEquals(sentence, refusal.detail());
    assertEquals(400, refusal.problem().status());
  }
}
