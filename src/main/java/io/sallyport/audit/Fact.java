package io.sallyport.audit;

import io.sallyport.kernel.Actor;
import java.util.Map;
import java.util.TreeMap;

/**
 * Something that happened, to be recorded with the change that it tells of.
 *
 * @param kind noun and verb joined by dots, for instance {@code device.quarantined} or {@code enrollment.refused}
 * @param subjectType what it is about: {@code device}, {@code credential}, {@code policy}, …
 * @param subject the id of what it is about
 * @param detail further facts by name; no secret, sorted by name
 */
public record Fact(
    String kind, Actor actor, String subjectType, String subject, Map<String, String> detail) {
  public Fact {
    detail = java.util.Collections.unmodifiableMap(new TreeMap<>(detail));
  }

  public static Fact of(String kind, Actor actor, String subjectType, Object subject) {
    return new Fact(kind, actor, subjectType, subject.toString(), Map.of());
  }

  public Fact with(String name, Object value) {
    Map<String, String> more = new TreeMap<>(detail);
    more.put(name, value.toString());
    return new Fact(kind, actor, subjectType, subject, more);
  }
}
