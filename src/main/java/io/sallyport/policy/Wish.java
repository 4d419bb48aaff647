package io.sallyport.policy;

import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A value that would serve: the value that something has to have, as a condition names it.
 *
 * @param value text, number, truth or {@link Instant}
 * @param words for people, for instance {@code posture.firmware.version 1.3 or later}
 */
record Wish(List<String> path, Object value, String words) {
  /** A condition has at most this many that are worth trying. */
  private static final int MOST = 64;

  Wish {
    path = List.copyOf(path);
  }

  /** The values of which one might make {@code expression} say {@code wanted}; guesses, which have to be tried. */
  static List<Wish> of(CelExpr expression, boolean wanted) {
    List<Wish> wishes = new ArrayList<>();
    collect(expression, wanted, wishes);
    return wishes.size() > MOST ? wishes.subList(0, MOST) : wishes;
  }

  /** What is named in {@code expression}, each the longest. */
  static List<List<String>> paths(CelExpr expression) {
    List<List<String>> paths = new ArrayList<>();
    collectPaths(expression, paths);
    return paths.stream().distinct().toList();
  }

  /** As a condition names it: {@code posture.claims["file-system"].tier}. */
  static String name(List<String> path) {
    StringBuilder name = new StringBuilder(path.getFirst());
    for (String step : path.subList(1, path.size())) {
      if (step.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        name.append('.').append(step);
      } else {
        name.append("[\"").append(Denial.printable(step)).append("\"]");
      }
    }
    return name.toString();
  }

  private static void collect(CelExpr expression, boolean wanted, List<Wish> wishes) {
    List<String> path = path(expression);
    if (path != null) {
      wishes.add(new Wish(path, wanted, name(path) + " " + wanted));
      return;
    }
    CelExpr.CelCall call = expression.callOrDefault();
    List<CelExpr> args = call.args();
    switch (call.function()) {
      case "_&&_", "_||_" -> args.forEach(argument -> collect(argument, wanted, wishes));
      case "!_" -> collect(args.getFirst(), !wanted, wishes);
      case "atLeastVersion" -> atLeast(args.getFirst(), args.getLast(), wanted, wishes);
      case "_==_" -> equal(args.getFirst(), args.getLast(), wanted, wishes);
      case "_!=_" -> equal(args.getFirst(), args.getLast(), !wanted, wishes);
      case "@in" -> in(args.getFirst(), args.getLast(), wanted, wishes);
      case "_<_" -> less(args.getFirst(), args.getLast(), true, wanted, wishes);
      case "_<=_" -> less(args.getFirst(), args.getLast(), false, wanted, wishes);
      case "_>_" -> less(args.getLast(), args.getFirst(), true, wanted, wishes);
      case "_>=_" -> less(args.getLast(), args.getFirst(), false, wanted, wishes);
      default -> {
        // Nothing is guessed of what else may be written.
      }
    }
  }

  private static void atLeast(CelExpr of, CelExpr least, boolean wanted, List<Wish> wishes) {
    List<String> path = path(of);
    Object version = constant(least);
    if (path != null && version != null) {
      wishes.add(
          wanted
              ? new Wish(path, version, name(path) + " " + version + " or later")
              : new Wish(path, "0", name(path) + " before " + version));
    }
  }

  private static void equal(CelExpr one, CelExpr other, boolean wanted, List<Wish> wishes) {
    List<String> path = path(one) != null ? path(one) : path(other);
    Object value = constant(one) != null ? constant(one) : constant(other);
    if (path != null && value != null) {
      wishes.add(
          wanted
              ? new Wish(path, value, name(path) + " " + shown(value))
              : new Wish(path, another(value), name(path) + " other than " + shown(value)));
    }
  }

