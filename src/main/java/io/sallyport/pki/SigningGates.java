package io.sallyport.pki;

import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Between the signatures of an authority over certificates and its revocation: on the node that revokes it none is under way when that
 * commits, and none is begun afterwards. Any thread.
 */
@Singleton
final class SigningGates {
  private final Map<String, ReentrantReadWriteLock> gates = new ConcurrentHashMap<>();
  private final Set<String> closed = ConcurrentHashMap.newKeySet();

  /** Refuses with {@code authority-revoked} once the authority was revoked. */
  <T> T sign(String authority, Supplier<T> signature) {
    Lock open = gate(authority).readLock();
    open.lock();
    try {
      if (closed.contains(authority)) {
        throw new Refusal(
            PkiProblem.AUTHORITY_REVOKED,
            "Authority \"" + authority + "\" was revoked and certifies nothing more.");
      }
      return signature.get();
    } finally {
      open.unlock();
    }
  }

  /** Closes for ever when {@code act} returns; when it throws, they are open as before. */
  <T> T close(Collection<String> authorities, Supplier<T> act) {
    List<Lock> held = new ArrayList<>();
    try {
      authorities.stream().sorted().distinct().forEach(authority -> {
        Lock shut = gate(authority).writeLock();
        shut.lock();
        held.add(shut);
      });
      T done = act.get();
      closed.addAll(authorities);
      return done;
    } finally {
      held.reversed().forEach(Lock::unlock);
    }
  }

  /** What was learned of a revocation on another node. */
  void closed(String authority) {
    closed.add(authority);
  }

  private ReentrantReadWriteLock gate(String authority) {
    return gates.computeIfAbsent(authority, any -> new ReentrantReadWriteLock());
  }
}
