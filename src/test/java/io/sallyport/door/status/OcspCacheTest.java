package io.sallyport.door.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Der;
import io.sallyport.pki.CertificateStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is kept and shared, and what never is. */
class OcspCacheTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration VALIDITY = Duration.ofMinutes(5);
  private static final String REQUEST = "about one";

  private final AtomicInteger made = new AtomicInteger();
  private final CountDownLatch reading = new CountDownLatch(1);
  private final CountDownLatch goOn = new CountDownLatch(1);
  private final AtomicBoolean revoked = new AtomicBoolean();
  private final Answers status = new Answers();
  private final OcspCache cache = new OcspCache(status);

  @AfterEach
  void close() {
    goOn.countDown();
    cache.close();
  }

  /** Says what is so when it is asked; from then on the stamp holds until the status changes. */
  private class Answers implements CertificateStatus {
    private boolean slow;
    private boolean common = true;

    @Override
    public Map<String, Lists> lists() {
      return Map.of();
    }

    @Override
    public OcspAnswer ocsp(byte[] request) {
      made.incrementAndGet();
      boolean then = revoked.get();
      if (slow) {
        reading.countDown();
        await(goOn);
      }
      String word = then ? "revoked" : "good";
      return new OcspAnswer(
          Der.of(word.getBytes(StandardCharsets.US_ASCII)),
          NOW,
          NOW.plus(VALIDITY),
          List.of(word),
          () -> then == revoked.get(),
          common);
    }

    @Override
    public OcspAnswer tryLater() {
      return new OcspAnswer(Der.of(new byte[] {3}), null, null, List.of("busy"), () -> true, false);
    }

    @Override
    public Optional<Crl> crl(String authority, int shard) {
      return Optional.empty();
    }

    @Override
    public Optional<Crl> delta(String authority, int shard) {
      return Optional.empty();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletableFuture<StatusReply> ask(String request) {
    return cache.answer(request, request.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void anAnswerIsKeptForHalfOfItsValidity() {
    StatusReply answer = ask(REQUEST).join();

    assertSame(answer, cache.kept(REQUEST, NOW));
    assertSame(answer, cache.kept(REQUEST, NOW.plus(VALIDITY.dividedBy(2)).minusMillis(1)));
    assertNull(cache.kept(REQUEST, NOW.plus(VALIDITY.dividedBy(2))));
    assertNull(cache.kept("about another", NOW));
  }

  @Test
  void anAnswerIsGoneAsSoonAsTheStatusChanges() {
    ask(REQUEST).join();

    revoked.set(true);

    assertNull(cache.kept(REQUEST, NOW));
    assertEquals(List.of("revoked"), ask(REQUEST).join().told());
    assertNotNull(cache.kept(REQUEST, NOW));
  }

  @Test
  void whatWasReadBeforeTheChangeIsNeitherGivenNorKept() {
    status.slow = true;
    CompletableFuture<StatusReply> before = ask(REQUEST);
    await(reading);
    revoked.set(true);
    CompletableFuture<StatusReply> after = ask(REQUEST);
    assertSame(before, after, "it is being made already");

    goOn.countDown();

    assertEquals(List.of("revoked"), after.join().told());
    assertEquals(List.of("revoked"), cached().told());
  }

  private StatusReply cached() {
    StatusReply kept = cache.kept(REQUEST, NOW);
    assertNotNull(kept);
    return kept;
  }

  @Test
  void equalRequestsShareOneAnswer() {
    status.slow = true;
    CompletableFuture<StatusReply> first = ask(REQUEST);
    await(reading);
    CompletableFuture<StatusReply> second = ask(REQUEST);

    goOn.countDown();

    assertSame(first.join(), second.join());
    assertEquals(1, made.get());
  }

  @Test
  void whatNotEverybodyAsksIsNotKept() {
    status.common = false;
    ask(REQUEST).join();

    assertNull(cache.kept(REQUEST, NOW));
  }

  @Test
  void whenTooManyWaitTheNextIsToldToTryLater() {
    status.slow = true;
    List<CompletableFuture<StatusReply>> waiting = new ArrayList<>();
    for (int i = 0; i < OcspCache.WORKERS + OcspCache.MOST_WAITING; i++) {
      waiting.add(ask("about " + i));
    }

    assertEquals(List.of("busy"), ask("about one more").join().told());
    goOn.countDown();
    waiting.forEach(answer -> assertEquals(List.of("good"), answer.join().told()));
    assertEquals(List.of("good"), ask("about one more").join().told(), "later it is answered");
  }

  @Test
  void aFailureIsToldAndTriedAgain() {
    AtomicBoolean broken = new AtomicBoolean(true);
    OcspCache failing = new OcspCache(new Answers() {
      @Override
      public OcspAnswer ocsp(byte[] request) {
        if (broken.get()) {
          throw new IllegalStateException("no database");
        }
        return super.ocsp(request);
      }
    });
    try {
      CompletableFuture<StatusReply> failed = failing.answer(REQUEST, new byte[] {1});
      assertThrows(CompletionException.class, failed::join);

      broken.set(false);

      assertEquals(
          List.of("good"), failing.answer(REQUEST, new byte[] {1}).join().told());
    } finally {
      failing.close();
    }
  }

  @Test
  void memoryIsBounded() {
    for (int i = 0; i < 2 * OcspCache.MOST; i++) {
      ask("about " + i).join();
    }

    int kept = 0;
    for (int i = 0; i < 2 * OcspCache.MOST; i++) {
      kept += cache.holds("about " + i) ? 1 : 0;
    }
    assertTrue(kept <= OcspCache.MOST + 1, () -> "too many are kept");
    assertTrue(kept >= OcspCache.MOST / 2, () -> "too few are kept");
  }
}
