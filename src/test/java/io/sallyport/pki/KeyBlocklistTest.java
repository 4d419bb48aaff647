package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyBlocklistTest {
  /** A modulus of 2048 bits, for this test alone. */
  private static final BigInteger MODULUS =
      BigInteger.ONE.shiftLeft(2047).add(BigInteger.valueOf(0x5a11));

  @TempDir
  Path folder;

  private final AtomicLong nanos = new AtomicLong();

  @Test
  void keysOfPublishedTestVectorsAreRefusedWithoutAnyFile() throws IOException {
    KeyBlocklist blocklist = new KeyBlocklist(List.of(), nanos::get);
    assertRefused(
        blocklist, ed25519("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
    assertRefused(blocklist, ed25519("00".repeat(32)));
    assertRefused(
        blocklist, p256("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
    assertRefused(blocklist, p256("01"));
    assertDoesNotThrow(() -> blocklist.check(p256("1234567890")));
  }

  @Test
  void anRsaKeyOnAListInDebiansFormatIsRefused() throws IOException {
    // sha1("Modulus=8000…5A11\n"), by sha1sum, without its first twenty digits
    Path file =
        write("blacklist.RSA-2048", "# comment\n\n00005890bc78bcbee3ca\nf525319c745bb93f8a20\n");
    KeyBlocklist blocklist = new KeyBlocklist(List.of(file), nanos::get);
    assertRefused(blocklist, rsa(MODULUS));
    assertDoesNotThrow(() -> blocklist.check(rsa(MODULUS.add(BigInteger.TWO))));
    assertDoesNotThrow(() -> blocklist.check(p256("1234567890")));
  }

  @Test
  void anyKeyOnAListOfDigestsIsRefusedOnceTheFileWasChanged() throws IOException {
    Der key = p256("1234567890");
    Path file = write("known", "");
    KeyBlocklist blocklist = new KeyBlocklist(List.of(file), nanos::get);
    assertDoesNotThrow(() -> blocklist.check(key));

    write("known", key.digest().hex() + "\n");
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(6));
    assertRefused(blocklist, key);
  }

  @Test
  void aMalformedFileStopsIssuanceUntilItIsRight() throws IOException {
    Path file = write("known", "# fine\n00005890bc78bcbee3cA\n");
    KeyBlocklist blocklist = new KeyBlocklist(List.of(file), nanos::get);
    Der key = p256("1234567890");
    assertEquals(
        CommonProblem.UNAVAILABLE,
        assertThrows(Refusal.class, () -> blocklist.check(key)).problem());

    write("known", "00005890bc78bcbee3ca");
    assertDoesNotThrow(() -> blocklist.check(key));
  }

  @Test
  void whatWasReadStaysWhenTheFileIsGoneOrMalformed() throws IOException {
    Der key = p256("1234567890");
    Path file = write("known", key.digest().hex());
    KeyBlocklist blocklist = new KeyBlocklist(List.of(file), nanos::get);
    assertRefused(blocklist, key);
    write("known", "nonsense");
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(6));
    assertRefused(blocklist, key);
    Files.delete(file);
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(6));
    assertRefused(blocklist, key);
  }

  @Test
  void theLineThatIsWrongIsNamed() throws IOException {
    for (String wrong : List.of("abc", "00005890bc78bcbee3cg", "0".repeat(40), "x".repeat(5000))) {
      Path file = write("known", "# one\n00005890bc78bcbee3ca\n" + wrong + "\n");
      String told = String.valueOf(
          assertThrows(KeyDigestFile.MalformedException.class, () -> new KeyDigestFile().add(file))
              .getMessage());
      assertTrue(told.contains(file + ", line 3: "), told);
    }
  }

  private static void assertRefused(KeyBlocklist blocklist, Der key) {
    assertEquals(
        PkiProblem.WEAK_KEY,
        assertThrows(Refusal.class, () -> blocklist.check(key)).problem());
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static Der p256(String secret) throws IOException {
    var curve = ECNamedCurveTable.getByOID(SECObjectIdentifiers.secp256r1);
    byte[] point = curve.getG().multiply(new BigInteger(secret, 16)).normalize().getEncoded(false);
    return der(
        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp256r1),
        point);
  }

  private static Der ed25519(String seed) throws IOException {
    byte[] point = new Ed25519PrivateKeyParameters(HexFormat.of().parseHex(seed), 0)
        .generatePublicKey()
        .getEncoded();
    return der(new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519), point);
  }

  private static Der rsa(BigInteger modulus) throws IOException {
    return der(
        new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
        new RSAPublicKey(modulus, BigInteger.valueOf(65_537)).getEncoded("DER"));
  }

  private static Der der(AlgorithmIdentifier algorithm, byte[] key) throws IOException {
    return Der.of(new SubjectPublicKeyInfo(algorithm, key).getEncoded("DER"));
  }
}
