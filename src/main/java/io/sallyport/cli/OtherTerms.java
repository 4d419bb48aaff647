package io.sallyport.cli;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.NameSubtree;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is to be otherwise than in the request. */
final class OtherTerms {
  @Option(
      names = "--validity",
      paramLabel = "DURATION",
      description = "ISO 8601 (default: 5 years)")
  @Nullable
  Duration validity;

  @Option(names = "--path-length", paramLabel = "N")
  @Nullable
  Integer pathLength;

  @Option(names = "--permit", paramLabel = "NAME", description = "instead of the request's")
  @Nullable
  List<String> permitted;

  @Option(names = "--exclude", paramLabel = "NAME", description = "instead of the request's")
  @Nullable
  List<String> excluded;

  @Option(names = "--policy", paramLabel = "OID", description = "instead of the request's")
  @Nullable
  List<String> policies;

  /** None follows the authority unless somebody says so. */
  CaTerms over(CaTerms asked) {
    Integer length = pathLength != null ? pathLength : asked.pathLength();
    return WantedAuthority.terms(
        length == null ? Integer.valueOf(0) : length,
        permitted == null ? texts(asked.permitted()) : permitted,
        excluded == null ? texts(asked.excluded()) : excluded,
        policies == null ? asked.policies() : policies);
  }

  private static List<String> texts(List<NameSubtree> subtrees) {
    return subtrees.stream().map(NameSubtree::toString).toList();
  }
}
