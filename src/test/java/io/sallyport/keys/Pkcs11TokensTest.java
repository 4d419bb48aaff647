package io.sallyport.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.pkcs11.Pkcs11Library;
import io.sallyport.testing.Patience;
import io.sallyport.testing.SoftHsm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Pkcs11TokensTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final byte[] DATA = "to be signed".getBytes(StandardCharsets.UTF_8);

  @TempDir
  private static Path folder;

  private static SoftHsm hsm;

  @BeforeAll
  static void plugIn() {
    hsm = SoftHsm.in(folder.resolve("hsm")).here();
    hsm.token("plant", "111111").token("office", "222222").token("locked", "333333");
  }

  private record Settings(
      Optional<String> library,
      Optional<List<String>> tokens,
      Optional<String> pinFile,
      List<String> purposes)
      implements Pkcs11Settings {}

  private static Pkcs11Tokens tokens(List<String> names, List<String> pins, String... purposes) {
    return new Pkcs11Tokens(new Settings(
        Optional.of(SoftHsm.library()),
        Optional.of(names),
        Optional.of(pins(String.join("\n", pins), "rw-------")),
        List.of(purposes)));
  }

  private static String pins(String text, String permissions) {
    try {
      Path file = folder.resolve(UUID.randomUUID() + ".pin");
      Files.writeString(file, text + "\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
      return file.toString();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Pkcs11Tokens both() {
    return tokens(
        List.of("plant", "office"),
        List.of("111111", "222222"),
        "authority@plant",
        "authority:root@office");
  }

  private static Pkcs11Token.Made made(Pkcs11Token token, KeyAlgorithm algorithm) {
    return token.generate(UUID.randomUUID(), algorithm, NOW);
  }

  private static void requireSigns(
      Pkcs11Token token, Pkcs11Token.Made key, KeyAlgorithm algorithm) {
    byte[] signature = token.sign(key.keyId(), algorithm, DATA);
    assertTrue(algorithm.verifies(Der.of(key.subjectPublicKeyInfo()), DATA, signature));
  }

  private static Refusal refused(Runnable act) {
    Refusal refusal = assertThrows(Refusal.class, act::run);
    assertEquals(CommonProblem.UNAVAILABLE, refusal.problem());
    return refusal;
  }

  @ParameterizedTest
  @EnumSource(names = {"EC_P256", "EC_P384", "RSA_3072", "RSA_4096"})
  void aKeySignsAndIsNeverSeen(KeyAlgorithm algorithm) {
    Pkcs11Token token = both().labeled("plant");

    Pkcs11Token.Made key = made(token, algorithm);

    requireSigns(token, key, algorithm);
    String told =
        hsm.ask("plant", "111111", "--list-objects", "--type", "privkey", "--id", hex(key.keyId()));
    assertTrue(told.contains("sensitive, always sensitive, never extractable, local"), told);
    assertFalse(told.contains("decrypt"), told);
  }

  @ParameterizedTest
  @EnumSource(
      value = KeyAlgorithm.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"EC_P256", "EC_P384", "RSA_3072", "RSA_4096"})
  void whatTheJdkCannotHaveATokenDoIsRefused(KeyAlgorithm algorithm) {
    Pkcs11Token token = both().labeled("plant");

    Refusal refusal = assertThrows(Refusal.class, () -> made(token, algorithm));

    assertEquals(CommonProblem.NOT_SUPPORTED, refusal.problem());
  }

  @Test
  void purposesLiveInTheirTokens() {
    Pkcs11Tokens tokens = both();
    tokens.require();

    assertEquals("office", tokens.forNew("authority:root").orElseThrow().label());
    assertEquals("plant", tokens.forNew("authority:devices").orElseThrow().label());
    assertTrue(tokens.forNew("ocsp:devices").isEmpty());
    assertTrue(tokens.forNew("authorityx").isEmpty());
    Pkcs11Token.Made key =
        made(tokens.forNew("authority:root").orElseThrow(), KeyAlgorithm.EC_P256);
    requireSigns(tokens.labeled("office"), key, KeyAlgorithm.EC_P256);
    Refusal elsewhere =
        refused(() -> tokens.labeled("plant").sign(key.keyId(), KeyAlgorithm.EC_P256, DATA));
    assertTrue(elsewhere.detail().contains("holds no key"), elsewhere.detail());
    refused(() -> tokens.labeled("lost"));
  }

  @Test
  void theNextLifeFindsTheKey() {
    Pkcs11Token.Made key = made(both().labeled("plant"), KeyAlgorithm.EC_P256);

    requireSigns(both().labeled("plant"), key, KeyAlgorithm.EC_P256);
  }

  @Test
  void aTokenIsFoundByItsSlotToo() {
    long slot = Pkcs11Library.load(SoftHsm.library()).tokens().stream()
        .filter(token -> token.label().equals("office"))
        .findFirst()
        .orElseThrow()
        .slot();
    Pkcs11Tokens tokens = tokens(List.of("slot:" + slot), List.of("222222"), "authority");
    tokens.require();

    requireSigns(
        tokens.labeled("office"),
        made(tokens.forNew("authority").orElseThrow(), KeyAlgorithm.EC_P256),
        KeyAlgorithm.EC_P256);
  }

  @Test
  void aWrongPinIsRefusedAndNotTriedAgain() {
    Pkcs11Tokens tokens = tokens(List.of("locked"), List.of("999999"), "authority");

    Refusal refusal = refused(tokens::require);

    assertTrue(refusal.detail().contains("PIN file"), refusal.detail());
    // From now on it would be the right one.
    hsm.ask("locked", "333333", "--change-pin", "--new-pin", "999999");
    Pkcs11Library.load(SoftHsm.library()).restart();
    assertEquals(refusal.detail(), refused(tokens::require).detail());
    tokens(List.of("locked"), List.of("999999"), "authority").require();
  }

  @Test
  void aPinFileThatOthersReadIsRefused() {
    Pkcs11Tokens tokens = new Pkcs11Tokens(new Settings(
        Optional.of(SoftHsm.library()),
        Optional.of(List.of("plant")),
        Optional.of(pins("111111", "rw-r--r--")),
        List.of("authority")));

    assertTrue(refused(tokens::require).detail().contains("chmod 600"));
  }

  @Test
  void pinsThatDoNotMatchTheTokensAreRefused() {
    refused(tokens(List.of("plant", "office", "locked"), List.of("1", "2"), "authority")::require);
    refused(tokens(List.of("plant"), List.of(""), "authority")::require);
  }

  @Test
  void aLibraryThatIsNotThereIsRefused() {
    String file = folder.resolve("library.so").toString();

    refused(new Pkcs11Tokens(new Settings(
        Optional.of(file),
        Optional.of(List.of("plant")),
        Optional.of(pins("111111", "rw-------")),
        List.of("authority")))::require);
  }

  @Test
  void withoutALibraryNothingIsInAToken() {
    Pkcs11Tokens tokens = new Pkcs11Tokens(
        new Settings(Optional.empty(), Optional.empty(), Optional.empty(), List.of("authority")));
    tokens.require();

    assertTrue(tokens.forNew("authority:root").isEmpty());
  }

  @Test
  void aTokenThatIsTakenAwayIsTakenUpAgain() {
    Pkcs11Tokens tokens = both();
    Pkcs11Token plant = tokens.labeled("plant");
    Pkcs11Token.Made key = made(plant, KeyAlgorithm.EC_P256);
    Pkcs11Token.Made other = made(tokens.labeled("office"), KeyAlgorithm.EC_P256);

    hsm.takeAway();
    try {
      Refusal refusal = refused(() -> plant.sign(key.keyId(), KeyAlgorithm.EC_P256, DATA));
      assertTrue(refusal.detail().contains("plant"), refusal.detail());
      refused(() -> plant.sign(key.keyId(), KeyAlgorithm.EC_P256, DATA));
      refused(both()::require);
    } finally {
      hsm.putBack();
    }

    for (Pkcs11Token.Made one : List.of(key, other)) {
      Pkcs11Token token = one == key ? plant : tokens.labeled("office");
      Patience.untilTrue("the token signs again", () -> {
        try {
          requireSigns(token, one, KeyAlgorithm.EC_P256);
          return true;
        } catch (Refusal notYet) {
          return false;
        }
      });
    }
  }

  @Test
  void manySignAtOnceWhileAnotherTokenIsMissed() throws Exception {
    Pkcs11Tokens tokens = tokens(List.of("plant", "nowhere"), List.of("111111"), "authority@plant");
    Pkcs11Token plant = tokens.labeled("plant");
    Pkcs11Token.Made key = made(plant, KeyAlgorithm.EC_P256);
    Pkcs11Token nowhere = tokens.labeled("nowhere");
    AtomicBoolean signing = new AtomicBoolean(true);
    try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
      // Each time it is looked for, the library begins anew under those who sign.
      Future<Integer> missing = threads.submit(() -> {
        int times = 0;
        do {
          refused(nowhere::require);
          times++;
        } while (signing.get());
        return times;
      });
      List<Future<?>> signers = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        signers.add(threads.submit(() -> {
          for (int n = 0; n < 200; n++) {
            requireSigns(plant, key, KeyAlgorithm.EC_P256);
          }
          return null;
        }));
      }
      for (Future<?> signer : signers) {
        signer.get();
      }
      signing.set(false);
      assertTrue(missing.get() > 0);
    }
  }

  private static String hex(byte[] octets) {
    return HexFormat.of().formatHex(octets);
  }
}
