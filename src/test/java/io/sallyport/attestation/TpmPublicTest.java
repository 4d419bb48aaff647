package io.sallyport.attestation;

import static io.sallyport.attestation.AttestationProblem.INVALID_ATTESTATION_KEY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TpmPublicTest {
  /** In TPM2B_PUBLIC of an ECC key: size, type, name algorithm, attributes, no policy, then. */
  private static final int NAME_ALGORITHM = 4;

  private static final int ATTRIBUTES = 6;
  private static final int SYMMETRIC = 12;
  private static final int SCHEME = 14;
  private static final int SCHEME_HASH = 16;
  private static final int CURVE = 18;
  private static final int X = 24;

  @ParameterizedTest
  @ValueSource(strings = {"ecc", "rsassa", "rsapss"})
  void theNameIsTheOneThatTheTpmGives(String key) {
    TpmPublic read = read(key(key));

    read.requireAttestationKey();
    assertEquals(
        GoldenTpm.RECORDED.at("/names/" + key).asText(),
        HexFormat.of().formatHex(read.name().octets()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ecc", "rsassa"})
  void theSizeInFrontMayBeLeftOut(String key) {
    byte[] sized = key(key);

    assertEquals(read(sized), read(Arrays.copyOfRange(sized, 2, sized.length)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ecc", "rsassa", "dev"})
  void everyOtherLengthIsRefused(String key) {
    byte[] octets = key(key);
    for (int length = 0; length < octets.length; length++) {
      byte[] shorter = Arrays.copyOf(octets, length);
      assertThrows(Refusal.class, () -> read(shorter), "length " + length);
    }
    assertThrows(Refusal.class, () -> read(Arrays.copyOf(octets, octets.length + 1)));
    assertThrows(Refusal.class, () -> read(new byte[70_000]));
  }

  @ParameterizedTest
  @CsvSource({"1,fixedTPM", "4,fixedParent", "5,sensitiveDataOrigin", "16,restricted", "18,sign"})
  void anAttestationKeyNeedsEachAttribute(int bit, String name) {
    byte[] octets = key("ecc");
    ByteBuffer area = ByteBuffer.wrap(octets);
    area.putInt(ATTRIBUTES, area.getInt(ATTRIBUTES) & ~(1 << bit));

    Refusal refusal = assertThrows(Refusal.class, () -> read(octets).requireAttestationKey());
    assertEquals(INVALID_ATTESTATION_KEY, refusal.problem());
    assertTrue(refusal.detail().contains(name), refusal.detail());
  }

  @Test
  void anAttestationKeyDoesNotDecrypt() {
    byte[] octets = key("ecc");
    ByteBuffer area = ByteBuffer.wrap(octets);
    area.putInt(ATTRIBUTES, area.getInt(ATTRIBUTES) | 1 << 17);

    assertThrows(Refusal.class, () -> read(octets).requireAttestationKey());
  }

  @Test
  void aKeyForSha1IsRefused() {
    Refusal refusal = assertThrows(Refusal.class, () -> read(key("sha1")).requireAttestationKey());

    assertTrue(refusal.detail().contains("SHA-1"), refusal.detail());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(delimiter = '|', textBlock = """
      a Name with SHA-1        | 4  | 0x0004
      another kind of key      | 2  | 0x0025
      a symmetric algorithm    | 12 | 0x0026
      another scheme           | 14 | 0x001c
      any scheme               | 14 | 0x0010
      SHA-384                  | 16 | 0x000c
      another curve            | 18 | 0x0005
      a point off the curve    | 24 | 0x1234
      """)
  void otherKeysAreRefused(String what, int offset, String value) {
    byte[] octets = key("ecc");
    ByteBuffer.wrap(octets).putShort(offset, Integer.decode(value).shortValue());

    assertThrows(Refusal.class, () -> read(octets).requireAttestationKey());
  }

  @Test
  void theTableAboveMeansTheFieldsThatItNames() {
    ByteBuffer area = ByteBuffer.wrap(key("ecc"));

    assertEquals(TpmConstants.ALG_SHA256, area.getShort(NAME_ALGORITHM));
    assertEquals(TpmConstants.ALG_NULL, area.getShort(SYMMETRIC));
    assertEquals(TpmConstants.ALG_ECDSA, area.getShort(SCHEME));
    assertEquals(TpmConstants.ALG_SHA256, area.getShort(SCHEME_HASH));
    assertEquals(TpmConstants.ECC_NIST_P256, area.getShort(CURVE));
    assertEquals(32, area.getShort(X - 2));
  }

  @Test
  void onlyAKeyThatWasBornThereAndStaysThereIsKept() {
    assertTrue(read(key("dev")).bornAndKeptInTpm());
    assertFalse(read(key("free")).bornAndKeptInTpm());
  }

  @Test
  void anRsaKeyHasTheSizeThatItStates() {
    byte[] octets = key("rsassa");
    ByteBuffer.wrap(octets).putShort(18, (short) 3072);

    assertThrows(Refusal.class, () -> read(octets));
  }

  private static byte[] key(String name) {
    return GoldenTpm.octets("/keys/" + name);
  }

  private static TpmPublic read(byte[] octets) {
    return TpmPublic.read(octets, "attestation key", INVALID_ATTESTATION_KEY);
  }
}
