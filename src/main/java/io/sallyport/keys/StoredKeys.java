package io.sallyport.keys;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Keys by the database: those in software are sealed there under the master key, opened once and kept in memory; of those
 * in a token the database knows where they are.
 */
@ApplicationScoped
class StoredKeys implements Keys {
  private final ConcurrentHashMap<UUID, Opened> opened = new ConcurrentHashMap<>();
  /** Keys never change once they are stored. */
  private final ConcurrentHashMap<UUID, KeyHandle> handles = new ConcurrentHashMap<>();

  private final EntityManager entities;
  private final HeldMasterKeys master;
  private final Pkcs11Tokens tokens;
  private final Ids ids;
  private final Clock clock;

  StoredKeys(
      EntityManager entities, HeldMasterKeys master, Pkcs11Tokens tokens, Ids ids, Clock clock) {
    this.entities = entities;
    this.master = master;
    this.tokens = tokens;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public KeyHandle generate(KeyAlgorithm algorithm, String purpose) {
    UUID id = ids.next();
    StoredKey stored = tokens
        .forNew(purpose)
        .map(token -> inToken(token, id, algorithm, purpose))
        .orElseGet(() -> inSoftware(id, algorithm, purpose));
    entities.persist(stored);
    return stored.handle();
  }

  private StoredKey inToken(Pkcs11Token token, UUID id, KeyAlgorithm algorithm, String purpose) {
    Instant now = clock.instant();
    Pkcs11Token.Made made = token.generate(id, algorithm, now);
    return StoredKey.inToken(id, algorithm, purpose, token.label(), made, now);
  }

  private StoredKey inSoftware(UUID id, KeyAlgorithm algorithm, String purpose) {
    KeyPair pair = pair(algorithm);
    return StoredKey.sealed(
        id,
        algorithm,
        purpose,
        pair.getPublic().getEncoded(),
        master.seal(pair.getPrivate().getEncoded(), context(id)),
        clock.instant());
  }

  @Override
  @Transactional
  public KeyHandle get(UUID id) {
    KeyHandle known = handles.get(id);
    if (known == null) {
      known = stored(id).handle();
      handles.put(id, known);
    }
    return known;
  }

  @Override
  @Transactional
  public List<KeyHandle> of(String purpose) {
    return entities
        .createQuery(
            "from StoredKey where purpose = :purpose order by createdAt desc, id desc",
            StoredKey.class)
        .setParameter("purpose", purpose)
        .getResultStream()
        .map(StoredKey::handle)
        .toList();
  }

  @Override
  @Transactional
  public KeyHandle shared(KeyAlgorithm algorithm, String purpose) {
    return of(purpose).stream().findFirst().orElseGet(() -> {
      entities
          .createNativeQuery(
              "select cast(pg_advisory_xact_lock(hashtextextended('sallyport.key.' || :purpose, 0)) as text)")
          .setParameter("purpose", purpose)
          .getSingleResult();
      // Another node may have made it before the lock was had.
      return of(purpose).stream().findFirst().orElseGet(() -> generate(algorithm, purpose));
    });
  }

  @Override
  public byte[] sign(UUID id, byte[] data) {
    return open(id).sign(data);
  }

  @Override
  public TlsIdentity tlsIdentity(UUID key, List<X509Certificate> chain) {
    forTls(key);
    return new TlsIdentity(key, chain);
  }

  @Override
  public X509ExtendedKeyManager keyManager(Supplier<TlsIdentity> identity) {
    return new CurrentTlsKey(identity, this::forTls);
  }

  /** TLS signs on event loops, which may not wait for a token. */
  private PrivateKey forTls(UUID id) {
    if (open(id) instanceof InSoftware software) {
      return software.privateKey;
    }
    throw new IllegalStateException("key " + id + " is in a token, so TLS cannot use it");
  }

  @Override
  public byte[] seal(byte[] secret, String context) {
    return master.seal(secret, "secret:" + context);
  }

  @Override
  public byte[] unseal(byte[] sealed, String context) {
    return master.unseal(sealed, "secret:" + context);
  }

  private Opened open(UUID id) {
    Opened key = opened.get(id);
    if (key == null) {
      key = QuarkusTransaction.joiningExisting().call(() -> opened(stored(id)));
      opened.put(id, key);
    }
    return key;
  }

  private Opened opened(StoredKey stored) {
    KeyHandle handle = stored.handle();
    byte[] sealed = stored.sealedPrivateKey();
    if (sealed == null) {
      return new InToken(
          handle.algorithm(),
          tokens.labeled(Objects.requireNonNull(stored.tokenLabel())),
          Objects.requireNonNull(stored.tokenKeyId()));
    }
    byte[] pkcs8 = master.unseal(sealed, context(handle.id()));
    try {
      return new InSoftware(
          handle.id(),
          handle.algorithm(),
          handle.algorithm().factory().generatePrivate(new PKCS8EncodedKeySpec(pkcs8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("key " + handle.id() + " cannot be opened", e);
    }
  }

  private StoredKey stored(UUID id) {
    StoredKey stored = entities.find(StoredKey.class, id);
    if (stored == null) {
      throw new Refusal(CommonProblem.NOT_FOUND, "No key " + id + " is held here.");
    }
    return stored;
  }

  private static KeyPair pair(KeyAlgorithm algorithm) {
    try {
      return algorithm.pair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot make a key for " + algorithm, e);
    }
  }

  private static String context(UUID id) {
    return "key:" + id;
  }

  /** A key that is ready to sign. */
  private sealed interface Opened {
    byte[] sign(byte[] data);
  }

  private record InSoftware(UUID id, KeyAlgorithm algorithm, PrivateKey privateKey)
      implements Opened {
    @Override
    public byte[] sign(byte[] data) {
      try {
        Signature signature = algorithm.signer();
        signature.initSign(privateKey);
        signature.update(data);
        return signature.sign();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("key " + id + " cannot sign", e);
      }
    }
  }

  private record InToken(KeyAlgorithm algorithm, Pkcs11Token token, byte[] keyId)
      implements Opened {
    @Override
    public byte[] sign(byte[] data) {
      return token.sign(keyId, algorithm, data);
    }
  }
}
