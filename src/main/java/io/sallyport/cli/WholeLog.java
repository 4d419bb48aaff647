package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All facts of a server's log from position 1 on; in front of the first that is whole, the hashes of those whose content
 * was dropped, or is missing: to judge that is for the check. One thread.
 */
final class WholeLog<T> implements Iterator<T> {
  private final Iterator<JsonNode> leaves;
  private final AuditFeed<JsonNode> facts;
  private final Function<JsonNode, T> read;
  private @Nullable JsonNode fact;
  private @Nullable JsonNode leaf;

  WholeLog(ApiClient api, Function<JsonNode, T> read) {
    this.facts = new AuditFeed<>(api, "facts", "position", Function.identity());
    this.leaves = new AuditFeed<>(api, "leaves", "position", Function.identity());
    this.read = read;
    this.fact = facts.hasNext() ? facts.next() : null;
    this.leaf = fact != null && position(fact) > 1 ? nextLeaf(position(fact)) : null;
  }

  private static long position(JsonNode item) {
    return item.path("position").asLong();
  }

  private @Nullable JsonNode nextLeaf(long before) {
    JsonNode next = leaves.hasNext() ? leaves.next() : null;
    return next != null && position(next) < before ? next : null;
  }

  @Override
  public boolean hasNext() {
    return leaf != null || fact != null;
  }

  @Override
  public T next() {
    JsonNode whole = fact;
    JsonNode item = leaf != null ? leaf : whole;
    if (item == null || whole == null) {
      throw new NoSuchElementException();
    }
    if (leaf != null) {
      leaf = nextLeaf(position(whole));
    } else {
      fact = facts.hasNext() ? facts.next() : null;
    }
    return AuditFeed.read(item, "facts", position(item), read);
  }
}
