package io.sallyport.testing;

import java.io.ByteArrayOutputStream;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureSpi;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Lets Java sign with P-256 keys that a {@link Tpm} holds: {@code SHA256withECDSA}, so that TLS, certificate requests and
 * JWS work with them as with any key.
 */
final class TpmKeys extends Provider {
  private static final long serialVersionUID = 1L;
  private static final String NAME = "SallyportTestTpm";

  private TpmKeys() {
    super(NAME, "1", "P-256 keys inside a TPM");
    putService(
        new Service(
            this, "Signature", "SHA256withECDSA", EcdsaSignature.class.getName(), null, null) {
          @Override
          public Object newInstance(@Nullable Object parameter) {
            return new EcdsaSignature();
          }

          @Override
          public boolean supportsParameter(Object key) {
            return key instanceof Held;
          }
        });
  }

  /** Last in the list, so that it is asked for no other key. */
  static synchronized void install() {
    if (Security.getProvider(NAME) == null) {
      Security.addProvider(new TpmKeys());
    }
  }

  /** A private key that never leaves its TPM. */
  record Held(Tpm tpm, String handle) implements PrivateKey {
    @Override
    public String getAlgorithm() {
      return "EC";
    }

    @Override
    public @Nullable String getFormat() {
      return null;
    }

    @Override
    public byte @Nullable [] getEncoded() {
      return null;
    }
  }

  /** Collects what is to be signed and has the TPM sign it. */
  static final class EcdsaSignature extends SignatureSpi {
    private final ByteArrayOutputStream signed = new ByteArrayOutputStream();
    private @Nullable Held key;

    @Override
    protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
      if (!(key instanceof Held held)) {
        throw new InvalidKeyException("not a key in a TPM");
      }
      this.key = held;
      signed.reset();
    }

    @Override
    protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
      throw new InvalidKeyException("signs only");
    }

    @Override
    protected void engineUpdate(byte octet) {
      signed.write(octet);
    }

    @Override
    protected void engineUpdate(byte[] octets, int offset, int length) {
      signed.write(octets, offset, length);
    }

    @Override
    protected byte[] engineSign() {
      Held held = Objects.requireNonNull(key);
      byte[] signature = held.tpm().sign(held.handle(), signed.toByteArray());
      signed.reset();
      return signature;
    }

    @Override
    protected boolean engineVerify(byte[] signature) {
      throw new UnsupportedOperationException("signs only");
    }

    @Override
    @Deprecated
    protected void engineSetParameter(String name, Object value) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    @Deprecated
    protected Object engineGetParameter(String name) {
      throw new UnsupportedOperationException(name);
    }
  }
}
