package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.SharedReads;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Device profiles in the database, as the documents that people wrote. */
@ApplicationScoped
class StoredProfiles implements DeviceProfiles {
  private static final int MOST_PARSED = 10_000;
  private static final String BY_NAME =
      "select name, yaml from device_profile where name = any (?)";

  private final ConcurrentHashMap<String, DeviceProfile> parsed = new ConcurrentHashMap<>();
  private final EntityManager entities;
  private final DataSource database;
  private final SharedReads<String, DeviceProfile> byName;
  private final Audit audit;
  private final Clock clock;

  StoredProfiles(EntityManager entities, DataSource database, Audit audit, Clock clock) {
    this.entities = entities;
    this.database = database;
    this.byName = new SharedReads<>("device-profiles", this::read);
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public DeviceProfile apply(String yaml, Actor actor) {
    DeviceProfile profile = ProfileDocument.read(yaml);
    DeviceProfileRow row = entities.find(DeviceProfileRow.class, profile.name());
    if (row != null && row.yaml.equals(yaml)) {
      return profile;
    }
    if (row == null) {
      entities.persist(new DeviceProfileRow(
          profile.name(), yaml, clock.instant().truncatedTo(ChronoUnit.MICROS)));
    } else {
      row.yaml = yaml;
      row.appliedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
    }
    audit.record(Fact.of("profile.applied", actor, "profile", profile.name())
        .with("hash", Digest.of(yaml.getBytes(StandardCharsets.UTF_8))));
    return profile;
  }

  @Override
  @Transactional
  public Optional<DeviceProfile> find(String name) {
    return Optional.ofNullable(entities.find(DeviceProfileRow.class, name)).map(this::profile);
  }

  @Override
  public Optional<DeviceProfile> lookUp(String name) {
    return byName.find(name);
  }

  private Map<String, DeviceProfile> read(Set<String> names) {
    Map<String, DeviceProfile> found = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(BY_NAME)) {
      query.setArray(1, connection.createArrayOf("text", names.toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.put(row.getString(1), parsed(row.getString(2)));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("device profiles could not be read", e);
    }
    return found;
  }

  @Override
  @Transactional
  public Page<DeviceProfile> list(@Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<DeviceProfile> rows = entities
        .createQuery(
            "from DeviceProfileRow where name > :after order by name", DeviceProfileRow.class)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(this::profile)
        .toList();
    return Page.cut(rows, most, DeviceProfile::name);
  }

  /** A document is parsed once for each of its texts. */
  private DeviceProfile profile(DeviceProfileRow row) {
    return parsed(row.yaml);
  }

  private DeviceProfile parsed(String yaml) {
    if (parsed.size() > MOST_PARSED) {
      parsed.clear();
    }
    return parsed.computeIfAbsent(yaml, ProfileDocument::read);
  }
}
