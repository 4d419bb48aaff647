package io.sallyport.devices;

import io.sallyport.kernel.Digest;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Signs that something exists twice that may exist once. Each is a fact about every device concerned, and is answered as
 * the profile of each of them says ({@code spec.clones}): by the alarm alone, or by its quarantine.
 */
public interface CloneAlarms {
  /** What was seen. */
  enum Sign {
    /** One certificate, used in turns from two addresses. */
    CERTIFICATE_IN_TWO_PLACES,
    /** A serial number whose unit showed another manufacturer's key before. */
    SERIAL_NUMBER_TWICE,
    /** An attestation or endorsement key that is another unit's. */
    ATTESTATION_KEY_MOVED;

    /** The kind of the fact. */
    public String kind() {
      return "security." + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * Raises the alarm for a device and for those that live on the units of {@code keys}, in a transaction of its own.
   * Answers the devices that it quarantined.
   */
  Set<UUID> raise(Sign sign, UUID device, Collection<Digest> keys, Map<String, String> detail);

  /** Whether the device's unit showed another manufacturer's key before, and never this one. */
  boolean hasAnotherManufacturerKey(Device device, Digest key);

  /** Raises the alarm for that; refuses with {@code serial-number-twice} where the profile says quarantine. */
  void serialNumberTwice(Device device, Digest key);
}
