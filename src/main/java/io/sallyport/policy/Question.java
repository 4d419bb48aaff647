package io.sallyport.policy;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * May this device open this flow now? All that an evaluation looks at.
 *
 * @param posture null when the device never attested
 * @param flow null to ask what is permitted at all
 */
public record Question(
    Subject subject, @Nullable Posture posture, @Nullable RequestedFlow flow, Instant time) {
  /**
   * The device.
   *
   * @param policies the only policies that its profile lets apply, or null for all
   * @param state lower-case word
   */
  public record Subject(
      String id,
      String manufacturer,
      String model,
      String serialNumber,
      String profile,
      String owner,
      String site,
      Map<String, String> labels,
      String state,
      java.util.@Nullable Set<String> policies) {
    public Subject {
      labels = Map.copyOf(labels);
      policies = policies == null ? null : java.util.Set.copyOf(policies);
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

  /**
   * A flow from the device.
   *
   * @param peer a name or an IP address
   * @param protocol {@code tcp}, {@code udp} or {@code icmp}
   * @param port 0 to 65535; 0 for icmp
   */
  public record RequestedFlow(String peer, String protocol, int port) {}
}
