package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.OddKeys;
import io.sallyport.testing.TestPki;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.stream.Stream;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyRulesTest {
  static Stream<Arguments> oddKeys() {
    return OddKeys.all().entrySet().stream()
        .map(entry -> Arguments.of(Named.of(entry.getKey(), entry.getValue())));
  }

  @ParameterizedTest
  @MethodSource("oddKeys")
  void refusesAnOddKeyWithASentence(byte[] key) {
    Refusal refusal = assertThrows(Refusal.class, () -> KeyRules.check(Der.of(key)));

    assertEquals(PkiProblem.WEAK_KEY, refusal.problem());
    assertTrue(refusal.detail().endsWith("."), refusal.detail());
  }

  @ParameterizedTest
  @ValueSource(strings = {"secp256r1", "secp384r1"})
  void acceptsNistCurves(String curve) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec(curve));
    Der key = Der.of(generator.generateKeyPair().getPublic().getEncoded());

    assertDoesNotThrow(() -> KeyRules.check(key));
  }

  @Test
  void acceptsEd25519() throws GeneralSecurityException {
    Der key = Der.of(
        KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic().getEncoded());

    assertDoesNotThrow(() -> KeyRules.check(key));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"})
  void acceptsModuleLatticesWhoseHolderProvesIt(String kind) throws GeneralSecurityException {
    KeyPair pair =
        KeyPairGenerator.getInstance(kind, new BouncyCastleProvider()).generateKeyPair();

    CertificateRequest request =
        CertificateRequest.read(Der.of(TestPki.request(pair, "CN=lattice", null)));

    assertEquals(Der.of(pair.getPublic().getEncoded()), request.subjectPublicKeyInfo());
  }

  @Test
  void refusesAModuleLatticeKeyThatSomebodyElseHolds() throws Exception {
    KeyPairGenerator generator =
        KeyPairGenerator.getInstance("ML-DSA-65", new BouncyCastleProvider());
    KeyPair stolen = new KeyPair(
        generator.generateKeyPair().getPublic(), generator.generateKeyPair().getPrivate());
    Der request = Der.of(TestPki.request(stolen, "CN=lattice", null));

    assertThrows(Refusal.class, () -> CertificateRequest.read(request));
  }

  @ParameterizedTest
  @ValueSource(ints = {2048, 3072})
  void acceptsRsaKeys(int bits) {
    Der key = Der.of(TestPki.rsa(bits).getPublic().getEncoded());

    assertDoesNotThrow(() -> KeyRules.check(key));
  }

  @Test
  void refusesWhatIsNoKeyAtAll() {
    assertThrows(Refusal.class, () -> KeyRules.check(Der.of(new byte[] {1, 2, 3})));
  }
}
