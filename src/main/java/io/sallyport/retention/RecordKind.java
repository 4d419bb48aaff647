package io.sallyport.retention;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The records that are kept in partitions. */
public enum RecordKind {
  /** What the facts of the log say; their leaf hashes and the tiles stay. */
  FACTS("fact", "at", true),
  /** The lines of the decision log; their digests are facts. */
  DECISIONS("decision", "at", true),
  /** What decisions were computed from; kept as long as they are. */
  INPUTS("decision_inputs", "at", true),
  /** The octets of certificates, by the year in which they end; their serial numbers and key digests stay. */
  CERTIFICATES("certificate_body", null, false);

  private final String table;
  private final @Nullable String time;
  private final boolean growing;

  RecordKind(String table, @Nullable String time, boolean growing) {
    this.table = table;
    this.time = time;
    this.growing = growing;
  }

  /** The partitioned table. */
  String table() {
    return table;
  }

  /** The column that says when a record was made, or null where the partition itself says it. */
  @Nullable
  String time() {
    return time;
  }

  /** Whether partitions are made as time goes on; otherwise all are there from the beginning. */
  boolean growing() {
    return growing;
  }

  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
