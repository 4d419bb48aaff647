package io.sallyport.devices;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reference values for the platform configuration registers of a TPM. The PCRs that are named are the selection that a
 * quote must have, neither more nor less.
 *
 * @param banks by the name of the bank, then by the number of the PCR, the values that it may have in lower-case
 *     hexadecimal
 */
public record PcrReferences(SortedMap<String, SortedMap<Integer, List<String>>> banks) {
  public static final PcrReferences NONE = new PcrReferences(new TreeMap<>());

  private static final Map<String, Integer> DIGITS = Map.of("sha256", 64, "sha384", 96);
  private static final Pattern PCR = Pattern.compile("[0-9]|1[0-9]|2[0-3]");
  private static final Pattern HEX = Pattern.compile("[0-9a-f]+");

  /** One for each version of firmware that is in the field; more are a sign that the PCR says nothing. */
  private static final int MOST_VALUES = 64;

  public PcrReferences {
    SortedMap<String, SortedMap<Integer, List<String>>> copy = new TreeMap<>();
    banks.forEach((bank, pcrs) -> {
      SortedMap<Integer, List<String>> values = new TreeMap<>();
      pcrs.forEach((pcr, accepted) -> values.put(pcr, List.copyOf(accepted)));
      copy.put(bank, Collections.unmodifiableSortedMap(values));
    });
    banks = Collections.unmodifiableSortedMap(copy);
  }

  public boolean isEmpty() {
    return banks.isEmpty();
  }

  /** Reads them strictly; the exception's message is a path and a sentence. */
  static PcrReferences of(
      Map<String, @Nullable Map<String, @Nullable List<@Nullable String>>> written) {
    SortedMap<String, SortedMap<Integer, List<String>>> banks = new TreeMap<>();
    written.forEach((bank, pcrs) -> {
      Integer digits = DIGITS.get(bank);
      if (digits == null) {
        throw new IllegalArgumentException(
            ": the bank must be sha256 or sha384; SHA-1 is refused and others are not supported.");
      }
      if (pcrs == null || pcrs.isEmpty()) {
        throw new IllegalArgumentException("." + bank + " must name at least one PCR.");
      }
      SortedMap<Integer, List<String>> references = new TreeMap<>();
      pcrs.forEach((pcr, values) -> {
        if (!PCR.matcher(pcr).matches()) {
          throw new IllegalArgumentException("." + bank + ": a PCR is a number from 0 to 23.");
        }
        references.put(Integer.valueOf(pcr), accepted("." + bank + "." + pcr, digits, values));
      });
      banks.put(bank, references);
    });
    return new PcrReferences(banks);
  }

  private static List<String> accepted(
      String path, int digits, @Nullable List<@Nullable String> values) {
    if (values == null || values.isEmpty() || values.size() > MOST_VALUES) {
      throw new IllegalArgumentException(
          path + " must list 1 to " + MOST_VALUES + " values that it may have.");
    }
    return values.stream()
        .map(value -> {
          if (value == null || value.length() != digits || !HEX.matcher(value).matches()) {
            throw new IllegalArgumentException(
                path + ": a value has " + digits + " lower-case hexadecimal digits, in quotes.");
          }
          return value;
        })
        .distinct()
        .toList();
  }
}
