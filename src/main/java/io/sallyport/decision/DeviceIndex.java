package io.sallyport.decision;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Devices by a key that they have, in a table with open addressing: four octets a slot, and nothing beside the device itself.
 * Any thread reads, without a lock; writers wait for each other. A reader sees each entry as it was before a change or after
 * it.
 *
 * @param <K> with a hash code in which no bit is worth more than another
 */
final class DeviceIndex<K> {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(FleetDevice[].class);
  private static final int LEAST_BITS = 10;
  /** Times this, the upper bits of a hash hang on all of it (Fibonacci hashing). */
  private static final int SPREAD = 0x9e3779b9;
  /** Of the slots, those that may be taken or were. */
  private static final double FULL = 0.45;

  private final Keyed<K> keyed;
  private volatile @Nullable FleetDevice[] slots = new FleetDevice[1 << LEAST_BITS];
  /** Slots that are taken, and those that were and still stand in the way. */
  private int used;

  private int size;

  DeviceIndex(Keyed<K> keyed) {
    this.keyed = keyed;
  }

  /** Which keys a device has. */
  interface Keyed<K> {
    boolean has(FleetDevice device, K key);

    List<K> keys(FleetDevice device);
  }

  @Nullable
  FleetDevice find(K key) {
    @Nullable FleetDevice[] table = slots;
    int mask = table.length - 1;
    for (int at = begin(key, table); ; at = at + 1 & mask) {
      FleetDevice found = (FleetDevice) SLOT.getAcquire(table, at);
      if (found == null || found != FleetDevice.GONE && keyed.has(found, key)) {
        return found;
      }
    }
  }

  /** From now on this device is the one with the key; answers the one that was. */
  synchronized @Nullable FleetDevice put(K key, FleetDevice device) {
    if (used >= FULL * slots.length) {
      grow();
    }
    @Nullable FleetDevice[] table = slots;
    int mask = table.length - 1;
    int free = -1;
    for (int at = begin(key, table); ; at = at + 1 & mask) {
      FleetDevice found = table[at];
      if (found == null) {
        if (free < 0) {
          free = at;
          used++;
        }
        SLOT.setRelease(table, free, device);
        size++;
        return null;
      }
      if (found == FleetDevice.GONE) {
        free = free < 0 ? at : free;
      } else if (keyed.has(found, key)) {
        SLOT.setRelease(table, at, device);
        return found;
      }
    }
  }

  /** Answers the device that had the key. */
  @Nullable
  FleetDevice remove(K key) {
    return remove(key, null);
  }

  /** Only if it is this device that has the key. */
  void removeOf(UUID device, K key) {
    remove(key, device);
  }

  private synchronized @Nullable FleetDevice remove(K key, @Nullable UUID of) {
    @Nullable FleetDevice[] table = slots;
    int mask = table.length - 1;
    for (int at = begin(key, table); ; at = at + 1 & mask) {
      FleetDevice found = table[at];
      if (found == null) {
        return null;
      }
      if (found != FleetDevice.GONE && keyed.has(found, key)) {
        if (of != null && !found.is(of)) {
          return null;
        }
        SLOT.setRelease(table, at, FleetDevice.GONE);
        size--;
        return found;
      }
    }
  }

  synchronized int size() {
    return size;
  }

  /** All of the part of the keys whose hash begins with these bits; what changes meanwhile may be seen or not. */
  void forEach(int prefix, int bits, Consumer<FleetDevice> each) {
    @Nullable FleetDevice[] table = slots;
    int mask = table.length - 1;
    int length = table.length >> bits;
    int first = prefix * length;
    for (int i = 0; ; i++) {
      FleetDevice found = (FleetDevice) SLOT.getAcquire(table, first + i & mask);
      // What did not fit into its part stands behind it, without a gap.
      if (i >= length && found == null || i == table.length) {
        return;
      }
      if (found != null && found != FleetDevice.GONE) {
        each.accept(found);
      }
    }
  }

  static int prefix(Object key, int bits) {
    return key.hashCode() * SPREAD >>> Integer.SIZE - bits;
  }

  private int begin(K key, @Nullable FleetDevice[] table) {
    return prefix(key, Integer.numberOfTrailingZeros(table.length));
  }

  /** Into a table that is half empty, without what is gone; readers go on with the old one until it is whole. */
  private void grow() {
    @Nullable FleetDevice[] old = slots;
    int bits = LEAST_BITS;
    while (FULL / 2 * (1 << bits) < size + 1) {
      bits++;
    }
    DeviceIndex<K> next = new DeviceIndex<>(keyed);
    next.slots = new FleetDevice[1 << bits];
    List<FleetDevice> several = new ArrayList<>();
    for (FleetDevice device : old) {
      if (device != null && device != FleetDevice.GONE) {
        List<K> keys = keyed.keys(device);
        if (keys.size() == 1) {
          next.put(keys.getFirst(), device);
        } else {
          several.add(device);
        }
      }
    }
    for (FleetDevice device : several) {
      for (K key : keyed.keys(device)) {
        // Only what was found by this key before.
        if (find(key) == device) {
          next.put(key, device);
        }
      }
    }
    used = next.used;
    size = next.size;
    slots = next.slots;
  }
}
