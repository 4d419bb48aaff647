package io.sallyport.bench;

import com.sun.management.GarbageCollectionNotificationInfo;
import jakarta.inject.Singleton;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;
import org.jspecify.annotations.Nullable;

/** All lists of a million revoked certificates, made once for several figures. Used by one thread. */
@Singleton
final class MillionLists {
  private final RevokedCertificates revoked;
  private @Nullable Measured measured;

  MillionLists(RevokedCertificates revoked) {
    this.revoked = revoked;
  }

  /**
   * What it took.
   *
   * @param heap octets that were in use after a collection, above those before
   * @param octets of all lists together
   */
  record Measured(double seconds, long heap, long octets) {}

  Measured measured() throws SQLException, ListenerNotFoundException {
    if (measured == null) {
      revoked.fill(RevokedCertificates.MILLION);
      try {
        revoked.publishAll();
        Heap heap = new Heap();
        double seconds = revoked.publishAll();
        measured = new Measured(seconds, heap.more(), revoked.octets());
      } finally {
        // Other figures are of a server with few revocations.
        revoked.fill(0);
        revoked.publishAll();
      }
    }
    return measured;
  }

  /** Follows the collector; without a collection what is in use at the end stands for it, garbage and all. */
  private static final class Heap implements NotificationListener {
    private final Set<String> pools = ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getName)
        .collect(Collectors.toSet());
    private final AtomicLong most = new AtomicLong();
    private final long before;

    Heap() {
      System.gc();
      before = used();
      for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
        ((NotificationEmitter) collector).addNotificationListener(this, null, null);
      }
    }

    private static long used() {
      return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Override
    public void handleNotification(Notification notification, @Nullable Object nothing) {
      if (notification.getUserData() instanceof CompositeData data) {
        Map<String, MemoryUsage> after =
            GarbageCollectionNotificationInfo.from(data).getGcInfo().getMemoryUsageAfterGc();
        long used = after.entrySet().stream()
            .filter(pool -> pools.contains(pool.getKey()))
            .mapToLong(pool -> pool.getValue().getUsed())
            .sum();
        most.accumulateAndGet(used, Math::max);
      }
    }

    long more() throws ListenerNotFoundException {
      for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
        ((NotificationEmitter) collector).removeNotificationListener(this);
      }
      long highest = most.get() == 0 ? used() : most.get();
      return Math.max(0, highest - before);
    }
  }
}
