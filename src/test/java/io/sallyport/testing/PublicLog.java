package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerifier;
import io.sallyport.cli.ShownFact;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The log as anybody with a token sees it. */
public final class PublicLog {
  private static final int PAGE = 1000;

  private PublicLog() {}

  /** Checks the whole log from the outside, against checkpoints that were kept from earlier. */
  public static LogVerdict verify(Wire wire, String... earlier) {
    String key = wire.admin("GET", "/api/v1/audit/key", null).get("vkey").asText();
    List<JsonNode> checkpoints = all(wire, "checkpoints", "size");
    return new LogVerifier(key, false, List.of(earlier))
        .verify(
            facts(wire).stream().map(PublicLog::entry).iterator(),
            checkpoints.stream().map(PublicLog::checkpoint).iterator());
  }

  public static List<JsonNode> facts(Wire wire) {
    return all(wire, "facts", "position");
  }

  private static List<JsonNode> all(Wire wire, String list, String position) {
    List<JsonNode> all = new ArrayList<>();
    JsonNode page;
    do {
      long after = all.isEmpty() ? 0 : all.getLast().get(position).asLong();
      page = wire.admin("GET", "/api/v1/audit/" + list + "?limit=" + PAGE + "&after=" + after, null)
          .get("items");
      page.forEach(all::add);
    } while (page.size() == PAGE);
    return all;
  }

  static ShownFact entry(JsonNode item) {
    Map<String, String> detail = new LinkedHashMap<>();
    item.get("detail")
        .properties()
        .forEach(field -> detail.put(field.getKey(), field.getValue().asText()));
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

  static LogVerifier.Checkpoint checkpoint(JsonNode item) {
    return new LogVerifier.Checkpoint(
        item.get("size").asLong(),
        Digest.ofOctets(Base64.getDecoder().decode(item.get("root").asText())),
        item.get("note").asText());
  }
}
