package io.sallyport.attestation;

import static io.sallyport.attestation.AttestationProblem.EVIDENCE_SIGNATURE;
import static io.sallyport.attestation.AttestationProblem.INVALID_EVIDENCE;
import static io.sallyport.attestation.AttestationProblem.STALE_EVIDENCE;
import static io.sallyport.attestation.AttestationProblem.UNSUPPORTED_EVIDENCE;
import static io.sallyport.attestation.TestDevice.NOW;
import static io.sallyport.attestation.TestDevice.base64;
import static io.sallyport.attestation.TestDevice.report;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EatJwtVerifierTest {
  private static final String NONCE = "n".repeat(43);

  private TestDevice device;
  private String golden;

  @BeforeEach
  void signGoldenToken() throws Exception {
    device = TestDevice.with("ES256");
    golden = device.sign(device.header(), report(NONCE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ES256", "ES384", "RS256", "EdDSA"})
  void theGoldenTokenIsReadWhateverTheKindOfKey(String alg) throws Exception {
    TestDevice signer = TestDevice.with(alg);
    String token = signer.sign(signer.header(), report(NONCE));

    assertEquals(NONCE, EatJwtVerifier.authenticate(signer.key(), bytes(token)).nonce());
    assertEquals(
        new DeviceReport(
            "eat+jwt", Assurance.SIGNED_SOFTWARE, "camera-os", "1.3.0", TestDevice.DIGEST, true),
        read(signer.key(), token));
  }

  @Nested
  class Mutated {
    @Test
    void everyFlippedBitIsRefused() {
      byte[] token = bytes(golden);
      for (int i = 0; i < token.length; i++) {
        for (int bit = 0; bit < 8; bit++) {
          byte[] mutant = token.clone();
          mutant[i] ^= (byte) (1 << bit);
          assertRefused(mutant, "byte " + i + " bit " + bit);
        }
      }
    }

    @Test
    void everyShortenedTokenIsRefused() {
      byte[] token = bytes(golden);
      for (int length = 0; length < token.length; length++) {
        assertRefused(Arrays.copyOf(token, length), "first " + length + " bytes");
      }
    }

    @Test
    void everyInsertedByteIsRefused() {
      byte[] token = bytes(golden);
      for (int i = 0; i <= token.length; i++) {
        for (byte inserted : new byte[] {'A', '.', '=', ' ', '\n', 0, (byte) 0xff}) {
          ByteArrayOutputStream mutant = new ByteArrayOutputStream();
          mutant.write(token, 0, i);
          mutant.write(inserted);
          mutant.write(token, i, token.length - i);
          assertRefused(mutant.toByteArray(), "inserted " + inserted + " at " + i);
        }
      }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        "eat_nonce":"n | "eat_nonce":"m
        device-report  | device-reports
        "iat":1        | "iat":2
        AQIDBAUGBwg    | AQIDBAUGBwk
        camera-os      | camera-0s
        1.3.0          | 1.3.1
        sha-256:ab     | sha-256:ac
        true           | false
        """)
    void everyChangedFieldUnderTheOldSignatureIsRefused(String from, String to) {
      String[] parts = golden.split("\\.");
      String changed = report(NONCE).replace(from, to);
      assertRefusedWith(
          EVIDENCE_SIGNATURE, parts[0] + "." + base64(bytes(changed)) + "." + parts[2]);
    }

    private void assertRefused(byte[] mutant, String what) {
      try {
        EatJwtVerifier.authenticate(device.key(), mutant).report(NOW);
      } catch (Refusal expected) {
        return;
      } catch (RuntimeException e) {
        fail(what + " is not refused but breaks the verifier", e);
      }
      fail(what + " is accepted");
    }
  }

  @Nested
  class Header {
    @ParameterizedTest
    @ValueSource(strings = {"none", "HS256", "ES384", "RS256", "EdDSA", "es256", ""})
    void anAlgorithmThatIsNotTheKeysIsRefused(String alg) throws Exception {
      Refusal refusal = refusalOf(device.sign("{\"alg\":\"" + alg + "\"}", report(NONCE)));
      assertEquals(alg.isEmpty() ? INVALID_EVIDENCE : EVIDENCE_SIGNATURE, refusal.problem());
    }

    @Test
    void noneWithoutSignatureIsRefused() {
      assertRefusedWith(
          EVIDENCE_SIGNATURE,
          base64(bytes("{\"alg\":\"none\"}")) + "." + base64(bytes(report(NONCE))) + ".");
    }

    @Test
    void theBytesOfThePublicKeyAreNoHmacSecret() throws Exception {
      String signed = base64(bytes("{\"alg\":\"HS256\"}")) + "." + base64(bytes(report(NONCE)));
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(device.keyOctets(), "HmacSHA256"));
      assertRefusedWith(EVIDENCE_SIGNATURE, signed + "." + base64(mac.doFinal(bytes(signed))));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}",
          "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}",
          "{\"alg\":\"ES256\",\"x5c\":[\"MII\"]}",
          "{\"alg\":\"ES256\",\"b64\":false}",
          "{\"alg\":\"ES256\",\"jku\":\"https://attacker.example\"}",
          "{\"alg\":\"ES256\",\"cty\":\"JWT\"}",
          "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
          "{\"alg\":\"none\",\"alg\":\"ES256\"}",
          "{\"alg\":[\"ES256\"]}",
          "{\"alg\":\"ES256\",\"typ\":\"jose\"}",
          "{\"alg\":\"ES256\",\"kid\":7}",
          "{}",
          "[]",
          "\"ES256\"",
          "null",
          "",
          "{\"alg\":\"ES256\"} {}",
          "{\"alg\":\"ES256\"",
          "{'alg':'ES256'}"
        })
    void anyOtherHeaderIsRefused(String header) throws Exception {
      assertRefusedWith(INVALID_EVIDENCE, device.sign(header, report(NONCE)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"alg\":\"ES256\"}", "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"})
    void typeAndKeyIdMayBeLeftOut(String header) throws Exception {
      assertEquals(
          "1.3.0", read(device.key(), device.sign(header, report(NONCE))).version());
    }
  }

  @Nested
  class Signed {
    @Test
    void anotherDevicesKeyIsRefused() throws Exception {
      TestDevice other = TestDevice.with("ES256");
      assertRefusedWith(EVIDENCE_SIGNATURE, other.sign(other.header(), report(NONCE)));
    }

    @Test
    void aSignatureOfZeroesIsRefused() {
      String signed = golden.substring(0, golden.lastIndexOf('.'));
      assertRefusedWith(EVIDENCE_SIGNATURE, signed + "." + base64(new byte[64]));
      assertRefusedWith(EVIDENCE_SIGNATURE, signed + "." + base64(new byte[0]));
    }

    @Test
    void aKindOfKeyWithoutAlgorithmIsRefused() throws Exception {
      TestDevice odd = TestDevice.with("ES512");
      String token = odd.sign(odd.header(), report(NONCE));
      Refusal refusal = assertThrows(Refusal.class, () -> read(odd.key(), token));
      assertEquals(EVIDENCE_SIGNATURE, refusal.problem());
    }
  }

  @Nested
  class Claims {
    @Test
    void eachClaimButTheUeidIsNeeded() throws Exception {
      for (String claim : List.of(
          "eat_nonce", "eat_profile", "iat", "swname", "swversion", "swdigest", "oemboot")) {
        String without = report(NONCE)
            .replaceFirst("\"" + claim + "\":(\\[[^\\]]*\\]|[^,}]*),?", "")
            .replace(",}", "}");
        Refusal refusal = refusalOf(device.sign(device.header(), without));
        assertEquals(INVALID_EVIDENCE, refusal.problem(), without);
      }
      String withoutUeid = report(NONCE).replace("\"ueid\":\"AQIDBAUGBwg\",", "");
      assertEquals(
          "1.3.0", read(device.key(), device.sign(device.header(), withoutUeid)).version());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
        "camera-os"            | 7
        "camera-os"            | ""
        "camera-os"            | ["camera-os"]
        "camera-os"            | null
        "camera-os"            | "a\\u0000b"
        "camera-os"            | "a\\nb"
        "camera-os"            | "a\\ud800b"
        ["1.3.0"]              | []
        ["1.3.0"]              | [1]
        ["1.3.0"]              | ["1.3.0","semver","more"]
        ["1.3.0"]              | ["1.3.0",[]]
        ["1.3.0"]              | ["1.3.0",null]
        ["1.3.0"]              | 1.3
        ["1.3.0"]              | {"version":"1.3.0"}
        "sha-256:ab            | "sha-512:ab
        "sha-256:ab            | "sha-256:a
        "sha-256:ab            | "sha-256:zz
        "oemboot":true         | "oemboot":"true"
        "oemboot":true         | "oemboot":1
        "oemboot":true         | "oemboot":null
        "AQIDBAUGBwg"          | "A"
        "AQIDBAUGBwg"          | "AQIDBAUG+wg"
        "AQIDBAUGBwg"          | 7
        "iat":1                | "iat":-0.1
        "iat":1                | "iat":1e
        "iat":1                | "iat":9999999999
        "iat":1                | "iat":"1
        "oemboot":true         | "oemboot":true,"oemboot":true
        "oemboot":true         | "oemboot":true,"swname":"camera-os"
        "oemboot":true         | "oemboot":true,"\\u0073wname":"camera-os"
        "oemboot":true         | "oemboot":true,"exp":1
        "oemboot":true         | "oemboot":true,"submods":{}
        "oemboot":true}        | "oemboot":true}{}
        "oemboot":true}        | "oemboot":true}x
        "oemboot":true}        | "oemboot":true,}
        "oemboot":true}        | "oemboot":[[[[[[1]]]]]]}
        """)
    void aClaimOfAnotherFormIsRefusedThoughItIsSigned(String from, String to) throws Exception {
      String changed = report(NONCE).replace(from, to);
      assertRefusedWith(INVALID_EVIDENCE, device.sign(device.header(), changed));
    }

    @Test
    void aVersionMayBeAStringOrHaveAScheme() throws Exception {
      for (String version : List.of("\"1.3.0\"", "[\"1.3.0\",\"semver\"]", "[\"1.3.0\",16384]")) {
        String token = device.sign(device.header(), report(NONCE).replace("[\"1.3.0\"]", version));
        assertEquals("1.3.0", read(device.key(), token).version());
      }
    }

    @Test
    void aDigestInCapitalsIsTheSame() throws Exception {
      String token = device.sign(device.header(), report(NONCE).replace("abab", "ABAB"));
      assertEquals(TestDevice.DIGEST, read(device.key(), token).digest());
    }

    @Test
    void textsHaveAnEnd() throws Exception {
      String token =
          device.sign(device.header(), report(NONCE).replace("camera-os", "x".repeat(129)));
      assertRefusedWith(INVALID_EVIDENCE, token);
    }

    @Test
    void anotherProfileIsNotSupported() throws Exception {
      String token =
          device.sign(device.header(), report(NONCE).replace("device-report", "device-report/2"));
      assertRefusedWith(UNSUPPORTED_EVIDENCE, token);
    }

    @ParameterizedTest
    @CsvSource({"-301,false", "-300,true", "0,true", "300,true", "301,false"})
    void theIatMayBeFiveMinutesOff(long seconds, boolean accepted) throws Exception {
      long now = NOW.getEpochSecond();
      String token =
          device.sign(device.header(), report(NONCE).replace("" + now, "" + (now + seconds)));
      if (accepted) {
        assertEquals("1.3.0", read(device.key(), token).version());
      } else {
        assertRefusedWith(STALE_EVIDENCE, token);
      }
    }

    @Test
    void utf16AndBrokenUtf8AreRefused() throws Exception {
      String header = base64(bytes(device.header()));
      byte[] broken = bytes(report(NONCE).replace("camera", "cam?ra"));
      broken[new String(broken, StandardCharsets.ISO_8859_1).indexOf('?')] = (byte) 0xc0;
      assertRefusedWith(
          INVALID_EVIDENCE, device.sign(header, report(NONCE).getBytes(StandardCharsets.UTF_16BE)));
      assertRefusedWith(INVALID_EVIDENCE, device.sign(header, broken));
    }
  }

  @Test
  void evidenceOfMoreThan64KibIsTooLarge() {
    byte[] much = new byte[EatJwtVerifier.LONGEST + 1];
    Arrays.fill(much, (byte) 'A');
    Refusal refusal =
        assertThrows(Refusal.class, () -> EatJwtVerifier.authenticate(device.key(), much));
    assertEquals(CommonProblem.TOO_LARGE, refusal.problem());
  }

  private DeviceReport read(PublicKey key, String token) {
    return EatJwtVerifier.authenticate(key, bytes(token)).report(NOW);
  }

  private Refusal refusalOf(String token) {
    return assertThrows(Refusal.class, () -> read(device.key(), token));
  }

  private void assertRefusedWith(Problem problem, String token) {
    Refusal refusal = refusalOf(token);
    assertEquals(problem, refusal.problem(), refusal.detail());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
