package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerifier;
import io.sallyport.cli.LogVerifier.Checkpoint;
import io.sallyport.cli.ShownFact;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The log as the server shows it at one time. */
public record ServedLog(String key, List<ShownFact> entries, List<Checkpoint> checkpoints) {
  public ServedLog {
    entries = List.copyOf(entries);
    checkpoints = List.copyOf(checkpoints);
  }

  /** Checkpoints first, so that every one of them has its facts. */
  public static ServedLog read(Wire wire) {
    List<Checkpoint> checkpoints =
        all(wire, "checkpoints", item -> item.get("size").asLong(), PublicLog::checkpoint);
    List<ShownFact> entries =
        all(wire, "facts", item -> item.get("position").asLong(), PublicLog::entry);
    return new ServedLog(
        wire.admin("GET", "/api/v1/audit/key", null).get("vkey").asText(), entries, checkpoints);
  }

  public LogVerdict verify(String... earlier) {
    return new LogVerifier(key, earlier.length > 0, List.of(earlier))
        .verify(entries.iterator(), checkpoints.iterator());
  }

  private static <T> List<T> all(
      Wire wire, String list, Function<JsonNode, Long> cursor, Function<JsonNode, T> read) {
    List<T> all = new ArrayList<>();
    for (long after = 0; ; ) {
      JsonNode page =
          wire.admin("GET", "/api/v1/audit/" + list + "?limit=1000&after=" + after, null);
      for (JsonNode item : page.get("items")) {
        all.add(read.apply(item));
        after = cursor.apply(item);
      }
      if (page.get("next").isNull()) {
        return all;
      }
    }
  }
}
