package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The enforcement points that the caller sees: bound to sites, those that guard one of them. From memory. */
@Singleton
final class SeenPoints {
  private final EnforcementPoints points;
  private final Caller caller;

  SeenPoints(EnforcementPoints points, Caller caller) {
    this.points = points;
    this.caller = caller;
  }

  /** By name. */
  List<EnforcementPoint> all() {
    return points.all().stream()
        .filter(this::seen)
        .sorted(Comparator.comparing(EnforcementPoint::name))
        .toList();
  }

  /** By name, after {@code cursor}. */
  Page<EnforcementPoint> list(@Nullable String cursor, int limit) {
    List<EnforcementPoint> rows = all().stream()
        .filter(point -> cursor == null || point.name().compareTo(cursor) > 0)
        .limit(limit + 1L)
        .toList();
    return Page.cut(rows, limit, EnforcementPoint::name);
  }

  /** Refuses with {@code not-found} what is not there and what the caller does not see alike. */
  EnforcementPoint get(String name) {
    return points
        .find(name)
        .filter(this::seen)
        .orElseThrow(() ->
            new Refusal(CommonProblem.NOT_FOUND, "There is no enforcement point of this name."));
  }

  private boolean seen(EnforcementPoint point) {
    return caller.sites().isEmpty()
        || caller.sites().stream().anyMatch(point.settings()::guardsSite);
  }
}
