package io.sallyport.door.status;

import io.sallyport.pki.CertificateStatus;
import io.sallyport.pki.CertificateStatus.OcspAnswer;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Signed OCSP answers by the exact request, so that most are served without a thread, a database or a signature. Equal
 * requests that are not here share one answer in the making. Any thread; only {@link #answer} may come to wait, in threads
 * of its own.
 *
 * <p>An answer is given only while its {@link CertificateStatus.Stamp} holds, which is asked for each time: there is no
 * moment between a commit and an invalidation at which an older answer could come back in.
 */
final class OcspCache {
  /** About two kilobytes each. The older half is dropped when the newer one is full. */
  static final int MOST = 8_192;

  static final int WORKERS = 4;
  /** A signature takes less than a millisecond, so this is a wait of moments. */
  static final int MOST_WAITING = 512;
  /** A certificate that changes more often than this while it is looked up is somebody's trick. */
  private static final int ATTEMPTS = 5;

  private final ConcurrentHashMap<String, CompletableFuture<StatusReply>> making =
      new ConcurrentHashMap<>();
  private final ThreadPoolExecutor workers = new ThreadPoolExecutor(
      WORKERS,
      WORKERS,
      30,
      TimeUnit.SECONDS,
      new LinkedBlockingQueue<>(MOST_WAITING),
      Thread.ofPlatform().daemon().name("sallyport-ocsp-", 0).factory());
  private final CertificateStatus status;
  private volatile ConcurrentHashMap<String, Kept> newer = new ConcurrentHashMap<>();
  private volatile ConcurrentHashMap<String, Kept> older = new ConcurrentHashMap<>();

  OcspCache(CertificateStatus status) {
    this.status = status;
    workers.allowCoreThreadTimeOut(true);
  }

  /**
   * An answer, and how long it is given out: half of its validity, so that whoever gets it can keep it for a while. By
   * both clocks, as one that is set back must not keep it longer.
   */
  private record Kept(
      StatusReply reply, CertificateStatus.Stamp stamp, Instant until, long madeAt, long nanos) {
    boolean stands(Instant now) {
      return now.isBefore(until) && System.nanoTime() - madeAt < nanos && stamp.holds();
    }
  }

  /** The answer to these octets if it is here and still true. */
  @Nullable
  StatusReply kept(String request, Instant now) {
    Kept kept = newer.get(request);
    if (kept == null) {
      kept = older.get(request);
      if (kept == null) {
        return null;
      }
      keep(request, kept);
    }
    return kept.stands(now) ? kept.reply : null;
  }

  /** Whether there is one in memory, true or not any more. */
  boolean holds(String request) {
    return newer.containsKey(request) || older.containsKey(request);
  }

  /** The answer to these octets, made now unless it is being made already. */
  CompletableFuture<StatusReply> answer(String request, byte[] octets) {
    CompletableFuture<StatusReply> mine = new CompletableFuture<>();
    CompletableFuture<StatusReply> other = making.putIfAbsent(request, mine);
    if (other != null) {
      return other;
    }
    try {
      workers.execute(() -> make(request, octets, mine));
    } catch (RejectedExecutionException tooMany) {
      making.remove(request, mine);
      mine.complete(StatusReply.of(status.tryLater()));
    }
    return mine;
  }

  private void make(String request, byte[] octets, CompletableFuture<StatusReply> mine) {
    try {
      long begun = System.nanoTime();
      OcspAnswer answer = status.ocsp(octets);
      // Whoever asked after a commit and was put off to this answer must not get an older one.
      for (int i = 1; i < ATTEMPTS && !answer.stamp().holds(); i++) {
        begun = System.nanoTime();
        answer = status.ocsp(octets);
      }
      // From here on nobody joins: whoever did is answered by what is checked next.
      making.remove(request, mine);
      if (!answer.stamp().holds()) {
        mine.complete(StatusReply.of(status.tryLater()));
        return;
      }
      StatusReply reply = StatusReply.of(answer);
      if (answer.common() && answer.thisUpdate() != null && answer.nextUpdate() != null) {
        Duration half =
            Duration.between(answer.thisUpdate(), answer.nextUpdate()).dividedBy(2);
        keep(
            request,
            new Kept(reply, answer.stamp(), answer.thisUpdate().plus(half), begun, half.toNanos()));
      }
      mine.complete(reply);
    } catch (RuntimeException | Error failure) {
      making.remove(request, mine);
      mine.completeExceptionally(failure);
    }
  }

  void close() {
    workers.shutdownNow();
  }

  private void keep(String request, Kept kept) {
    ConcurrentHashMap<String, Kept> here = newer;
    here.put(request, kept);
    if (here.mappingCount() > MOST / 2) {
      turn(here);
    }
  }

  private synchronized void turn(ConcurrentHashMap<String, Kept> full) {
    if (newer == full) {
      older = full;
      newer = new ConcurrentHashMap<>();
    }
  }
}
