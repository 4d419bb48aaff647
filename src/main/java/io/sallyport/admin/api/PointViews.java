package io.sallyport.admin.api;

import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.PointSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** Enforcement points and what is desired at them, as people see it. */
final class PointViews {
  private PointViews() {}

  /** What a point guards and how it is reached. */
  @Schema(name = "EnforcementPointSettings")
  record SettingsView(
      @Schema(description = "Sites of the devices that it sees; empty for all.") @Nullable
      Set<String> sites,

      @Schema(
          description = "DNS names and CIDR prefixes that it stands in front of; empty for all.")
      @Nullable
      List<String> peers,

      @Schema(description = "Addresses of peers by DNS name, for points that see addresses only.")
      @Nullable
      Map<String, List<String>> hosts,

      @Schema(description = "From a change to its effect at the point, an ISO 8601 duration.")
      @Nullable
      String worstCaseDelay,

      @Schema(description = "Settings of the kind.") @Nullable
      Map<String, String> parameters) {
    static SettingsView of(EnforcementPoint point) {
      PointSettings settings = point.settings();
      return new SettingsView(
          new TreeSet<>(settings.sites()),
          settings.peers(),
          new TreeMap<>(settings.hosts()),
          point.worstCaseDelay().toString(),
          new TreeMap<>(settings.parameters()));
    }

    static PointSettings settings(@Nullable SettingsView view) {
      if (view == null) {
        return PointSettings.NONE;
      }
      try {
        return new PointSettings(
            view.sites == null ? Set.of() : view.sites,
            view.peers == null ? List.of() : view.peers,
            view.hosts == null ? Map.of() : view.hosts,
            view.worstCaseDelay == null
                ? null
                : Fields.duration("worst_case_delay", view.worstCaseDelay, Duration.ZERO),
            view.parameters == null ? Map.of() : view.parameters);
      } catch (NullPointerException e) {
        throw Fields.malformed("settings", "holds a null");
      }
    }
  }

  /** A point. */
  @Schema(name = "EnforcementPoint")
  record PointView(UUID id, String name, String kind, SettingsView settings, Instant createdAt) {
    static PointView of(EnforcementPoint point) {
      return new PointView(
          point.id(), point.name(), point.kind().word(), SettingsView.of(point), point.createdAt());
    }
  }

  /** A withdrawal at one point. */
  @Schema(name = "Enforcement")
  record EnforcementView(
      UUID id,
      String point,
      String kind,
      @Schema(nullable = true) @Nullable UUID session,
      String reason,
      Instant desiredAt,
      int attempts,

      @Schema(enumeration = {"pending", "unconfirmed", "acknowledged"})
      String outcome,

      @Schema(nullable = true) @Nullable Instant acknowledgedAt,
      String detail) {
    static EnforcementView of(Enforcement enforcement) {
      return new EnforcementView(
          enforcement.id(),
          enforcement.point().name(),
          enforcement.point().kind().word(),
          enforcement.session(),
          enforcement.reason(),
          enforcement.desiredAt(),
          enforcement.attempts(),
          enforcement.outcome().word(),
          enforcement.acknowledgedAt(),
          enforcement.detail());
    }
  }
}
