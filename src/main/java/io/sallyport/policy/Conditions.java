package io.sallyport.policy;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.CelSourceLocation;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.navigation.CelNavigableExpr;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.validator.CelValidator;
import dev.cel.validator.CelValidatorFactory;
import dev.cel.validator.validators.DurationLiteralValidator;
import dev.cel.validator.validators.TimestampLiteralValidator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The language of conditions: CEL (cel.dev), checked when a policy is applied, with a bound on what an evaluation costs.
 *
 * <table>
 * <caption>What a condition can name</caption>
 * <tr><td>{@code device}</td><td>{@code id manufacturer model serial_number profile owner site state}, all text;
 * {@code labels}, a map of text</td></tr>
 * <tr><td>{@code posture}</td><td>{@code status}; {@code claims["instance-identity"].tier} and {@code .assurance};
 * {@code firmware.name}, {@code firmware.version}, {@code firmware.digest}; {@code secureBoot}; anything else that
 * evidence said by its full name, {@code observed["a.b"]}. Missing when the device has no appraisal that is still good</td></tr>
 * <tr><td>{@code time}</td><td>the moment of the question, a timestamp</td></tr>
 * <tr><td>{@code location}</td><td>{@code point}, the enforcement point that asks, and {@code address}, the device's by a live
 * binding; each missing when it is not known</td></tr>
 * <tr><td>{@code signals}</td><td>what is reported of the device and not over yet, each with {@code kind}, {@code claim},
 * {@code severity} and {@code until}; an empty list when there is nothing</td></tr>
 * <tr><td>{@code atLeastVersion(a, b)}</td><td>whether version {@code a} is {@code b} or later, see {@link Version}; an
 * error when either is no version, so that a strange version is never let through by {@code !}</td></tr>
 * <tr><td>{@code inNetwork(a, p)}</td><td>whether address {@code a} is within prefix {@code p}; an error when either is
 * none</td></tr>
 * </table>
 */
final class Conditions {
  private static final String AT_LEAST_VERSION = "atLeastVersion";
  private static final String AT_LEAST_VERSION_STRINGS = "at_least_version_string_string";
  private static final String IN_NETWORK = "inNetwork";
  private static final String IN_NETWORK_STRINGS = "in_network_string_string";

  /** Bounds of one condition: its text, its nesting, the steps of all its loops together, the size of its patterns. */
  private static final CelOptions BOUNDS = CelOptions.current()
      .maxExpressionCodePointSize(PolicyReader.MOST_CONDITION_LENGTH)
      .maxParseRecursionDepth(32)
      .maxParseExpressionNodeCount(2_000)
      .comprehensionMaxIterations(1_000)
      .maxRegexProgramSize(1_000)
      .build();

  private static final CelType TEXTS = MapType.create(SimpleType.STRING, SimpleType.STRING);

  private static final CelType DEVICE = struct(
      "sallyport.Device",
      ImmutableMap.of(
          "id", SimpleType.STRING,
          "manufacturer", SimpleType.STRING,
          "model", SimpleType.STRING,
          "serial_number", SimpleType.STRING,
          "profile", SimpleType.STRING,
          "owner", SimpleType.STRING,
          "site", SimpleType.STRING,
          "labels", TEXTS,
          "state", SimpleType.STRING));

  private static final CelType CLAIM = struct(
      "sallyport.Claim",
      ImmutableMap.of("tier", SimpleType.STRING, "assurance", SimpleType.STRING));

  private static final CelType FIRMWARE = struct(
      "sallyport.Firmware",
      ImmutableMap.of(
          "name", SimpleType.STRING, "version", SimpleType.STRING, "digest", SimpleType.STRING));

  private static final CelType POSTURE = struct(
      "sallyport.Posture",
      ImmutableMap.of(
          "status",
          SimpleType.STRING,
          "claims",
          MapType.create(SimpleType.STRING, CLAIM),
          "firmware",
          FIRMWARE,
          "secureBoot",
          SimpleType.BOOL,
          "observed",
          MapType.create(SimpleType.STRING, SimpleType.DYN)));

  private static final CelType LOCATION = struct(
      "sallyport.Location",
      ImmutableMap.of("point", SimpleType.STRING, "address", SimpleType.STRING));

  private static final CelType SIGNAL = struct(
      "sallyport.Signal",
      ImmutableMap.of(
          "kind", SimpleType.STRING,
          "claim", SimpleType.STRING,
          "severity", SimpleType.STRING,
          "until", SimpleType.TIMESTAMP));

  private static final CelCompiler COMPILER = CelCompilerFactory.standardCelCompilerBuilder()
      .setOptions(BOUNDS)
      .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
      .setTypeProvider(types(DEVICE, CLAIM, FIRMWARE, POSTURE, LOCATION, SIGNAL))
      .addVar("device", DEVICE)
      .addVar("posture", POSTURE)
      .addVar("time", SimpleType.TIMESTAMP)
      .addVar("location", LOCATION)
      .addVar("signals", ListType.create(SIGNAL))
      .addFunctionDeclarations(
          ofTwoTexts(AT_LEAST_VERSION, AT_LEAST_VERSION_STRINGS),
          ofTwoTexts(IN_NETWORK, IN_NETWORK_STRINGS))
      .setResultType(SimpleType.BOOL)
      .build();

  private static final CelRuntime RUNTIME = CelRuntimeFactory.standardCelRuntimeBuilder()
      .setOptions(BOUNDS)
      .addFunctionBindings(
          CelFunctionBinding.from(
              AT_LEAST_VERSION_STRINGS,
              String.class,
              String.class,
              (version, least) -> Version.parse(version).compareTo(Version.parse(least)) >= 0),
          CelFunctionBinding.from(
              IN_NETWORK_STRINGS,
              String.class,
              String.class,
              (address, prefix) -> Prefixes.parse(prefix).covers(Prefixes.parse(address))))
      .build();

