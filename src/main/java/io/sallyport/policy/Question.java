package io.sallyport.policy;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * May this device open this flow now? All that an evaluation looks at.
 *
 * @param posture null when the device never attested
 * @param flow null to ask what is permitted at all
 * @param place where the device is met
 * @param signals what is reported of it and not over yet
 */
public record Question(
    Subject subject,
    @Nullable Posture posture,
    @Nullable RequestedFlow flow,
    Instant time,
    Place place,
    List<Signalled> signals) {
  public Question {
    signals = List.copyOf(signals);
  }

  /** Met nowhere in particular, and nothing reported. */
  public Question(
      Subject subject, @Nullable Posture posture, @Nullable RequestedFlow flow, Instant time) {
    this(subject, posture, flow, time, Place.UNKNOWN, List.of());
  }

  /**
   * Where the device is met.
   *
   * @param point name of the enforcement point that asks, or null
   * @param address IP address of the device as a live binding has it, or null
   */
  public record Place(@Nullable String point, @Nullable String address) {
    public static final Place UNKNOWN = new Place(null, null);
  }

  /**
   * A signal from outside.
   *
   * @param kind what was seen, for instance {@code malware}
   * @param claim the AR4SI claim that it bears on
   * @param severity lower-case word
   * @param until when it ends
   */
  public record Signalled(String kind, String claim, String severity, Instant until) {}

  /** The device. Many are asked about, and few questions need all of it. */
  public interface Subject {
    String id();

    String manufacturer();

    String model();

    String serialNumber();

    String profile();

    String owner();

    String site();

    /** Immutable. */
    Map<String, String> labels();

    /** In a lower-case word. */
    String state();

    /** The only policies that its profile lets permit, or null for all; a forbid is for every device. Immutable. */
    @Nullable
    Set<String> policies();

    /** The same for all that differ in id, serial number, owner, state and {@link #policies} only; null for none. */
    default @Nullable Remembered remembered() {
      return null;
    }
  }

  /** A device of these attributes. */
  public record Described(
      String id,
      String manufacturer,
      String model,
      String serialNumber,
      String profile,
      String owner,
      String site,
      Map<String, String> labels,
      String state,
      @Nullable Set<String> policies)
      implements Subject {
    public Described {
      labels = Map.copyOf(labels);
      policies = policies == null ? null : Set.copyOf(policies);
    }
  }

  /**
   * The device's latest appraisal.
   *
   * @param claims by AR4SI name
   * @param observed what the evidence said, by dotted name: {@code firmware.version}, {@code secureBoot}
   */
  public record Posture(
      String status,
      Map<String, PostureClaim> claims,
      Map<String, Object> observed,
      Instant expiresAt) {
    public Posture {
      claims = Map.copyOf(claims);
      observed = Map.copyOf(observed);
    }
  }

  /**
   * A claim.
   *
   * @param tier {@code none}, {@code affirming}, {@code warning} or {@code contraindicated}
   * @param assurance {@code declared}, {@code network-observed}, {@code signed-software} or {@code hardware}
   */
  public record PostureClaim(String tier, String assurance) {}

  /** Who opens a flow. */
  public enum Direction {
    FROM_DEVICE,
    TO_DEVICE
  }

  /**
   * A flow between the device and a peer.
   *
   * @param peer a name or an IP address
   * @param protocol {@code tcp}, {@code udp} or {@code icmp}
   * @param port 0 to 65535, of who is called; of icmp the type as {@link IcmpTypes} numbers it, 0 for all of them
   * @param direction who opens it
   */
  public record RequestedFlow(String peer, String protocol, int port, Direction direction) {
    public RequestedFlow(String peer, String protocol, int port) {
      this(peer, protocol, port, Direction.FROM_DEVICE);
    }
  }
}
