package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin reconcile}: brings a server back whose database went back. */
@Command(
    name = "reconcile",
    description =
        "Closes the gap between a database that was put back and what was signed, from an export of the log; without an"
            + " option it says how the server stands.")
final class ReconcileCommand implements Callable<Integer> {
  /** Octets of leaves a request; the server takes 1 MiB. */
  private static final int MOST_OCTETS = 256 * 1024;

  private static final int MOST_FACTS = 1000;

  private final Options options;

  @Option(
      names = "--export",
      paramLabel = "FILE",
      description = "what \"audit export\" wrote, of the newest state that there is")
  @Nullable
  Path export;

  @Option(names = "--key", paramLabel = "VKEY", description = "the log's key, kept elsewhere")
  @Nullable
  String key;

  @Option(names = "--dry-run", description = "only say what would be done")
  boolean dryRun;

  @Option(names = "--accept-clock", description = "take the clock as it is; needs --reason")
  boolean acceptClock;

  @Option(
      names = "--accept-loss",
      description =
          "take for lost what no export reaches; the log says so and goes on under another name; needs --reason")
  boolean acceptLoss;

  @Option(names = "--reason", paramLabel = "TEXT", description = "why, for the log")
  @Nullable
  String reason;

  ReconcileCommand(Options options) {
    this.options = options;
  }

  @Override
  public Integer call() {
    try (ApiClient api = options.api()) {
      JsonNode standing = api.get("/reconciliation");
      if ((acceptClock || acceptLoss) && (reason == null || reason.isBlank())) {
        throw Failure.usage("--accept-clock and --accept-loss need --reason.");
      }
      if (acceptClock) {
        api.post("/reconciliation", Json.object().put("accept_clock", reason));
        options.output().say("The clock is taken as it is.");
        return ExitCode.OK.number();
      }
      if (export == null && !dryRun && !acceptLoss) {
        return told(standing);
      }
      if (export != null) {
        verify(new LogExport(export));
        api.delete("/reconciliation/parts");
      }
      Long brought = export == null
          ? null
          : send(api, new LogExport(export), standing.path("sealed").asLong());
      tell(acted(api, brought));
      return ExitCode.OK.number();
    }
  }

  /** A large gap takes longer than an answer may. */
  private JsonNode acted(ApiClient api, @Nullable Long brought) {
    ObjectNode act = Json.object().put("dry_run", dryRun);
    if (brought != null) {
      act.put("brought", brought);
    }
    if (acceptLoss) {
      act.put("accept_loss", reason);
    }
    try {
      return api.post("/reconciliation", act);
    } catch (Failure failure) {
      if (failure.code() == ExitCode.UNREACHABLE) {
        throw new Failure(
            ExitCode.UNAVAILABLE,
            "The server has not answered yet and may still be at it; ask it with \"admin reconcile\". ("
                + failure.sentence() + ")");
      }
      throw failure;
    }
  }

  private int told(JsonNode standing) {
    boolean serving = standing.path("serving").asBoolean();
    options
        .output()
        .result(
            standing,
            serving
                ? "The database has reached its marks: "
                    + standing.path("sealed").asLong() + " facts are sealed."
                : standing.path("detail").asText());
    return (serving ? ExitCode.OK : ExitCode.REFUSED).number();
  }

  /** Here already, so that a wrong file costs nothing; the server believes only what it has checked itself. */
  private void verify(LogExport file) {
    LogVerdict verdict = new LogCheck(key, null, List.of(), List.of()).verify(file);
    LogVerdict.Finding finding = verdict.finding();
    if (finding != null) {
      throw new Failure(
          ExitCode.REFUSED,
          "The export does not fit at fact " + finding.position() + ": " + finding.sentence());
    }
  }

  /** Answers the size of the largest checkpoint that was brought, 0 when there was none. */
  private static long send(ApiClient api, LogExport file, long sealed) {
    try (LogExport.Items<ShownFact> facts = file.items("fact", AuditFeed::entry);
        LogExport.Items<LogVerifier.Checkpoint> signed =
            file.items("checkpoint", AuditFeed::checkpoint)) {
      ArrayNode leaves = Json.array();
      long after = sealed;
      int octets = 0;
      while (facts.hasNext()) {
        ShownFact fact = facts.next();
        if (fact.position() <= sealed) {
          continue;
        }
        byte[] leaf = fact.leaf().octets();
        if (octets + leaf.length > MOST_OCTETS || leaves.size() == MOST_FACTS) {
          after = part(api, after, leaves, Json.array());
          leaves = Json.array();
          octets = 0;
        }
        leaves.add(Base64.getEncoder().encodeToString(leaf));
        octets += leaf.length;
      }
      part(api, after, leaves, Json.array());
      ArrayNode notes = Json.array();
      long largest = 0;
      while (signed.hasNext()) {
        LogVerifier.Checkpoint checkpoint = signed.next();
        if (checkpoint.size() > sealed) {
          notes.add(checkpoint.note());
          largest = Math.max(largest, checkpoint.size());
        }
        if (notes.size() == MOST_FACTS) {
          part(api, sealed, Json.array(), notes);
          notes = Json.array();
        }
      }
      part(api, sealed, Json.array(), notes);
      return largest;
    }
  }

  private static long part(ApiClient api, long after, ArrayNode leaves, ArrayNode notes) {
    if (leaves.isEmpty() && notes.isEmpty()) {
      return after;
    }
    ObjectNode part = Json.object();
    part.set("facts", leaves);
    part.set("checkpoints", notes);
    return api.putJson("/reconciliation/parts/" + after, part).path("to").asLong();
  }

  private void tell(JsonNode closed) {
    StringBuilder text = new StringBuilder(dryRun ? "Would put back" : "Put back")
        .append(" facts ")
        .append(closed.path("from").asLong() + 1)
        .append(" to ")
        .append(closed.path("to").asLong())
        .append(".\n");
    closed
        .path("done")
        .properties()
        .forEach(one -> text.append("  ")
            .append(one.getKey())
            .append(": ")
            .append(one.getValue().asLong())
            .append(" acted upon\n"));
    closed
        .path("by_hand")
        .properties()
        .forEach(one -> text.append("  ")
            .append(one.getKey())
            .append(": do again by hand for ")
            .append(one.getValue())
            .append('\n'));
    text.append(
        dryRun
            ? "Nothing was changed."
            : "The database is whole again. This server serves again, or says that it must be started anew; start every other node"
                + " anew that ran while the database was put back.");
    options.output().result(closed, text.toString());
  }
}