  private static void in(CelExpr of, CelExpr list, boolean wanted, List<Wish> wishes) {
    List<String> path = path(of);
    List<Object> values = list.listOrDefault().elements().stream()
        .map(Wish::constant)
        .flatMap(value -> Optional.ofNullable(value).stream())
        .toList();
    if (path != null && !values.isEmpty()) {
      String all = values.stream().limit(8).map(Wish::shown).collect(Collectors.joining(", "));
      wishes.add(
          wanted
              ? new Wish(path, values.getFirst(), name(path) + " " + all)
              : new Wish(path, another(values.getFirst()), name(path) + " other than " + all));
    }
  }

  /** {@code lesser < greater} or, when not {@code strict}, {@code lesser <= greater}. */
  private static void less(
      CelExpr lesser, CelExpr greater, boolean strict, boolean wanted, List<Wish> wishes) {
    // What must be small is on the left when the comparison is wanted, on the right when it is not.
    List<String> small = path(wanted ? lesser : greater);
    List<String> great = path(wanted ? greater : lesser);
    Object bound = constant(path(lesser) == null ? lesser : greater);
    boolean beyond = strict == wanted;
    if (bound == null) {
      return;
    }
    if (small != null) {
      Object value = beyond ? moved(bound, -1) : bound;
      String than = bound instanceof Instant ? " before " : " below ";
      wishes.add(
          new Wish(small, value, name(small) + (beyond ? than : " at most ") + shown(bound)));
    } else if (great != null) {
      Object value = beyond ? moved(bound, 1) : bound;
      String than = bound instanceof Instant ? " after " : " above ";
      wishes.add(new Wish(great, value, name(great) + (beyond ? than : " from ") + shown(bound)));
    }
  }

  private static Object moved(Object bound, int by) {
    return switch (bound) {
      case Long number -> number + by;
      case Double number -> number + by;
      case Instant moment -> moment.plus(Duration.ofSeconds(by));
      default -> bound;
    };
  }

  private static Object another(Object value) {
    return switch (value) {
      case Boolean truth -> !truth;
      case String text -> text + "-other";
      default -> moved(value, 1);
    };
  }

  private static String shown(Object value) {
    return value instanceof String text
        ? YamlReader.quoted(text)
        : Denial.printable(value.toString());
  }

  /** What is written out, or null. */
  private static @Nullable Object constant(CelExpr expression) {
    CelConstant constant = expression.constantOrDefault();
    return switch (constant.getKind()) {
      case STRING_VALUE -> constant.stringValue();
      case INT64_VALUE -> constant.int64Value();
      case DOUBLE_VALUE -> constant.doubleValue();
      case BOOLEAN_VALUE -> constant.booleanValue();
      default -> TimeUse.moment(expression).orElse(null);
    };
  }

  /** The steps of {@code a.b["c"]}, or null when this is something else. */
  private static @Nullable List<String> path(CelExpr expression) {
    List<String> steps = new ArrayList<>();
    CelExpr at = expression;
    while (true) {
      switch (at.getKind()) {
        case IDENT -> {
          steps.addFirst(at.ident().name());
          return steps;
        }
        case SELECT -> {
          if (at.select().testOnly()) {
            return null;
          }
          steps.addFirst(at.select().field());
          at = at.select().operand();
        }
        case CALL -> {
          Object index =
              at.call().function().equals("_[_]") ? constant(at.call().args().getLast()) : null;
          if (!(index instanceof String step)) {
            return null;
          }
          steps.addFirst(step);
          at = at.call().args().getFirst();
        }
        default -> {
          return null;
        }
      }
    }
  }

  private static void collectPaths(CelExpr expression, List<List<String>> paths) {
    List<String> path = path(expression);
    if (path != null) {
      paths.add(path);
      return;
    }
    switch (expression.getKind()) {
      case SELECT -> collectPaths(expression.select().operand(), paths);
      case CALL -> {
        expression.call().target().ifPresent(target -> collectPaths(target, paths));
        expression.call().args().forEach(argument -> collectPaths(argument, paths));
      }
      case LIST -> expression.list().elements().forEach(item -> collectPaths(item, paths));
      case COMPREHENSION -> collectPaths(expression.comprehension().iterRange(), paths);
      default -> {
        // Nothing else is written in conditions that names a value.
      }
    }
  }
}
