package io.sallyport.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** A group of commands that can answer in JSON. */
abstract class OptionGroup {
  final Options options;

  OptionGroup(Options options) {
    this.options = options;
  }

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "JSON on standard output, faults too (RFC 9457)")
  void json(boolean json) {
    options.json = json;
  }

  /** A group of commands that act for an operator. */
  abstract static class ForOperators extends OptionGroup {
    ForOperators(Options options) {
      super(options);
    }

    @Option(
        names = "--token-file",
        paramLabel = "FILE",
        scope = ScopeType.INHERIT,
        description = "the operator's bearer token, instead of DIR/admin.token")
    void bearer(Path file) {
      options.bearer = file;
    }
  }
}
