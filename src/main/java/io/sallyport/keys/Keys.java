package io.sallyport.keys;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Key generation and signing (law 7). A private key is encrypted at rest or in a token, and never leaves this package.
 * Refuses with {@code unavailable} while a token does not answer or a master key is not held, and says what to do.
 */
public interface Keys {
  /** Makes a key where its purpose has its keys, and records it in the caller's transaction or one of its own. */
  KeyHandle generate(KeyAlgorithm algorithm, String purpose);

  /** The key with this id; refuses with {@code not-found}. */
  KeyHandle get(UUID id);

  /** The keys made for {@code purpose}, newest first. */
  List<KeyHandle> of(String purpose);

  /** The newest key made for {@code purpose}; made now when there is none, by one node only. */
  default KeyHandle shared(KeyAlgorithm algorithm, String purpose) {
    return of(purpose).stream().findFirst().orElseGet(() -> generate(algorithm, purpose));
  }

  /**
   * Signs {@code data} with the key's own algorithm. ECDSA answers in DER (RFC 3279 §2.2.3). Holds no lock and needs no
   * transaction; the first use of a key reads it from the database, later uses do not.
   */
  byte[] sign(UUID id, byte[] data);

  /** A key made ready for handshakes, which run on event loops and may not read the database. */
  TlsIdentity tlsIdentity(UUID key, List<X509Certificate> chain);

  /** A TLS key manager over what {@code identity} gives at the time of each handshake. */
  X509ExtendedKeyManager keyManager(Supplier<TlsIdentity> identity);

  /** Encrypts a small secret for storing; {@code context} is bound to it and must be given again. */
  byte[] seal(byte[] secret, String context);

  /**
   * What {@link #seal} encrypted; throws {@link IllegalStateException} when it was altered or the context differs, and
   * refuses with {@code unavailable} when it is sealed under a master key that only other nodes hold.
   */
  byte[] unseal(byte[] sealed, String context);

  /**
   * A key and the chain that certifies it, leaf first, for TLS. Made by {@link #tlsIdentity}.
   *
   * @param chain without the root
   */
  record TlsIdentity(UUID key, List<X509Certificate> chain) {
    public TlsIdentity {
      chain = List.copyOf(chain);
    }
  }
}
