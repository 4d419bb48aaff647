package io.sallyport.pki;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.Fact;
import io.sallyport.audit.FactRecorded;
import io.sallyport.events.Changes;
import io.sallyport.pki.CertificateStatus.Stamp;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether an answer that was made from the database still stands: at once after a commit on this node, and by the
 * change feed after one elsewhere. Subjects share slots, so that now and then an answer is made anew for nothing, and
 * memory stays as it is. Any thread.
 */
@Singleton
final class StatusChanges {
  private static final int START = Changes.START + 100;
  private static final int SLOTS = 1 << 16;
  private static final String CERTIFICATE = "certificate.";
  /** What happens to every certificate and changes the status of none that was answered; anything else may. */
  private static final Set<String> HARMLESS =
      Set.of("certificate.issued", "certificate.first-used", "certificate.superseded");
  /** A fact about an authority may change what is said of all that it issued, and who says it. */
  private static final String AUTHORITY = CertificateSubject.Kind.AUTHORITY.word();

  private final AtomicLong changes = new AtomicLong();
  private final AtomicLongArray slots = new AtomicLongArray(SLOTS);
  private final AtomicLong all = new AtomicLong();
  private Changes.@Nullable Following following;

  void start(@Observes @Priority(START) StartupEvent event, Changes feed) {
    following = feed.follow(
        "certificate-status",
        feed.position(),
        changed -> changed.forEach(
            change -> recorded(change.kind(), change.subjectType(), change.subject())));
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
  }

  void committed(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    Fact fact = recorded.fact();
    recorded(fact.kind(), fact.subjectType(), fact.subject());
  }

  void recorded(String kind, String subjectType, String subject) {
    if (subjectType.equals(AUTHORITY)) {
      all.accumulateAndGet(changes.incrementAndGet(), Math::max);
    } else if (kind.startsWith(CERTIFICATE) && !HARMLESS.contains(kind)) {
      slots.accumulateAndGet(slot(subjectType, subject), changes.incrementAndGet(), Math::max);
    }
  }

  /** To be called before anything is read. */
  Reading reading() {
    return new Reading(changes.get());
  }

  private static int slot(String subjectType, String subject) {
    int hash = 31 * subjectType.hashCode() + subject.hashCode();
    return (hash ^ hash >>> 16) & SLOTS - 1;
  }

  /** What one answer is made from. Used by one thread until it is a stamp. */
  final class Reading {
    private final long began;
    private int[] read = {};

    private Reading(long began) {
      this.began = began;
    }

    void saw(String subjectType, String subject) {
      read = Arrays.copyOf(read, read.length + 1);
      read[read.length - 1] = slot(subjectType, subject);
    }

    /** Holds while nothing of it has changed since before it was read. */
    Stamp stamp() {
      int[] seen = read.clone();
      return () -> {
        if (all.get() > began) {
          return false;
        }
        for (int slot : seen) {
          if (slots.get(slot) > began) {
            return false;
          }
        }
        return true;
      };
    }
  }
}
