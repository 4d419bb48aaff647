package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.SerialPattern;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Serial numbers, and patterns of them, that somebody expects of a manufacturer. Works in the caller's transaction. */
@Singleton
final class AllowedUnits {
  /** Each unlisted unit is held against all of them. */
  private static final long MOST_PATTERNS = 256;

  private static final String ALLOW = """
      insert into allowed_unit (manufacturer, serial_number, pattern)
      select :manufacturer, unit, unit ~ '[#*]' from unnest(string_to_array(:units, chr(10))) as given (unit)
      on conflict do nothing""";

  private final EntityManager entities;
  private final Audit audit;

  AllowedUnits(EntityManager entities, Audit audit) {
    this.entities = entities;
    this.audit = audit;
  }

  boolean has(String manufacturer, String serialNumber) {
    boolean named = entities
            .createNativeQuery(
                "select 1 from allowed_unit where manufacturer = :manufacturer and serial_number = :serial")
            .setParameter("manufacturer", manufacturer)
            .setParameter("serial", serialNumber)
            .getSingleResultOrNull()
        != null;
    return named
        || entities
            .createNativeQuery(
                "select serial_number from allowed_unit where manufacturer = :manufacturer and pattern")
            .setParameter("manufacturer", manufacturer)
            .getResultList()
            .stream()
            .anyMatch(pattern -> new SerialPattern((String) pattern).matches(serialNumber));
  }

  int add(String manufacturer, List<SerialPattern> units, Actor actor) {
    if (units.isEmpty() || units.size() > FirstContacts.MOST_AT_ONCE) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "Give 1 to " + FirstContacts.MOST_AT_ONCE + " serial numbers or patterns.");
    }
    String lines = String.join("\n", units.stream().map(SerialPattern::text).toList());
    int added = entities
        .createNativeQuery(ALLOW)
        .setParameter("manufacturer", manufacturer)
        .setParameter("units", lines)
        .executeUpdate();
    Object patterns = entities
        .createNativeQuery(
            "select count(*) from allowed_unit where manufacturer = :manufacturer and pattern")
        .setParameter("manufacturer", manufacturer)
        .getSingleResult();
    if (((Number) patterns).longValue() > MOST_PATTERNS) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "A list has " + MOST_PATTERNS + " patterns at most; name the serial numbers singly.");
    }
    audit.record(Fact.of("manufacturer.units-allowed", actor, "manufacturer", manufacturer)
        .with("given", units.size())
        .with("added", added)
        .with("sha256", Digest.of(lines.getBytes(StandardCharsets.UTF_8)).hex()));
    return added;
  }

  void remove(String manufacturer, SerialPattern unit, Actor actor) {
    int removed = entities
        .createNativeQuery(
            "delete from allowed_unit where manufacturer = :manufacturer and serial_number = :unit")
        .setParameter("manufacturer", manufacturer)
        .setParameter("unit", unit.text())
        .executeUpdate();
    if (removed > 0) {
      audit.record(Fact.of("manufacturer.unit-disallowed", actor, "manufacturer", manufacturer)
          .with("unit", unit.text()));
    }
  }

  Page<String> list(String manufacturer, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<?> units = entities
        .createNativeQuery(
            "select serial_number from allowed_unit where manufacturer = :manufacturer and serial_number > :after"
                + " order by serial_number")
        .setParameter("manufacturer", manufacturer)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultList();
    List<String> found = units.stream().map(unit -> (String) unit).toList();
    return Page.cut(found, most, unit -> unit);
  }
}
