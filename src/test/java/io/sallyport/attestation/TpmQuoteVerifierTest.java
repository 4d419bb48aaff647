package io.sallyport.attestation;

import static io.sallyport.attestation.GoldenTpm.bytes;
import static io.sallyport.attestation.GoldenTpm.octets;
import static io.sallyport.attestation.GoldenTpm.profile;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.attestation.EvidenceVerifier.Findings;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.PcrReferences;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.TestPki;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // a null where none may be fails the test
class TpmQuoteVerifierTest {
  /** Where things stand in the recorded quote of the key {@code ecc}. */
  private static final int MAGIC = 0;

  private static final int TYPE = 4;
  private static final int EXTRA_DATA = 42;
  private static final int CLOCK = EXTRA_DATA + 2 + 32;
  private static final int RESET_COUNT = CLOCK + 8;
  private static final int RESTART_COUNT = RESET_COUNT + 4;
  private static final int SAFE = RESTART_COUNT + 4;
  private static final int BANK = SAFE + 1 + 8 + 4;
  private static final int BITMAP = BANK + 3;

  private final GoldenTpm tpm = new GoldenTpm();
  private final DeviceProfile profile = profile("ecc");

  @Test
  void theGoldenQuoteAffirmsEverything() {
    Findings findings = tpm.appraise(bytes(tpm.golden()), profile);

    assertEquals(TrustTier.AFFIRMING, findings.status());
    assertEquals(
        Map.of("instance-identity", 2, "executables", 2, "configuration", 2, "hardware", 2),
        values(findings));
    findings.claims().values().forEach(claim -> {
      assertEquals(Assurance.HARDWARE, claim.assurance());
      assertEquals("tpm-quote", claim.source());
    });
    assertEquals("tpm-quote", findings.submodule());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ecc", "rsassa", "rsapss"})
  void eachSchemeThatIsAllowedIsTaken(String key) {
    ObjectNode document = GoldenTpm.document(key, tpm.certified(key));

    assertEquals(2, values(tpm.appraise(bytes(document), profile(key))).get("executables"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"two", "swapped"})
  void twoBanksCountInTheOrderInWhichTheTpmHashedThem(String quote) {
    ObjectNode document = GoldenTpm.document(quote, tpm.certified("ecc"));

    assertEquals(2, values(tpm.appraise(bytes(document), profile(quote))).get("executables"));
  }

  @Test
  void withoutACertifiedKeyTheInstanceIsNotAffirmed() {
    ObjectNode document = tpm.golden();
    document.remove("key_certification");

    Findings findings = tpm.appraise(bytes(document), profile);

    assertEquals(32, values(findings).get("instance-identity"));
    assertEquals(TrustTier.WARNING, findings.status());
  }

  @Nested
  class Mutated {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "/ak_certificate",
          "/quote",
          "/signature",
          "/key_certification/certify_info",
          "/key_certification/signature",
          "/key_certification/public"
        })
    void everyFlippedBitAndEveryLengthOfAStructureIsRefused(String field) {
      ObjectNode golden = tpm.golden();
      byte[] octets = java.util.Base64.getDecoder().decode(golden.at(field).asText());
      for (int i = 0; i < octets.length * 8; i++) {
        byte[] mutant = octets.clone();
        mutant[i / 8] ^= (byte) (1 << i % 8);
        assertNotAffirmed(with(golden, field, mutant), field + " bit " + i);
      }
      for (int length = 0; length < octets.length; length++) {
        assertNotAffirmed(
            with(golden, field, Arrays.copyOf(octets, length)), field + " length " + length);
      }
      assertNotAffirmed(
          with(golden, field, Arrays.copyOf(octets, octets.length + 1)), field + " longer");
    }

    @Test
    void everyChangedByteOfTheDocumentIsRefused() {
      byte[] golden = bytes(tpm.golden());
      for (int i = 0; i < golden.length; i++) {
        byte[] mutant = golden.clone();
        mutant[i] ^= (byte) (1 << i % 8);
        assertNotAffirmed(mutant, "byte " + i);
      }
    }

    @Test
    void everyShortenedDocumentIsRefused() {
      byte[] golden = bytes(tpm.golden());
      for (int length = 0; length < golden.length; length++) {
        assertNotAffirmed(Arrays.copyOf(golden, length), "first " + length + " bytes");
      }
    }

    private static byte[] with(ObjectNode golden, String pointer, byte[] octets) {
      ObjectNode mutant = golden.deepCopy();
      int slash = pointer.lastIndexOf('/');
      ((ObjectNode) mutant.at(pointer.substring(0, slash)))
          .put(pointer.substring(slash + 1), GoldenTpm.base64(octets));
      return bytes(mutant);
    }

    private void assertNotAffirmed(byte[] evidence, String what) {
      try {
        Findings findings = tpm.appraise(evidence, profile);
        fail(what + " gave " + findings.status());
      } catch (Refusal expected) {
        assertTrue(expected.problem().status() < 500, what);
      }
    }
  }

