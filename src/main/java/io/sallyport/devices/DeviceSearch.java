package io.sallyport.devices;

import io.sallyport.devices.Devices.Filter;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.persistence.EntityManager;
import jakarta.persistence.TypedQuery;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Devices by what is looked for, a page at a time, and the sites that there are. */
final class DeviceSearch {
  private static final String EVERY_SITE = """
      with recursive every (site) as (
        (select site from device order by site limit 1)
        union all
        select (select d.site from device d where d.site > every.site order by d.site limit 1)
        from every where every.site is not null)
      select site from every where site is not null limit 1000""";

  private final EntityManager entities;

  DeviceSearch(EntityManager entities) {
    this.entities = entities;
  }

  Page<Device> list(Filter filter, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    UUID after = after(cursor);
    List<Device> rows;
    if (filter.site() == null && !filter.sites().isEmpty()) {
      // Each site's next devices come from the index in order, so that a page costs no more where
      // sites are large.
      rows = filter.sites().stream()
          .flatMap(site -> rows(filter, site, after, most + 1))
          .sorted(Comparator.comparing(device -> device.id().toString()))
          .limit(most + 1)
          .toList();
    } else if (filter.sites().isEmpty() || filter.sites().contains(filter.site())) {
      rows = rows(filter, filter.site(), after, most + 1).toList();
    } else {
      rows = List.of();
    }
    return Page.cut(rows, most, device -> device.id().toString());
  }

  private Stream<Device> rows(Filter filter, @Nullable String site, UUID after, int most) {
    List<String> conditions = new ArrayList<>(List.of("id > :after"));
    Map<String, Object> values = new TreeMap<>(Map.of("after", after));
    narrow(filter.state(), "state = :state", "state", conditions, values);
    narrow(filter.profile(), "profile = :profile", "profile", conditions, values);
    narrow(site, "site = :site", "site", conditions, values);
    if (filter.text() != null) {
      conditions.add("(hardware.serialNumber like :text escape '\\' or name like :text escape '\\'"
          + " or owner like :text escape '\\')");
      values.put("text", startOf(filter.text()));
    }
    TypedQuery<DeviceRow> query = entities.createQuery(
        "from DeviceRow where " + String.join(" and ", conditions) + " order by id",
        DeviceRow.class);
    values.forEach(query::setParameter);
    return query.setMaxResults(most).getResultStream().map(DeviceRow::device);
  }

  private static void narrow(
      @Nullable Object value,
      String condition,
      String name,
      List<String> conditions,
      Map<String, Object> values) {
    if (value != null) {
      conditions.add(condition);
      values.put(name, value);
    }
  }

  private static String startOf(String text) {
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%";
  }

  static UUID after(@Nullable String cursor) {
    if (cursor == null) {
      return new UUID(0, 0);
    }
    try {
      return UUID.fromString(cursor);
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
    }
  }

  /** From one site to the next along the index, so that the number of devices does not matter. */
  List<String> sites() {
    return entities.createNativeQuery(EVERY_SITE).getResultList().stream()
        .map(String.class::cast)
        .toList();
  }
}
