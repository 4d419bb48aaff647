package io.sallyport.keys;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pkcs11.Pkcs11Library;
import io.sallyport.pkcs11.Pkcs11Library.Present;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.Security;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A PKCS#11 token. Logs in again, at growing intervals, when it was away; never again with a PIN that was wrong, because
 * tokens lock themselves.
 *
 * <p>The JDK shows a key only beside a certificate with the same CKA_ID, so each key gets one that says nothing.
 */
final class Pkcs11Token {
  private static final Logger LOG = Logger.getLogger(Pkcs11Token.class);
  /** What the JDK can have a token do. */
  private static final Set<KeyAlgorithm> KEPT = EnumSet.of(
      KeyAlgorithm.EC_P256, KeyAlgorithm.EC_P384, KeyAlgorithm.RSA_3072, KeyAlgorithm.RSA_4096);

  private static final int ATTEMPTS = 3;
  private static final int MOST_LIVES = 20;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** Keys and certificates are the token's own; private keys are never seen outside, nor changed into ones that are. */
  private static final String CONFIGURATION = """
      --name=Sallyport
      library=%s
      slot=%d
      attributes(generate,CKO_PRIVATE_KEY,*)={
      CKA_TOKEN=true
      CKA_ID=%s
      CKA_PRIVATE=true
      CKA_SENSITIVE=true
      CKA_EXTRACTABLE=false
      CKA_SIGN=true
      CKA_DECRYPT=false
      CKA_UNWRAP=false
      CKA_DERIVE=false
      }
      attributes(generate,CKO_PUBLIC_KEY,*)={
      CKA_TOKEN=true
      CKA_ID=%s
      CKA_VERIFY=true
      CKA_ENCRYPT=false
      CKA_WRAP=false
      }
      """;

  private final Pkcs11Library library;
  private final String name;
  private final char[] pin;
  private volatile @Nullable Session session;
  private volatile @Nullable String label;
  private volatile @Nullable String wrongPin;
  private Duration pause = Duration.ZERO;
  private long nextTry = System.nanoTime();

  /** @param name its label, or {@code slot:NUMBER} */
  Pkcs11Token(Pkcs11Library library, String name, String pin) {
    this.library = library;
    this.name = name;
    this.pin = pin.toCharArray();
  }

  /** Logged in; of no use after the library has begun anew. */
  private record Session(
      Provider provider, KeyStore store, long slot, int life, Map<String, PrivateKey> keys) {}

  /** A key that was made here. */
  record Made(byte[] keyId, byte[] subjectPublicKeyInfo) {}

  /** What is done while the token is there. */
  private interface Use<T> {
    T with(Session session) throws GeneralSecurityException, IOException;
  }

  /** The token's own label; known after the first log-in. */
  String label() {
    String known = label;
    return known == null ? name : known;
  }

  boolean isNamed(String text) {
    return name.equals(text) || label().equals(text);
  }

  /** Logs in, or refuses with {@code unavailable} and says what to do. */
  void require() {
    use(session -> session);
  }

  String provider() {
    Session known = session;
    return known == null
        ? "SunPKCS11"
        : "SunPKCS11 " + known.provider.getVersionStr() + " (" + library.path() + ")";
  }

