package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code audit}: the tamper-evident log, checked from the outside. */
@Command(name = "audit", description = "The tamper-evident log.")
final class AuditCommands extends OptionGroup.ForOperators {
  AuditCommands(Options options) {
    super(options);
  }

  @Command(
      description =
          "Checks the whole log, a server's or an export; says what it found and what it cannot exclude. Exit 1: it"
              + " does not fit.")
  int verify(
      @Option(
              names = "--export",
              paramLabel = "FILE",
              description = "check this export, without a server")
          @Nullable
          Path export,
      @Option(
              names = "--checkpoint",
              paramLabel = "FILE",
              description = "an earlier checkpoint, kept elsewhere; repeatable")
          @Nullable
          List<Path> checkpoints,
      @Option(
              names = "--checkpoint-file",
              paramLabel = "KEPT",
              description =
                  "a file of checkpoints that the server appended to elsewhere; repeatable")
          @Nullable
          List<Path> files,
      @Option(
              names = "--key",
              paramLabel = "VKEY|FILE",
              description = "the log's key, kept elsewhere")
          @Nullable
          String key,
      @Option(
              names = "--witness",
              paramLabel = "VKEY|FILE",
              description = "the key of a witness that must have signed checkpoints")
          @Nullable
          String witness) {
    LogCheck check = new LogCheck(
        key == null ? null : vkey(key),
        witness == null ? null : vkey(witness),
        checkpoints == null ? List.of() : checkpoints,
        files == null ? List.of() : files);
    LogVerdict verdict;
    if (export != null) {
      verdict = check.verify(new LogExport(export));
    } else {
      try (ApiClient api = options.api()) {
        verdict = check.verify(api);
      }
    }
    tell(verdict);
    return (verdict.ok() ? ExitCode.OK : ExitCode.REFUSED).number();
  }

  @Command(
      description =
          "Writes everything under the newest checkpoint to a file that \"audit verify --export\" checks anywhere.")
  void export(
      @Option(
              names = "--out",
              required = true,
              paramLabel = "FILE",
              description = "compressed when its name ends with .gz")
          Path out) {
    try (ApiClient api = options.api()) {
      LogExport.Extent extent = new LogExport(out).write(api);
      options
          .output()
          .result(
              Json.object()
                  .put("file", out.toString())
                  .put("facts", extent.facts())
                  .put("checkpoints", extent.checkpoints()),
              out + ": " + extent.facts() + " facts, " + extent.checkpoints() + " checkpoints.");
    }
  }

  @Command(description = "Prints the log's verifier key; keep it where the server cannot write.")
  void key() {
    try (ApiClient api = options.api()) {
      JsonNode key = api.get("/audit/key");
      options.output().result(key, key.path("vkey").asText());
    }
  }

  @Command(
      description =
          "Prints the newest checkpoint, a signed note; keep it where the server cannot write.")
  void checkpoint() {
    try (ApiClient api = options.api()) {
      JsonNode latest = api.get("/audit/checkpoints/latest");
      options.output().result(latest, latest.path("note").asText().stripTrailing());
    }
  }

  @Command(description = "Lists facts, oldest first.")
  void list(
      @Option(names = "--after", defaultValue = "0", description = "those after this position")
          long after,
      @Option(
              names = "--limit",
              defaultValue = "100",
              description = "at most so many (default: ${DEFAULT-VALUE})")
          int limit) {
    try (ApiClient api = options.api()) {
      JsonNode page = api.get("/audit/facts?after=" + after + "&limit=" + limit);
      options
          .output()
          .list(page, "position", "at", "kind", "actor", "subject_type", "subject", "detail");
    }
  }

  static LogVerdict verify(ApiClient api, String vkey, boolean pinned, List<String> earlier) {
    try {
      return LogCheck.verify(new LogVerifier(vkey, pinned, earlier), api);
    } catch (IllegalArgumentException e) {
      throw Failure.usage(String.valueOf(e.getMessage()));
    }
  }

  private void tell(LogVerdict verdict) {
    LogVerdict.Finding finding = verdict.finding();
    if (options.json) {
      ObjectNode result = Json.object()
          .put("ok", verdict.ok())
          .put("facts", verdict.facts())
          .put("covered", verdict.covered());
      if (finding != null) {
        result
            .putObject("finding")
            .put("position", finding.position())
            .put("fault", finding.fault().name().toLowerCase(Locale.ROOT).replace('_', '-'))
            .put("sentence", finding.sentence());
      }
      verdict.excluded().forEach(result.putArray("excluded")::add);
      verdict.notExcluded().forEach(result.putArray("not_excluded")::add);
      options.output().show(result);
      return;
    }
    Output output = options.output();
    if (finding == null) {
      output.say("The log fits: " + verdict.facts() + " facts, " + verdict.covered()
          + " of them under a checkpoint.");
    } else {
      output.say("THE LOG DOES NOT FIT at fact " + finding.position() + ": " + finding.sentence());
      output.say(verdict.facts() + " facts before it fit, " + verdict.covered()
          + " of them under a checkpoint.");
    }
    if (!verdict.excluded().isEmpty()) {
      output.say("Excluded:");
      verdict.excluded().forEach(sentence -> output.say("  - " + sentence));
    }
    output.say("Not excluded:");
    verdict.notExcluded().forEach(sentence -> output.say("  - " + sentence));
  }

  /** The key itself (name+id+key) or the file that holds it. */
  private static String vkey(String given) {
    Path file = Path.of(given);
    if (Files.exists(file)) {
      return Pem.text(file).strip();
    }
    if (given.indexOf('+') < 0) {
      throw Failure.usage(given + " is neither a verifier key nor a file with one.");
    }
    return given;
  }
}
