package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerifier;
import io.sallyport.cli.LogVerifier.Checkpoint;
import io.sallyport.cli.ShownFact;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
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
        all(wire, "checkpoints", item -> item.get("size").asLong(), ServedLog::checkpoint);
    List<ShownFact> entries =
        all(wire, "facts", item -> item.get("position").asLong(), ServedLog::entry);
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

  private static Checkpoint checkpoint(JsonNode item) {
    return new Checkpoint(
        item.get("size").asLong(),
        Digest.ofOctets(Base64.getDecoder().decode(item.get("root").asText())),
        item.get("note").asText());
  }

  private static ShownFact entry(JsonNode item) {
    Map<String, String> detail = new TreeMap<>();
    item.get("detail")
        .fields()
        .forEachRemaining(field -> detail.put(field.getKey(), field.getValue().asText()));
    return new ShownFact(
        item.get("position").asLong(),
        UUID.fromString(item.get("id").asText()),
        Instant.parse(item.get("at").asText()),
        item.get("kind").asText(),
        item.get("actor").asText(),
        item.get("subject_type").asText(),
        item.get("subject").asText(),
        detail,
        MerkleLeaf.ofOctets(Base64.getDecoder().decode(item.get("leaf").asText())),
        Digest.ofHex(item.get("hash").asText()));
  }
}