  Made generate(UUID id, KeyAlgorithm algorithm, Instant now) {
    String alias = id.toString();
    byte[] keyId = alias.getBytes(StandardCharsets.US_ASCII);
    if (!KEPT.contains(algorithm)) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "A key of the kind " + algorithm + " cannot be kept in a token; those can: " + KEPT
              + ".");
    }
    return use(session -> {
      Provider maker = configured(session.slot, keyId);
      KeyStore store = open(maker);
      KeyPair pair = algorithm.pair(KeyPairGenerator.getInstance(algorithm.family(), maker));
      X509Certificate carrier = CarrierCertificate.of(
          pair.getPublic(),
          alias,
          now,
          data -> {
            Signature signature = Signature.getInstance(algorithm.signature(), maker);
            signature.initSign(pair.getPrivate());
            signature.update(data);
            return signature.sign();
          },
          algorithm);
      store.setKeyEntry(alias, pair.getPrivate(), null, new X509Certificate[] {carrier});
      return new Made(keyId, pair.getPublic().getEncoded());
    });
  }

  byte[] sign(byte[] keyId, KeyAlgorithm algorithm, byte[] data) {
    return use(session -> {
      Signature signature = Signature.getInstance(algorithm.signature(), session.provider);
      signature.initSign(key(session, keyId));
      signature.update(data);
      return signature.sign();
    });
  }

  private PrivateKey key(Session session, byte[] keyId)
      throws GeneralSecurityException, IOException {
    String alias = new String(keyId, StandardCharsets.US_ASCII);
    PrivateKey known = session.keys.get(alias);
    if (known != null) {
      return known;
    }
    PrivateKey key;
    synchronized (session.store) {
      key = (PrivateKey) session.store.getKey(alias, null);
      if (key == null) {
        // Another node may have made it since.
        session.store.load(null, pin);
        key = (PrivateKey) session.store.getKey(alias, null);
      }
    }
    if (key == null) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "The token \"" + label() + "\" holds no key " + alias
              + " with its certificate. If the token was replaced, restore the key into it.");
    }
    session.keys.put(alias, key);
    return key;
  }

  /** When the session is found dead, again after a new log-in; a few times, because others may begin the library anew. */
  private <T> T use(Use<T> use) {
    Session used = session;
    for (int attempt = 1; ; attempt++) {
      if (used == null || used.life != library.life()) {
        used = logIn(used);
      }
      Lock reading = library.use().readLock();
      boolean dead = false;
      reading.lock();
      try {
        if (used.life == library.life()) {
          return use.with(used);
        }
      } catch (ProviderException | GeneralSecurityException | IOException e) {
        LOG.debugf(e, "The token %s does not answer", label());
        if (attempt == ATTEMPTS) {
          throw away(e.getMessage());
        }
        dead = true;
      } finally {
        reading.unlock();
      }
      // Not under the lock: whoever logs in holds the monitor and waits for all who read.
      if (dead) {
        discard(used);
      }
      if (attempt == MOST_LIVES) {
        throw away("its library is begun anew again and again");
      }
      used = session;
    }
  }

  private synchronized void discard(Session failed) {
    if (session == failed) {
      session = null;
    }
  }

  /** A session other than {@code failed}; by one thread at a time, and not before the pause after a failure is over. */
  private synchronized Session logIn(@Nullable Session failed) {
    Session known = session;
    if (known != null && known != failed && known.life == library.life()) {
      return known;
    }
    String refusedPin = wrongPin;
    if (refusedPin != null) {
      throw new Refusal(CommonProblem.UNAVAILABLE, refusedPin);
    }
    if (System.nanoTime() - nextTry < 0) {
      throw away("it was not there a moment ago");
    }
    session = null;
    for (int attempt = 1; ; attempt++) {
      try {
        Session fresh = fresh();
        session = fresh;
        if (!pause.isZero() || known == null && failed == null) {
          LOG.infof("The token %s is there: %s", label(), provider());
        }
        pause = Duration.ZERO;
        return fresh;
      } catch (Refusal refusal) {
        putOff();
        throw refusal;
      } catch (ProviderException | GeneralSecurityException | IOException e) {
        Refusal refusal = refused(e);
        if (attempt == ATTEMPTS || wrongPin != null) {
          putOff();
          throw refusal;
        }
      }
    }
  }

  private void putOff() {
    pause = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
    pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    nextTry = System.nanoTime() + pause.toNanos();
  }

  private Session fresh() throws GeneralSecurityException, IOException {
    Lock writing = library.use().writeLock();
    writing.lock();
    try {
      Present present = present();
      if (present == null && library.mayRestart()) {
        // A library that saw a token go may not see it come.
        library.restart();
        present = present();
      }
      if (present == null) {
        throw away("it is not there");
      }
      if (present.locked() || present.lastTry()) {
        wrongPin = "The PIN of the token \"" + present.label()
            + "\" is locked or has one try left, so it is not tried."
            + " Unlock it with the token's own tools, then start again.";
        throw new Refusal(CommonProblem.UNAVAILABLE, wrongPin);
      }
      label = present.label();
      Provider provider = configured(present.slot(), new byte[1]);
      library.opened(provider);
      return new Session(
          provider, open(provider), present.slot(), library.life(), new ConcurrentHashMap<>());
    } finally {
      writing.unlock();
    }
  }

  private @Nullable Present present() {
    return library.tokens().stream()
        .filter(token -> token.label().equals(name) || name.equals("slot:" + token.slot()))
        .findFirst()
        .orElse(null);
  }

  private Provider configured(long slot, byte[] keyId) {
    String id = "0h" + HexFormat.of().formatHex(keyId);
    return Security.getProvider("SunPKCS11")
        .configure(CONFIGURATION.formatted(library.path(), slot, id, id));
  }

  private KeyStore open(Provider provider) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS11", provider);
    store.load(null, pin);
    return store;
  }

  private Refusal refused(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      if (message.startsWith("CKR_PIN_")) {
        wrongPin = "The token \"" + label() + "\" refuses the PIN (" + message
            + "). It is not tried again, because tokens lock themselves: put the right one into the PIN file, then start again.";
        LOG.error(wrongPin);
        return new Refusal(CommonProblem.UNAVAILABLE, wrongPin);
      }
    }
    return away(String.valueOf(failure.getMessage()));
  }

  private Refusal away(@Nullable String why) {
    return new Refusal(
        CommonProblem.UNAVAILABLE,
        "The token \"" + label() + "\" does not answer (" + why
            + "). Put it back; it is asked again by itself.");
  }
}
