package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.function.Function;

/**
 * A list of the log, fetched a page at a time as it is read. A page that brings nothing beyond what was asked after is the
 * end, so that no server can keep a reader for ever. One thread.
 */
final class AuditFeed<T> implements Iterator<T> {
  private static final int PAGE = 1000;

  private final ApiClient api;
  private final String list;
  private final String position;
  private final Function<JsonNode, T> read;

  private Iterator<JsonNode> page = Json.array().iterator();
  private long after;
  private long asked = -1;

  /** @param position the field whose value names the place to go on after */
  AuditFeed(ApiClient api, String list, String position, Function<JsonNode, T> read) {
    this.api = api;
    this.list = list;
    this.position = position;
    this.read = read;
  }

  @Override
  public boolean hasNext() {
    if (!page.hasNext()) {
      if (after == asked) {
        return false;
      }
      asked = after;
      page = api.get("/audit/" + list + "?after=" + after + "&limit=" + PAGE)
          .path("items")
          .iterator();
    }
    return page.hasNext();
  }

  @Override
  public T next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    JsonNode item = page.next();
    long next = item.path(position).asLong();
    after = Math.max(after, next);
    return read(item, list, next, read);
  }

  static <T> T read(JsonNode item, String list, long position, Function<JsonNode, T> read) {
    try {
      return read.apply(item);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "An item of the server's list of " + list + " at " + position + " cannot be read: "
              + e.getMessage());
    }
  }

  /** Of a fact whose content was dropped there is a position and a hash, and nothing else. */
  static ShownFact entry(JsonNode item) {
    if (item.size() == 2 && item.has("position") && item.has("hash")) {
      return ShownFact.dropped(
          item.path("position").asLong(), Digest.ofHex(item.path("hash").asText()));
    }
    Map<String, String> detail = new LinkedHashMap<>();
    item.path("detail")
        .properties()
        .forEach(field -> detail.put(field.getKey(), field.getValue().asText()));
    return new ShownFact(
        item.path("position").asLong(),
        UUID.fromString(item.path("id").asText()),
        Instant.parse(item.path("at").asText()),
        item.path("kind").asText(),
        item.path("actor").asText(),
        item.path("subject_type").asText(),
        item.path("subject").asText(),
        detail,
        MerkleLeaf.ofOctets(Base64.getDecoder().decode(item.path("leaf").asText())),
        Digest.ofHex(item.path("hash").asText()));
  }

  static LogVerifier.Checkpoint checkpoint(JsonNode item) {
    return new LogVerifier.Checkpoint(
        item.path("size").asLong(),
        Digest.ofOctets(Base64.getDecoder().decode(item.path("root").asText())),
        item.path("note").asText());
  }
}
