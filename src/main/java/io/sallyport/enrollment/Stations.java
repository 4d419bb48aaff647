package io.sallyport.enrollment;

import io.sallyport.devices.Batch;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.pki.Credential;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Workplaces of manufacturing lines. Each has a certificate of the internal authority, with which it asks for certificates
 * of the batches of its line and for nothing else (law 10).
 */
public interface Stations {
  /**
   * A workplace.
   *
   * @param batch the only batch that it may work on, or null for all of its line
   */
  record Station(
      UUID id,
      String name,
      String site,
      String line,
      @Nullable UUID batch,
      Instant createdAt) {
    /** Whether it may work on this batch. */
    public boolean worksOn(Batch asked) {
      return batch == null
          ? site.equals(asked.order().site()) && line.equals(asked.order().line())
          : batch.equals(asked.id());
    }
  }

  /** A station with its certificate. */
  record Admission(Station station, Credential credential) {}

  /**
   * Registers a station and certifies its key; the same name and key again give the same certificate. Refuses with {@code
   * station-exists} another key.
   */
  Admission add(
      String name, String site, String line, @Nullable UUID batch, Der request, Actor actor);

  /** By name, after {@code cursor}; those of {@code sites} when it names any. */
  Page<Station> list(Set<String> sites, @Nullable String cursor, int limit);

  /** By its name; refuses with {@code unknown-station}, also on sites that are not seen. */
  Station get(String name, Set<String> sites);

  /** Withdraws it and revokes its certificate; refuses with {@code unknown-station}, also on sites that are not seen. */
  void remove(String name, Set<String> sites, Actor actor);

  /** Whose live certificate this is; refuses with 401. */
  Station recognise(Digest thumbprint);
}