  /** Timestamps and durations that are written out are checked when the policy is applied. */
  private static final CelValidator LITERALS = CelValidatorFactory.standardCelValidatorBuilder(
          COMPILER, RUNTIME)
      .addAstValidators(TimestampLiteralValidator.INSTANCE, DurationLiteralValidator.INSTANCE)
      .build();

  /** What a fleet's policies say over and over; some 10 kB each. */
  private static final int MOST_SHARED = 1024;

  private static final Map<String, Condition> COMPILED = new ConcurrentHashMap<>();

  private Conditions() {}

  /** Why a condition cannot be used; {@code line} counts from 1, {@code column} from 0, both within the condition. */
  static final class Fault extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    Fault(int line, int column, String reason) {
      super(reason, null, false, false);
      this.line = line;
      this.column = column;
    }

    int line() {
      return line;
    }

    int column() {
      return column;
    }
  }

  /** The condition that {@code text} says; one for all policies that say the same. */
  static Condition compile(String text) throws Fault {
    Condition known = COMPILED.get(text);
    if (known == null) {
      known = compiled(text);
      if (COMPILED.size() < MOST_SHARED) {
        COMPILED.put(text, known);
      }
    }
    return known;
  }

  private static Condition compiled(String text) throws Fault {
    CelValidationResult checked = COMPILER.compile(text);
    if (checked.hasError()) {
      throw fault(checked.getErrors().getFirst());
    }
    try {
      CelAbstractSyntaxTree tree = checked.getAst();
      CelValidationResult literals = LITERALS.validate(tree);
      if (literals.hasError()) {
        throw fault(literals.getErrors().getFirst());
      }
      for (CelExpr literal : literals(tree, AT_LEAST_VERSION).toList()) {
        check(literal, tree, Version::parse);
      }
      for (CelExpr literal : literals(tree, IN_NETWORK).toList()) {
        check(literal, tree, Prefixes::parse);
      }
      for (CelExpr literal : literals(tree, "matches").toList()) {
        check(literal, tree, Pattern::compile);
      }
      return new Condition(
          text,
          RUNTIME.createProgram(tree),
          names(tree, "posture"),
          names(tree, "signals"),
          TimeUse.of(nodes(tree)),
          tree.getExpr());
    } catch (CelValidationException | CelEvaluationException e) {
      throw new Fault(1, 0, String.valueOf(e.getMessage()));
    }
  }

  private static boolean names(CelAbstractSyntaxTree tree, String variable) {
    return nodes(tree).anyMatch(node -> node.expr().identOrDefault().name().equals(variable));
  }

  private static Fault fault(CelIssue issue) {
    String words = issue
        .getMessage()
        .replaceFirst(" \\(in container ''\\)", "")
        .replaceFirst(" \\(candidates: .*\\)$", "")
        .replaceFirst(" expecting \\{.*}$", "")
        .replaceAll("\\p{Cntrl}", "\uFFFD");
    return new Fault(
        Math.max(1, issue.getSourceLocation().getLine()),
        Math.max(0, issue.getSourceLocation().getColumn()),
        words);
  }

  /** The texts that are written out as arguments of {@code function}. */
  private static Stream<CelExpr> literals(CelAbstractSyntaxTree tree, String function) {
    return nodes(tree)
        .map(node -> node.expr().callOrDefault())
        .filter(call -> call.function().equals(function))
        .flatMap(call -> call.args().stream())
        .filter(
            argument -> argument.constantOrDefault().getKind() == CelConstant.Kind.STRING_VALUE);
  }

  private static void check(CelExpr literal, CelAbstractSyntaxTree tree, Consumer<String> reader)
      throws Fault {
    String reason;
    try {
      reader.accept(literal.constant().stringValue());
      return;
    } catch (Version.Malformed | Prefixes.Malformed e) {
      reason = String.valueOf(e.getMessage());
    } catch (PatternSyntaxException e) {
      reason = YamlReader.quoted(literal.constant().stringValue())
          + " is not a regular expression of RE2";
    }
    int offset = tree.getSource().getPositionsMap().getOrDefault(literal.id(), 0);
    CelSourceLocation place =
        tree.getSource().getOffsetLocation(offset).orElse(CelSourceLocation.of(1, 0));
    throw new Fault(place.getLine(), place.getColumn(), reason);
  }

  private static Stream<CelNavigableExpr> nodes(CelAbstractSyntaxTree tree) {
    return CelNavigableAst.fromAst(tree).getRoot().allNodes();
  }

  private static CelFunctionDecl ofTwoTexts(String name, String overload) {
    return CelFunctionDecl.newFunctionDeclaration(
        name,
        CelOverloadDecl.newGlobalOverload(
            overload, SimpleType.BOOL, SimpleType.STRING, SimpleType.STRING));
  }

  private static StructType struct(String name, ImmutableMap<String, CelType> fields) {
    return StructType.create(
        name, fields.keySet(), field -> Optional.ofNullable(fields.get(field)));
  }

  private static CelTypeProvider types(CelType... all) {
    ImmutableMap<String, CelType> byName = Maps.uniqueIndex(List.of(all), CelType::name);
    return new CelTypeProvider() {
      @Override
      public ImmutableCollection<CelType> types() {
        return byName.values();
      }

      @Override
      public Optional<CelType> findType(String name) {
        return Optional.ofNullable(byName.get(name));
      }
    };
  }
}
