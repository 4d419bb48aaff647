package io.sallyport.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.admin.MudFiles.Checked;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.mud.MudProblem;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FetchedMudFilesTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

  private final Identity root = certified("Describers", null, true);
  private final Identity signer = certified("Acme MUD", root, false);

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  @SuppressWarnings("NullAway.Init")
  private byte[] file;

  @BeforeEach
  void aFileAndATrustedRoot() throws IOException {
    file = Files.readAllBytes(Path.of("src/test/resources/mud/camera.json"));
    Files.writeString(folder.resolve("trust.pem"), TestPki.pem(root.certificate()));
  }

  @Test
  void whatATrustedSignerSignedIsRead() throws Exception {
    Checked checked = files(true).check(file, signed(file, signer));
    assertEquals("https://acme.example/mud/cam1.json", checked.file().url());
    assertTrue(checked.signer().contains("Acme MUD"), checked.signer());
  }

  @Test
  void anythingElseIsNotEvenRead() throws Exception {
    byte[] good = signed(file, signer);
    byte[] other = file.clone();
    other[other.length - 3] ^= 1;
    assertUntrusted(other, good, true, "not one of this file");
    assertUntrusted(file, good, false, "sallyport.mud.trust-file");
    assertUntrusted(file, new byte[0], true, "no CMS");
    assertUntrusted(file, "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8), true, "no CMS");
    assertUntrusted(file, new byte[70_000], true, "octets");
    Identity stranger = certified("Somebody", null, true);
    assertUntrusted(
        file, signed(file, certified("Acme MUD", stranger, false)), true, "no trust anchor");
    assertUntrusted(file, signed(file, root), true, "not one for signatures");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "http://mud.example/a.json, must be https",
    "https://mud.example/a.json#x, must be https",
    "https://mud.example/a.json?x=1, must be https",
    "https://me@mud.example/a.json, must be https",
    "file:///etc/passwd, must be https",
    "https://other.example/a.json, sallyport.mud.hosts",
    "https://mud.example:8443/a.json, sallyport.mud.hosts",
    "https://localhost/a.json, inside a network",
    "https://no-such-name.invalid/a.json, not known",
    "'https://mud example/', no URL",
    "https://127.0.0.1:1/a.json, cannot be reached"
  })
  void onlyWhatTheOperatorNamedIsAsked(String url, String said) {
    Refusal refusal = assertThrows(Refusal.class, () -> files(true).fetch(url));
    assertEquals(MudProblem.UNFETCHED_MUD, refusal.problem());
    assertTrue(refusal.detail().contains(said), refusal.detail());
  }

  private void assertUntrusted(byte[] octets, byte[] signature, boolean trusting, String said) {
    Refusal refusal = assertThrows(Refusal.class, () -> files(trusting).check(octets, signature));
    assertEquals(MudProblem.UNTRUSTED_MUD, refusal.problem());
    assertTrue(refusal.detail().contains(said), refusal.detail());
  }

  private MudFiles files(boolean trusting) {
    String trust = folder.resolve("trust.pem").toString();
    return new FetchedMudFiles(
        new MudSettings() {
          @Override
          public Optional<String> trustFile() {
            return trusting ? Optional.of(trust) : Optional.empty();
          }

          @Override
          public Optional<List<String>> hosts() {
            return Optional.of(
                List.of("mud.example:443", "localhost", "no-such-name.invalid", "127.0.0.1:1"));
          }

          @Override
          public Optional<String> tlsTrustFile() {
            return Optional.of(trust);
          }
        },
        Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static Identity certified(String name, @Nullable Identity issuer, boolean authority) {
    KeyPair keys = TestPki.key();
    return new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("CN=" + name),
            keys,
            issuer,
            NOW.minus(Duration.ofDays(1)),
            NOW.plus(Duration.ofDays(1)),
            authority,
            null)));
  }

  private static byte[] signed(byte[] file, Identity signer) throws Exception {
    CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
    generator.addSignerInfoGenerator(
        new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
            .build(TestPki.signer(signer.keys()), signer.certificate()));
    generator.addCertificates(new JcaCertStore(signer.chain()));
    return generator.generate(new CMSProcessableByteArray(file), false).getEncoded();
  }
}
