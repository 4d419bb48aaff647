package io.sallyport.enrollment;

import io.quarkus.runtime.StartupEvent;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Nonces that carry their time and a MAC by a key that all nodes share: making one costs nothing, and only those that come
 * back are written down.
 */
@ApplicationScoped
class SealedNonces implements ReplayNonces {
  /** How long a client may think about its next request; clients ask again by themselves after it. */
  static final Duration LIFETIME = Duration.ofMinutes(15);

  /** How far the clocks of two nodes may be apart. */
  private static final Duration SKEW = Duration.ofMinutes(1);

  /** After the keys are ready, before the fronts open. */
  private static final int BEFORE_THE_FRONTS = 1000;

  private static final String ALGORITHM = "HmacSHA256";
  private static final int TIME_OCTETS = 8;
  private static final int RANDOM_OCTETS = 12;
  private static final int MAC_OCTETS = 16;
  private static final int OCTETS = TIME_OCTETS + RANDOM_OCTETS + MAC_OCTETS;
  private static final int CHARACTERS = OCTETS / 3 * 4;

  private final NonceStore store;
  private final SecureRandom random;
  private final Clock clock;
  private volatile @Nullable SecretKeySpec key;

  SealedNonces(NonceStore store, SecureRandom random, Clock clock) {
    this.store = store;
    this.random = random;
    this.clock = clock;
  }

  void start(@Observes @Priority(BEFORE_THE_FRONTS) StartupEvent event) {
    key = new SecretKeySpec(store.key(), ALGORITHM);
  }

  @Override
  public String next() {
    byte[] tail = new byte[RANDOM_OCTETS];
    random.nextBytes(tail);
    byte[] head = ByteBuffer.allocate(TIME_OCTETS + RANDOM_OCTETS)
        .putLong(clock.millis())
        .put(tail)
        .array();
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(ByteBuffer.allocate(OCTETS).put(head).put(mac(head)).array());
  }

  @Override
  public void spend(String nonce) {
    byte[] octets = read(nonce);
    byte[] head = Arrays.copyOf(octets, TIME_OCTETS + RANDOM_OCTETS);
    Instant made = Instant.ofEpochMilli(ByteBuffer.wrap(head).getLong());
    Instant now = clock.instant();
    boolean mine =
        MessageDigest.isEqual(mac(head), Arrays.copyOfRange(octets, head.length, octets.length));
    if (!mine || made.isAfter(now.plus(SKEW)) || made.plus(LIFETIME).isBefore(now)) {
      throw bad(
          "The nonce is not one that this server made within the last minutes; use the one of this answer.");
    }
    if (!store.spend(head, made.plus(LIFETIME).plus(SKEW))) {
      throw bad("The nonce was used before; use the one of this answer.");
    }
  }

  private static byte[] read(String nonce) {
    if (nonce.length() == CHARACTERS) {
      try {
        return Base64.getUrlDecoder().decode(nonce);
      } catch (IllegalArgumentException notBase64) {
        // Told below.
      }
    }
    throw bad("The nonce is not one that this server made; use the one of this answer.");
  }

  private byte[] mac(byte[] head) {
    SecretKeySpec known = key;
    if (known == null) {
      throw new IllegalStateException("the nonces have no key yet");
    }
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(known);
      return Arrays.copyOf(mac.doFinal(head), MAC_OCTETS);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no " + ALGORITHM, e);
    }
  }

  private static Refusal bad(String detail) {
    return new Refusal(EnrollmentProblem.BAD_NONCE, detail);
  }
}
