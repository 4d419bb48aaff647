package io.sallyport.policy;

import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.navigation.CelNavigableExpr;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a condition does with {@code time}, and so until when its answer stands (law 4). Compared with moments that are
 * written out, it changes at these; used in any other way it may change at any time and stands for {@link #STANDS}.
 *
 * @param moments that {@code time} is compared with
 * @param otherwise whether it is used in another way too
 */
record TimeUse(List<Instant> moments, boolean otherwise) {
  /** What asks and is told an end asks again by then; short enough for a time of day, long enough for a grant. */
  static final Duration STANDS = Duration.ofSeconds(60);

  private static final Set<String> COMPARISONS =
      Set.of("_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_");

  TimeUse {
    moments = List.copyOf(moments);
  }

  /** Null when {@code time} is not named. */
  static @Nullable TimeUse of(Stream<CelNavigableExpr> nodes) {
    List<Instant> moments = new ArrayList<>();
    boolean otherwise = false;
    List<CelNavigableExpr> uses =
        nodes.filter(node -> node.expr().identOrDefault().name().equals("time")).toList();
    for (CelNavigableExpr use : uses) {
      Instant moment = use.parent().map(TimeUse::compared).orElse(null);
      if (moment == null) {
        otherwise = true;
      } else {
        moments.add(moment);
      }
    }
    return uses.isEmpty() ? null : new TimeUse(moments, otherwise);
  }

  /** The end of what holds at {@code now}; null when it holds for ever. */
  @Nullable
  Instant end(Instant now) {
    Instant end = otherwise ? after(now, STANDS) : null;
    for (Instant moment : moments) {
      if (moment.isAfter(now)) {
        end = AccessPolicy.earlier(end, moment);
      } else if (moment.equals(now)) {
        end = AccessPolicy.earlier(end, after(now, Duration.ofMillis(1)));
      }
    }
    return end;
  }

  private static @Nullable Instant after(Instant now, Duration span) {
    return now.isBefore(Instant.MAX.minus(span)) ? now.plus(span) : null;
  }

  /** The moment that a comparison of {@code time} names, or null when it is no such comparison. */
  private static @Nullable Instant compared(CelNavigableExpr parent) {
    CelExpr.CelCall call = parent.expr().callOrDefault();
    if (!COMPARISONS.contains(call.function())) {
      return null;
    }
    Optional<Instant> moment =
        call.args().stream().flatMap(argument -> moment(argument).stream()).findFirst();
    return moment.orElse(null);
  }

  /** The moment that {@code timestamp("…")} names. */
  static Optional<Instant> moment(CelExpr argument) {
    CelExpr.CelCall call = argument.callOrDefault();
    if (!call.function().equals("timestamp") || call.args().size() != 1) {
      return Optional.empty();
    }
    CelConstant text = call.args().getFirst().constantOrDefault();
    if (text.getKind() != CelConstant.Kind.STRING_VALUE) {
      return Optional.empty();
    }
    try {
      return Optional.of(OffsetDateTime.parse(text.stringValue()).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
