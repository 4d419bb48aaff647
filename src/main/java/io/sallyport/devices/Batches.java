package io.sallyport.devices;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Work orders of manufacturing lines: so many devices of a model, each with one certificate (law 2). */
public interface Batches {
  /**
   * What is ordered.
   *
   * @param certificateProfile null for the first that the device profile allows
   * @param line the line that makes it, or null
   * @param serialPattern which serial numbers there may be: {@code *} for any characters, {@code #} for a digit; or null
   * @param ordered 1 to 5,000,000
   */
  record WorkOrder(
      String name,
      String manufacturer,
      String model,
      String profile,
      @Nullable String certificateProfile,
      String owner,
      String site,
      @Nullable String line,
      @Nullable String serialPattern,
      int ordered) {}

  /**
   * A row of a batch: one device.
   *
   * @param certificate thumbprint of the one certificate that was issued for it, or null
   * @param key digest of the key that was last asked for, or null
   */
  record Row(
      String key,
      Device device,
      @Nullable Digest certificate,
      @Nullable Digest keyDigest,
      @Nullable String station,
      boolean givenUp) {
    /** As it is told. */
    public String state() {
      if (givenUp) {
        return "given-up";
      }
      return certificate == null ? "registered" : "issued";
    }
  }

  /** Why a row has no certificate yet, the last that it was told. */
  record Trouble(
      String row, String problem, String detail, @Nullable String station, Instant at) {}

  /** A hardware unit that is known, and whether a device lives on it. */
  record Unit(UUID id, String model, boolean inUse) {}

  /**
   * A row for which a certificate is about to be made.
   *
   * @param fresh whether device and row are to be made
   * @param device as it is, or as it is to be made
   */
  record Claim(String key, Device device, boolean fresh, Digest keyDigest) {}

  /** A device that a file names; {@code line} is where. */
  record Listed(long line, String key, String serialNumber, Map<String, String> labels) {
    public Listed {
      labels = Map.copyOf(labels);
    }
  }

  /**
   * What became of it.
   *
   * @param existed whether it was in the batch before
   * @param refusal null when it is in the batch now
   */
  record Imported(Listed row, boolean existed, @Nullable Refusal refusal) {}

  Batch create(WorkOrder order, Actor actor);

  /** The batch; refuses with {@code unknown-batch}, also what is on a site that is not one of {@code sites}. */
  Batch get(UUID id, Set<String> sites);

  /** By id, after {@code cursor}. */
  Page<Batch> list(Set<String> sites, @Nullable String cursor, int limit);

  /** Refuses with {@code serial-not-in-batch} or {@code invalid-device} a device that the batch may not have. */
  void requireFit(Batch batch, String serialNumber, Map<String, String> labels);

  /** Those of these rows that there are, by their keys. */
  Map<String, Row> rows(UUID batch, Collection<String> keys);

  /** What is known of these serial numbers of a manufacturer. */
  Map<String, Unit> units(UUID manufacturer, Collection<String> serialNumbers);

  /**
   * In the caller's transaction, the devices that exist locked: makes what is fresh within what was ordered, locks the
   * rows and notes {@code block}. Answers refusals by row key.
   *
   * @param underWay those of the blocks from which certificates may still come
   */
  Map<String, Refusal> claim(
      UUID batch,
      UUID block,
      List<Claim> claims,
      @Nullable String station,
      Function<Collection<UUID>, Set<UUID>> underWay,
      Actor actor);

  /**
   * Registers some of what a file lists, in its order, as far as was ordered; one fact with the digest of what was registered
   * commits with it.
   *
   * @param file names the import
   */
  List<Imported> register(UUID batch, UUID file, List<Listed> rows, Actor actor);

  /**
   * What {@link #register} would answer, and nothing is changed.
   *
   * @param before how many others of the file would be registered before these
   */
  List<Imported> check(UUID batch, List<Listed> rows, int before);

  /** In the transaction that records the certificates: which row has which. */
  void issued(UUID batch, Map<String, Digest> certificates);

  /** Counts rows that were refused. */
  void refused(UUID batch, long count);

  /** Notes what a row was refused, for some hundred rows of a batch. */
  void trouble(UUID batch, Trouble trouble);

  /** What rows that have no certificate were last refused, after {@code cursor} in the order of their keys. */
  Page<Trouble> troubles(UUID batch, @Nullable String cursor, int limit);

  /**
   * In the caller's transaction, the row's device locked: the row is as it was before it got its certificate, so that its
   * line may ask for another. Answers it as it was. Refuses with {@code unknown-row}, {@code batch-closed}, {@code
   * row-given-up}, and {@code in-progress} when certificates may still come for it.
   */
  Row reopen(
      UUID batch,
      String key,
      Function<Collection<UUID>, Set<UUID>> underWay,
      String reason,
      Actor actor);

  /**
   * As {@link #reopen}, but nothing comes of the row any more, and another may take its place in what was ordered. A row that
   * was given up stays so.
   */
  Row giveUp(
      UUID batch,
      String key,
      Function<Collection<UUID>, Set<UUID>> underWay,
      String reason,
      Actor actor);

  /** Rows after {@code cursor} in the order of their keys. */
  Page<Row> list(UUID batch, @Nullable String cursor, int limit);

  /** Takes nothing more from its commit on; what is under way is waited for by the caller. */
  Batch closing(UUID id, Actor actor);

  /** Closed for good, with its manifest's digest and signature; what was closed before stays as it is. */
  Batch closed(UUID id, Digest manifest, Der signature, Actor actor);

  /** The signature of a closed batch's manifest; refuses with {@code not-closed}. */
  Der signature(UUID id);
}
