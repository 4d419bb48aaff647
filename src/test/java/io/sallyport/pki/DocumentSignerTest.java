package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Peers;
import io.sallyport.testing.ServerTest;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents that the server signed, checked by OpenSSL with the root alone. */
@QuarkusTest
class DocumentSignerTest extends ServerTest {
  private static final byte[] TEXT = "a manifest\n".getBytes(StandardCharsets.UTF_8);

  @Inject
  DocumentSigner signer;

  @TempDir
  Path folder;

  @Test
  void openSslTakesADetachedSignatureAndNoOtherContent() throws Exception {
    Path signature = Files.write(
        folder.resolve("s"),
        signer.detached(DocumentSigner.DATA, new ByteArrayInputStream(TEXT)).octets());

    assertEquals(0, verify(signature, "-content", Files.write(folder.resolve("c"), TEXT)));
    assertNotEquals(
        0, verify(signature, "-content", Files.write(folder.resolve("d"), new byte[] {1})));
  }

  @Test
  void openSslTakesASignatureWithItsContent() throws Exception {
    Path signature = Files.write(
        folder.resolve("s"), signer.attached(DocumentSigner.DATA, TEXT).octets());

    assertEquals(0, verify(signature, "-out", folder.resolve("out")));
    assertEquals("a manifest\n", Files.readString(folder.resolve("out")));
  }

  private static int verify(Path signature, String option, Path file) throws Exception {
    Peers.need("openssl");
    Path root = Path.of(ConfigProvider.getConfig().getValue("sallyport.data", String.class))
        .resolve("root.pem");
    Process process = new ProcessBuilder(
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            signature.toString(),
            "-CAfile",
            root.toString(),
            option,
            file.toString())
        .redirectErrorStream(true)
        .start();
    process.getInputStream().readAllBytes();
    return process.waitFor();
  }
}
