package io.sallyport.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keys in a TPM, through openssl and its tpm2 provider; {@code TPM2OPENSSL_TCTI} says which TPM. Signatures by such keys
 * are to be had from the JCA once {@link #install} was called, TLS among them.
 */
final class OpensslTpm {
  private static final int PATIENCE_SECONDS = 60;
  private static final int MOST_OCTETS = 64 << 10;
  private static final String ALGORITHM = "SHA256withECDSA";
  private static final List<String> PROVIDERS =
      List.of("-provider", "tpm2", "-provider", "default", "-propquery", "?provider=tpm2");

  private OpensslTpm() {}

  /** A new key, wrapped, in PEM. */
  static String newKey() {
    return new String(
        run(
            new byte[0],
            List.of("genpkey"),
            List.of("-algorithm", "EC", "-pkeyopt", "group:P-256")),
        StandardCharsets.US_ASCII);
  }

  static PublicKey publicHalf(TpmKey key) {
    byte[] octets = run(
        new byte[0],
        List.of("pkey"),
        List.of("-in", path(key.file()), "-pubout", "-outform", "DER"));
    try {
      return KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(octets));
    } catch (GeneralSecurityException e) {
      throw Failure.usage(key.file() + " holds no EC key of a TPM.");
    }
  }

  static synchronized void install() {
    if (Security.getProvider(Signatures.NAME) == null) {
      Security.addProvider(new Signatures());
    }
  }

  private static byte[] signed(TpmKey key, byte[] digest) {
    return run(
        digest,
        List.of("pkeyutl", "-sign"),
        List.of("-inkey", path(key.file()), "-pkeyopt", "digest:sha256"));
  }

  private static String path(Path file) {
    return file.toAbsolutePath().toString();
  }

  private static byte[] run(byte[] input, List<String> act, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(act);
    command.addAll(PROVIDERS);
    command.addAll(arguments);
    try {
      Process process = new ProcessBuilder(command).start();
      try (OutputStream in = process.getOutputStream()) {
        in.write(input);
      }
      CompletableFuture<byte[]> said = all(process.getErrorStream());
      CompletableFuture<byte[]> answer = all(process.getInputStream());
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw away("it did not answer in time");
      }
      if (process.exitValue() != 0) {
        throw away(new String(said.join(), StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank())
            .findFirst()
            .orElse("exit code " + process.exitValue()));
      }
      return answer.join();
    } catch (IOException e) {
      throw Failure.usage("openssl is not to be had: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw away("interrupted");
    }
  }

  private static CompletableFuture<byte[]> all(InputStream stream) {
    return CompletableFuture.supplyAsync(() -> {
      try (stream) {
        return stream.readNBytes(MOST_OCTETS);
      } catch (IOException e) {
        return new byte[0];
      }
    });
  }

  private static Failure away(String why) {
    return Failure.usage("The TPM does not do it, or openssl has no tpm2 provider (tpm2-openssl): "
        + why + ". TPM2OPENSSL_TCTI names the TPM.");
  }

  /** For {@link TpmKey} alone: every other key goes on to the next provider. */
  private static final class Signatures extends Provider {
    static final String NAME = "SallyportTpm";
    private static final long serialVersionUID = 1L;

    Signatures() {
      super(NAME, "1", "Signatures by keys in a TPM");
      putService(
          new Service(this, "Signature", ALGORITHM, TpmSignature.class.getName(), List.of(), null) {
            @Override
            public Object newInstance(@Nullable Object parameter) throws NoSuchAlgorithmException {
              return new TpmSignature();
            }

            @Override
            public boolean supportsParameter(@Nullable Object parameter) {
              return parameter instanceof TpmKey;
            }
          });
    }
  }

  private static final class TpmSignature extends SignatureSpi {
    private final MessageDigest digest;
    private @Nullable TpmKey key;

    TpmSignature() throws NoSuchAlgorithmException {
      digest = MessageDigest.getInstance("SHA-256");
    }

    @Override
    protected void engineInitVerify(PublicKey publicKey) throws InvalidKeyException {
      throw new InvalidKeyException("signs only");
    }

    @Override
    protected void engineInitSign(PrivateKey privateKey) throws InvalidKeyException {
      if (!(privateKey instanceof TpmKey tpm)) {
        throw new InvalidKeyException("not a key of a TPM");
      }
      key = tpm;
      digest.reset();
    }

    @Override
    protected void engineUpdate(byte octet) {
      digest.update(octet);
    }

    @Override
    protected void engineUpdate(byte[] octets, int offset, int length) {
      digest.update(octets, offset, length);
    }

    @Override
    protected byte[] engineSign() throws SignatureException {
      if (key == null) {
        throw new SignatureException("no key");
      }
      try {
        return signed(key, digest.digest());
      } catch (Failure failure) {
        throw new SignatureException(failure.getMessage(), failure);
      }
    }

    @Override
    protected boolean engineVerify(byte[] signature) throws SignatureException {
      throw new SignatureException("signs only");
    }

    @Override
    @Deprecated
    protected void engineSetParameter(String name, Object value) {
      throw new UnsupportedOperationException();
    }

    @Override
    @Deprecated
    protected Object engineGetParameter(String name) {
      throw new UnsupportedOperationException();
    }
  }
}
