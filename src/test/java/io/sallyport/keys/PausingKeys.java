package io.sallyport.keys;

import io.quarkus.arc.Arc;
import io.quarkus.arc.ClientProxy;
import io.quarkus.test.junit.QuarkusMock;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * The server's keys, but what is to be signed with a certain text in it waits until it is let go: so a test can do
 * something between the recording of a certificate and its signature. Put in place until the test method ends.
 */
public final class PausingKeys extends StoredKeys {
  private static final long LONGEST_SECONDS = 60;

  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);
  private final Keys keys;
  private final byte[] text;

  @SuppressWarnings("NullAway")
  private PausingKeys(Keys keys, String text) {
    super(null, null, null, null, null);
    this.keys = keys;
    this.text = text.getBytes(StandardCharsets.UTF_8);
  }

  /** Pauses the first signature over anything that has {@code text} in it. */
  public static PausingKeys at(String text) {
    PausingKeys pausing =
        new PausingKeys(ClientProxy.unwrap(Arc.container().instance(Keys.class).get()), text);
    QuarkusMock.installMockForType(pausing, Keys.class);
    return pausing;
  }

  public void awaitSignature() {
    await(reached);
  }

  public void release() {
    released.countDown();
  }

  @Override
  public byte[] sign(UUID id, byte[] data) {
    if (contains(data)) {
      reached.countDown();
      await(released);
    }
    return keys.sign(id, data);
  }

  private boolean contains(byte[] data) {
    return new String(data, StandardCharsets.ISO_8859_1)
        .contains(new String(text, StandardCharsets.ISO_8859_1));
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(LONGEST_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("nothing happened for " + LONGEST_SECONDS + " seconds");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public KeyHandle generate(KeyAlgorithm algorithm, String purpose) {
    return keys.generate(algorithm, purpose);
  }

  @Override
  public KeyHandle get(UUID id) {
    return keys.get(id);
  }

  @Override
  public List<KeyHandle> of(String purpose) {
    return keys.of(purpose);
  }

  @Override
  public KeyHandle shared(KeyAlgorithm algorithm, String purpose) {
    return keys.shared(algorithm, purpose);
  }

  @Override
  public TlsIdentity tlsIdentity(UUID key, List<X509Certificate> chain) {
    return keys.tlsIdentity(key, chain);
  }

  @Override
  public X509ExtendedKeyManager keyManager(Supplier<TlsIdentity> identity) {
    return keys.keyManager(identity);
  }

  @Override
  public byte[] seal(byte[] secret, String context) {
    return keys.seal(secret, context);
  }

  @Override
  public byte[] unseal(byte[] sealed, String context) {
    return keys.unseal(sealed, context);
  }
}
