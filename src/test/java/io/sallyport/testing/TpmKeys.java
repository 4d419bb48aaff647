package io.sallyport.testing;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.crypto.impl.ECDSA;
import java.io.ByteArrayOutputStream;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Lets Java sign with P-256 keys that a {@link Tpm} holds, by ECDSA with SHA-256, so that TLS, certificate requests and
 * JWS work with them as with any key.
 */
final class TpmKeys extends Provider {
  private static final long serialVersionUID = 1L;
  private static final String NAME = "SallyportTestTpm";

  private TpmKeys() {
    super(NAME, "1", "P-256 keys inside a TPM");
    putService(service("SHA256withECDSA", false));
    putService(service("SHA256withECDSAinP1363Format", true));
  }

  private Service service(String algorithm, boolean plain) {
    return new Service(this, "Signature", algorithm, EcdsaSignature.class.getName(), null, null) {
      @Override
      public Object newInstance(@Nullable Object parameter) {
        return new EcdsaSignature(plain);
      }

      @Override
      public boolean supportsParameter(Object key) {
        return key instanceof Held;
      }
    };
  }

  /**
   * Last in the list, so that it is asked for no other key. One that another class loader put there, as that of the
   * application under test, does not know the keys of this one.
   */
  static synchronized void install() {
    if (!(Security.getProvider(NAME) instanceof TpmKeys)) {
      Security.removeProvider(NAME);
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
    private static final int PLAIN_OCTETS = 64;

    private final ByteArrayOutputStream signed = new ByteArrayOutputStream();
    private final boolean plain;
    private @Nullable Held key;

    /** @param plain r and s side by side rather than in DER */
    EcdsaSignature(boolean plain) {
      this.plain = plain;
    }

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
    protected byte[] engineSign() throws SignatureException {
      Held held = Objects.requireNonNull(key);
      byte[] signature = held.tpm().sign(held.handle(), signed.toByteArray());
      signed.reset();
      try {
        return plain ? ECDSA.transcodeSignatureToConcat(signature, PLAIN_OCTETS) : signature;
      } catch (JOSEException e) {
        throw new SignatureException("the TPM gave no ECDSA signature", e);
      }
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