  @Nested
  class Refused {
    @Test
    void theAttestationKeyOfAnotherDevice() {
      ObjectNode document =
          GoldenTpm.document("ecc", tpm.certified(tpmKey("ecc"), UUID.randomUUID()));

      assertRefused(AttestationProblem.EVIDENCE_SIGNATURE, document);
    }

    @Test
    void aKeyThatWasNeverActivated() {
      Der certificate = new GoldenTpm().certified("ecc");

      assertRefused(AttestationProblem.EVIDENCE_SIGNATURE, GoldenTpm.document("ecc", certificate));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsassa", "rsapss"})
    void aQuoteByAnotherKeyOfTheDevice(String key) {
      assertRefused(
          AttestationProblem.EVIDENCE_SIGNATURE, GoldenTpm.document("ecc", tpm.certified(key)));
      assertRefused(
          AttestationProblem.EVIDENCE_SIGNATURE, GoldenTpm.document(key, tpm.certified("ecc")));
    }

    @Test
    void aSignatureWithSha1() {
      Refusal refusal = assertRefused(
          AttestationProblem.EVIDENCE_SIGNATURE, GoldenTpm.document("sha1", tpm.certified("sha1")));

      assertTrue(refusal.detail().contains("SHA-1"), refusal.detail());
    }

    @Test
    void aNonceThatTheQuoteWasNotMadeFor() {
      ObjectNode document = tpm.golden();
      document.put("nonce", "B".repeat(42) + "A");

      assertRefused(AttestationProblem.QUOTE_MISMATCH, document);
    }

    @Test
    void aQuoteThatLeavesAPcrOut() {
      assertRefused(
          AttestationProblem.QUOTE_MISMATCH, GoldenTpm.document("missing", tpm.certified("ecc")));
    }

    @Test
    void aQuoteOverMoreThanThePolicyNames() {
      assertRefused(
          AttestationProblem.QUOTE_MISMATCH, GoldenTpm.document("more", tpm.certified("ecc")));
    }

    @Test
    void aQuoteOfAnotherBank() {
      ObjectNode sha1 = GoldenTpm.document("sha1bank", tpm.certified("ecc"));
      assertRefused(AttestationProblem.INVALID_EVIDENCE, sha1);
      sha1.set("pcrs", tpm.golden().get("pcrs"));
      assertRefused(AttestationProblem.QUOTE_MISMATCH, sha1);
      assertRefused(
          AttestationProblem.QUOTE_MISMATCH, GoldenTpm.document("two", tpm.certified("ecc")));
    }

    @Test
    void valuesThatWereNotQuoted() {
      ObjectNode swapped = tpm.golden();
      ObjectNode pcrs = (ObjectNode) swapped.at("/pcrs/sha256");
      String zero = pcrs.get("0").asText();
      pcrs.put("0", pcrs.get("7").asText());
      pcrs.put("7", zero);
      assertRefused(AttestationProblem.QUOTE_MISMATCH, swapped);

      ObjectNode fewer = tpm.golden();
      ((ObjectNode) fewer.at("/pcrs/sha256")).remove("1");
      assertRefused(AttestationProblem.QUOTE_MISMATCH, fewer);

      ObjectNode more = tpm.golden();
      ((ObjectNode) more.at("/pcrs/sha256")).put("2", zero);
      assertRefused(AttestationProblem.QUOTE_MISMATCH, more);
    }

    @Test
    void aCertifiedKeyThatIsNotTheCertificates() {
      byte[] golden = bytes(tpm.golden());
      Refusal refusal = assertThrows(
          Refusal.class,
          () -> tpm.verifier.authenticate(
              GoldenTpm.presenter(GoldenTpm.DEVICE, Digest.of(new byte[1])), golden));
      assertEquals(AttestationProblem.QUOTE_MISMATCH, refusal.problem());
    }

    @Test
    void aCertifiedKeyThatMayLeaveItsTpm() {
      ObjectNode document = tpm.golden();
      document.set(
          "key_certification", GoldenTpm.RECORDED.at("/certifications/free").deepCopy());

      assertTrue(
          assertRefused(AttestationProblem.QUOTE_MISMATCH, document).detail().contains("fixedTPM"));
    }

    @Test
    void aCertificationInPlaceOfAQuoteAndTheOtherWayRound() {
      ObjectNode document = tpm.golden();
      document.set("quote", document.at("/key_certification/certify_info"));
      document.set("signature", document.at("/key_certification/signature"));
      assertRefused(AttestationProblem.INVALID_EVIDENCE, document);

      ObjectNode reverse = tpm.golden();
      ObjectNode certification = (ObjectNode) reverse.get("key_certification");
      certification.set("certify_info", reverse.get("quote"));
      certification.set("signature", reverse.get("signature"));
      assertRefused(AttestationProblem.INVALID_EVIDENCE, reverse);
    }

    @Test
    void aProfileWithoutReferenceValues() {
      byte[] golden = bytes(tpm.golden());
      Refusal refusal =
          assertThrows(Refusal.class, () -> tpm.appraise(golden, profile(PcrReferences.NONE)));
      assertEquals(AttestationProblem.UNSUPPORTED_EVIDENCE, refusal.problem());
    }

    @Test
    void aReportWhereTheProfileAsksForAQuote() throws Exception {
      TestDevice device = TestDevice.with("ES256");
      byte[] report = device
          .sign(device.header(), TestDevice.report("n".repeat(43)))
          .getBytes(StandardCharsets.US_ASCII);
      var authentic = EatJwtVerifier.authenticate(device.key(), report);

      Refusal refusal =
          assertThrows(Refusal.class, () -> authentic.appraise(profile, TestDevice.NOW));
      assertEquals(AttestationProblem.UNSUPPORTED_EVIDENCE, refusal.problem());
    }

    @Test
    void aDocumentThatIsTooLarge() {
      byte[] much = new byte[TpmQuoteDocument.LONGEST + 1];
      Refusal refusal = assertThrows(Refusal.class, () -> tpm.appraise(much, profile));
      assertEquals(CommonProblem.TOO_LARGE, refusal.problem());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
        "nonce":"AAEC        | "nonce":"AAEC=
        "nonce":"AAEC        | "more":1,"nonce":"AAEC
        "nonce":"AAEC        | "nonce":"AAEC","nonce":"AAEC
        {"sha256":{          | {"sha1":{
        {"sha256":{          | {"sha256":{"24":"00",
        {"sha256":{          | {"sha256":{"00":"00",
        {"sha256":{"0":"0    | {"sha256":{"0":"
        "signature":"        | "signature":7,"x":"
        "key_certification":{ | "key_certification":{"more":"",
        "key_certification":{ | "key_certification":7,"x":{
        """)
    void aDocumentOfAnotherForm(String from, String to) {
      String golden = new String(bytes(tpm.golden()), StandardCharsets.US_ASCII);
      assertTrue(golden.contains(from), from);
      byte[] mutant = golden.replace(from, to).getBytes(StandardCharsets.US_ASCII);

      Refusal refusal = assertThrows(Refusal.class, () -> tpm.appraise(mutant, profile));
      assertEquals(AttestationProblem.INVALID_EVIDENCE, refusal.problem(), refusal.detail());
    }
  }

  /** Structures that a TPM would never sign, signed all the same: each check must hold by itself. */
  @Nested
  class Forged {
    private final KeyPair signer = TestPki.key();
    private final Der certificate =
        tpm.certified(Der.of(signer.getPublic().getEncoded()), GoldenTpm.DEVICE);

    static Stream<Arguments> forgeries() {
      return Stream.of(
          forgery("the magic", quote -> quote.put(MAGIC, (byte) 0)),
          forgery("the type", quote -> quote.putShort(TYPE, (short) 0x8017)),
          forgery("the size of the extra data", quote -> quote.putShort(EXTRA_DATA, (short) 31)),
          forgery("the extra data", quote -> quote.put(EXTRA_DATA + 2, (byte) 9)),
          forgery("a safe of two", quote -> quote.put(SAFE, (byte) 2)),
          forgery("too many banks", quote -> quote.putInt(BANK - 4, 0x00010000)),
          forgery("no bank", quote -> quote.putInt(BANK - 4, 0)),
          forgery("SHA-1's bank", quote -> quote.putShort(BANK, (short) 4)),
          forgery("SHA-384's bank", quote -> quote.putShort(BANK, (short) 12)),
          forgery("a bitmap of no octets", quote -> quote.put(BANK + 2, (byte) 0)),
          forgery("one PCR fewer", quote -> quote.put(BITMAP, (byte) 0x81)),
          forgery("one PCR more", quote -> quote.put(BITMAP, (byte) 0x87)),
          forgery("PCR 23", quote -> quote.put(BITMAP + 2, (byte) 0x80)),
          forgery("the PCR digest", quote -> quote.put(quote.limit() - 1, (byte) 0)));
    }

    private static Arguments forgery(String what, Consumer<ByteBuffer> change) {
      return Arguments.of(what, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forgeries")
    void isRefusedThoughItIsSigned(String what, Consumer<ByteBuffer> change) {
      byte[] evidence = forged(change);

      assertThrows(Refusal.class, () -> tpm.appraise(evidence, profile));
    }

    @Test
    void nothingChangedIsTaken() {
      assertEquals(2, values(tpm.appraise(forged(quote -> {}), profile)).get("executables"));
    }

    @Test
    void anotherValueIsContraindicatedAndNamed() {
      ObjectNode document = GoldenTpm.document("ecc", certificate);
      String other = "ab".repeat(32);
      ((ObjectNode) document.at("/pcrs/sha256")).put("7", other);
      byte[] quote = octets("/quotes/ecc/quote");
      Stream<String> pcrs =
          Stream.of("0", "1").map(pcr -> document.at("/pcrs/sha256/" + pcr).asText());
      byte[] digest = Digest.of(
              java.util.HexFormat.of().parseHex(pcrs.collect(Collectors.joining()) + other))
          .octets();
      System.arraycopy(digest, 0, quote, quote.length - 32, 32);
      document.put("quote", GoldenTpm.base64(quote));
      document.put("signature", GoldenTpm.base64(sign(quote)));

      Findings findings = tpm.appraise(bytes(document), profile);

      assertEquals(TrustTier.CONTRAINDICATED, findings.status());
      assertEquals(96, values(findings).get("executables"));
      assertEquals(96, values(findings).get("configuration"));
      assertEquals(
          "Not a value that the profile accepts: PCR 7 (sha256) is " + other + ".",
          findings.claims().get("executables").reason());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        the same again                       | 1000 | 5 | 2 | 1 |  2
        later                                | 1001 | 5 | 2 | 1 |  2
        after a restart                      | 1001 | 5 | 3 | 1 |  2
        after a reset                        | 1001 | 6 | 0 | 1 |  2
        fewer resets                         | 2000 | 4 | 2 | 1 | 96
        no resets                            | 2000 | 0 | 0 | 0 | 96
        fewer restarts                       | 2000 | 5 | 1 | 1 | 96
        an earlier clock                     |  999 | 5 | 2 | 1 | 96
        an earlier clock after a reset       |  999 | 6 | 0 | 1 | 96
        an earlier clock that is not safe    |  999 | 6 | 0 | 0 | 32
        a later clock that is not safe       | 1001 | 6 | 0 | 0 | 32
        """)
    void clockAndCountersGoForwardOnly(
        String what, long time, int resets, int restarts, int safe, int hardware) {
      tpm.history.clocks.add(new TpmClock(1000, 5, 2, true));

      Findings findings = tpm.appraise(at(time, resets, restarts, safe), profile);

      assertEquals(hardware, values(findings).get("hardware"));
      assertEquals(hardware == 96 ? 96 : 2, values(findings).get("executables"));
    }

    @Test
    void aClockThatWentBackStaysKnown() {
      for (TpmClock clock : List.of(
          new TpmClock(1000, 5, 2, true),
          new TpmClock(900, 6, 0, false),
          new TpmClock(1, 0, 0, true))) {
        tpm.verifier
            .authenticate(
                GoldenTpm.presenter(),
                at(clock.clock(), clock.resetCount(), clock.restartCount(), clock.safe() ? 1 : 0))
            .keep(GoldenTpm.NOW);
      }

      assertEquals(new TpmClock(1000, 6, 0, false), tpm.history.clocks.getLast());
      assertEquals(96, values(tpm.appraise(at(999, 6, 0, 1), profile)).get("hardware"));
      assertEquals(2, values(tpm.appraise(at(1000, 6, 0, 1), profile)).get("hardware"));
    }

    private byte[] at(long time, int resets, int restarts, int safe) {
      return forged(quote -> quote
          .putLong(CLOCK, time)
          .putInt(RESET_COUNT, resets)
          .putInt(RESTART_COUNT, restarts)
          .put(SAFE, (byte) safe));
    }

    private byte[] forged(Consumer<ByteBuffer> change) {
      byte[] quote = octets("/quotes/ecc/quote");
      change.accept(ByteBuffer.wrap(quote));
      ObjectNode document = GoldenTpm.document("ecc", certificate);
      document.put("quote", GoldenTpm.base64(quote));
      document.put("signature", GoldenTpm.base64(sign(quote)));
      return bytes(document);
    }

    private byte[] sign(byte[] quote) {
      try {
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(signer.getPrivate());
        signature.update(quote);
        byte[] both = signature.sign();
        return ByteBuffer.allocate(72)
            .putShort((short) 0x0018)
            .putShort((short) 0x000b)
            .putShort((short) 32)
            .put(both, 0, 32)
            .putShort((short) 32)
            .put(both, 32, 32)
            .array();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static Der tpmKey(String name) {
    return TpmPublic.read(octets("/keys/" + name), name, AttestationProblem.INVALID_ATTESTATION_KEY)
        .subjectPublicKeyInfo();
  }

  private Refusal assertRefused(Problem problem, ObjectNode document) {
    byte[] evidence = bytes(document);
    Refusal refusal = assertThrows(Refusal.class, () -> tpm.appraise(evidence, profile));
    assertEquals(problem, refusal.problem(), refusal.detail());
    return refusal;
  }

  private static Map<String, Integer> values(Findings findings) {
    return findings.claims().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, claim -> claim.getValue().value()));
  }
}
