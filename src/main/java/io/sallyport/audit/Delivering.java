package io.sallyport.audit;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.kernel.WitnessKey;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Runs a job for each place that is set; one that is slow or gone holds up no other. */
@Singleton
final class Delivering implements CheckpointDeliveries {
  private static final int START = AuditLog.START + 50;
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Longer than two questions to a witness, or than reading a file of years. */
  private static final Duration LEASE = Duration.ofSeconds(20);

  private static final String STATE = """
      select d.size, d.at, d.complaint,
        (select c.at from checkpoint c where c.size > coalesce(d.size, 0) and c.note is not null order by c.size limit 1)
      from (select ? as place) as wanted left join checkpoint_delivery d using (place)""";

  private final DataSource database;
  private final List<CheckpointPlace> places;
  private final List<SingleWriterJob> jobs;

  Delivering(DataSource database, LogSigner signer, AuditSettings settings, Clock clock) {
    this.database = database;
    this.places = places(signer, settings, clock);
    this.jobs = places.stream()
        .map(place -> new SingleWriterJob(
            DeliveryStep.job(place),
            database,
            INTERVAL,
            LEASE,
            new DeliveryStep(place, settings.deliverEvery(), clock)))
        .toList();
  }

  private static List<CheckpointPlace> places(
      LogSigner signer, AuditSettings settings, Clock clock) {
    List<CheckpointPlace> places = new ArrayList<>();
    settings
        .checkpointFile()
        .ifPresent(path -> places.add(new CheckpointFile(Path.of(path), signer)));
    if (settings.store().bucket().isPresent()) {
      places.add(new CheckpointStore(settings.store(), signer, PATIENCE));
    }
    List<String> urls = settings.witnessUrl().orElse(List.of());
    List<String> keys = settings.witnessKey().orElse(List.of());
    for (int witness = 0; witness < urls.size(); witness++) {
      places.add(new CheckpointWitness(
          urls.get(witness),
          WitnessKey.parse(keys.get(witness)),
          settings.witnessTrustFile(),
          PATIENCE,
          clock));
    }
    return List.copyOf(places);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    jobs.forEach(SingleWriterJob::start);
  }

  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
    jobs.forEach(SingleWriterJob::close);
  }

  @Override
  public List<Delivery> deliveries() {
    if (places.isEmpty()) {
      return List.of();
    }
    try (Connection connection = database.getConnection();
        PreparedStatement state = connection.prepareStatement(STATE)) {
      List<Delivery> deliveries = new ArrayList<>();
      for (CheckpointPlace place : places) {
        state.setString(1, DeliveryStep.key(place));
        try (ResultSet row = state.executeQuery()) {
          row.next();
          deliveries.add(new Delivery(
              place.kind(),
              place.name(),
              row.getLong(1),
              instant(row, 2),
              instant(row, 4),
              row.getString(3)));
        }
      }
      return deliveries;
    } catch (SQLException e) {
      throw new IllegalStateException("the deliveries of checkpoints could not be read", e);
    }
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }
}
