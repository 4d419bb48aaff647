package io.sallyport.admin;

import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.EnforcementProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The enforcement points that the caller sees: bound to sites, those that guard one of them. */
@Singleton
public final class SeenPoints {
  private final EnforcementPoints points;
  private final Caller caller;

  public SeenPoints(EnforcementPoints points, Caller caller) {
    this.points = points;
    this.caller = caller;
  }

  /** By name, from memory: there are tens. */
  public List<EnforcementPoint> all() {
    return points.all().stream()
        .filter(this::seen)
        .sorted(Comparator.comparing(EnforcementPoint::name))
        .toList();
  }

  /** By name, after {@code cursor}. */
  public Page<EnforcementPoint> list(@Nullable String cursor, int limit) {
    if (caller.sites().isEmpty()) {
      return points.list(cursor, limit);
    }
    List<EnforcementPoint> rows = all().stream()
        .filter(point -> cursor == null || point.name().compareTo(cursor) > 0)
        .limit(limit + 1L)
        .toList();
    return Page.cut(rows, limit, EnforcementPoint::name);
  }

  /** Refuses with {@code unknown-enforcement-point} what is not there and what the caller does not see alike. */
  public EnforcementPoint get(String name) {
    return points
        .find(name)
        .filter(this::seen)
        .orElseThrow(() -> new Refusal(
            EnforcementProblem.UNKNOWN_ENFORCEMENT_POINT,
            "No enforcement point \"" + name + "\" is registered."));
  }

  private boolean seen(EnforcementPoint point) {
    return caller.sites().isEmpty()
        || caller.sites().stream().anyMatch(point.settings()::guardsSite);
  }
}
