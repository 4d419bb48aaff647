package io.sallyport.keys;

import java.util.List;

/**
 * A column of values from {@link Keys#seal}, so that a change of the master key reaches them. Whoever has such a column
 * has a bean of this for it. All parts are SQL.
 */
public final class SealedColumn {
  private final String table;
  private final String column;
  private final List<String> primaryKey;
  private final String context;

  private SealedColumn(String table, String column, List<String> primaryKey, String context) {
    this.table = table;
    this.column = column;
    this.primaryKey = List.copyOf(primaryKey);
    this.context = context;
  }

  /** @param context gives from a row what was given to {@link Keys#seal} as its context */
  public static SealedColumn of(
      String table, String column, List<String> primaryKey, String context) {
    return new SealedColumn(table, column, primaryKey, "'secret:' || " + context);
  }

  /** The private keys themselves. */
  static SealedColumn ofKeys() {
    return new SealedColumn("signing_key", "sealed_private_key", List.of("id"), "'key:' || id");
  }

  /** Table and column with a dot between them. */
  public String name() {
    return table + "." + column;
  }

  String table() {
    return table;
  }

  String column() {
    return column;
  }

  List<String> primaryKey() {
    return primaryKey;
  }

  String context() {
    return context;
  }
}
