package io.sallyport.enforcement;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.Concern;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Compares what points enforce with what is decided now, for every device that a change touches, and has the difference
 * withdrawn. One node does it at a time, and no change is left out when the job passes to another.
 */
@Singleton
final class Reconciliation {
  /**
   * These take everything away: points that have no session of the device are told as well. A decommissioning notes that
   * in its own commit; noted once more here, a point that has confirmed it already would be asked again.
   */
  private static final Set<String> TAKE_ALL =
      Set.of("device.quarantined", "device.suspended", "device.wiping");

  private final Changes changes;
  private final DecisionPoint decisions;
  private final FleetMemory memory;
  private final Sessions sessions;
  private final SessionReviews reviews;
  private final Enforcements enforcements;
  private @Nullable Following following;

  Reconciliation(
      Changes changes,
      DecisionPoint decisions,
      FleetMemory memory,
      Sessions sessions,
      SessionReviews reviews,
      Enforcements enforcements) {
    this.changes = changes;
    this.decisions = decisions;
    this.memory = memory;
    this.sessions = sessions;
    this.reviews = reviews;
    this.enforcements = enforcements;
  }

  void start(@Observes @Priority(Deliveries.START) StartupEvent event) {
    following = changes.followOnce("reconcile", this::reconcile);
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
  }

  private void reconcile(List<Change> next) {
    memory.await(next.getLast().position());
    Map<UUID, Optional<String>> devices = new LinkedHashMap<>();
    boolean everybody = false;
    for (Change change : next) {
      switch (Concern.of(change)) {
        case Concern.OfDevice(UUID device) -> {
          boolean all = TAKE_ALL.contains(change.kind());
          if (all || !devices.containsKey(device)) {
            devices.put(device, all ? Optional.of(change.kind()) : Optional.empty());
          }
        }
        case Concern.OfAll _ -> everybody = true;
        case Concern.OfNobody _ -> {}
      }
    }
    boolean whole = true;
    // Of many that changed few are connected: asked for together.
    Set<UUID> connected = devices.isEmpty() ? Set.of() : sessions.connected(devices.keySet());
    for (Map.Entry<UUID, Optional<String>> touched : devices.entrySet()) {
      touched.getValue().ifPresent(kind -> withdrawAll(touched.getKey(), kind));
      if (connected.contains(touched.getKey())) {
        whole &= review(sessions.live(touched.getKey()));
      }
    }
    if (everybody) {
      whole &= reviewAll();
    }
    if (!whole) {
      // Nobody is cut off because this node is slow; the changes are taken up again.
      throw new IllegalStateException("what this node knows of some devices is not confirmed");
    }
  }

  private void withdrawAll(UUID device, String kind) {
    try {
      enforcements.withdraw(device, kind);
    } catch (Refusal gone) {
      // A change about a device that this database never had: nothing is enforced for it.
    }
  }

  /** All of them, whatever comes of one; whether each could be judged. */
  private boolean review(List<Session> some) {
    boolean whole = true;
    for (Session session : some) {
      whole &= reviews.review(session);
    }
    return whole;
  }

  private boolean reviewAll() {
    boolean whole = true;
    UUID cursor = null;
    List<Session> page;
    do {
      page = sessions.after(cursor, Page.MOST);
      whole &= review(page);
      cursor = page.isEmpty() ? null : page.getLast().id();
    } while (page.size() == Page.MOST);
    return whole;
  }
}
