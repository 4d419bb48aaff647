package io.sallyport.devices;

import io.sallyport.kernel.Refusal;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a manufacturer's anchor counts for. Empty or null means no limit.
 *
 * @param models at most 64 models
 * @param serialNumbers at most 64 patterns
 * @param notBefore from when it counts, beside its own validity
 * @param notAfter until when it counts
 * @param listsRequired whether each authority on the way must have a current revocation list here; what a list names is
 *     refused in any case
 */
public record AnchorTerms(
    List<String> models,
    List<SerialPattern> serialNumbers,
    @Nullable Instant notBefore,
    @Nullable Instant notAfter,
    boolean listsRequired) {
  public static final AnchorTerms NONE = new AnchorTerms(List.of(), List.of(), null, null, false);

  private static final int MOST = 64;

  public AnchorTerms {
    models = List.copyOf(models);
    serialNumbers = List.copyOf(serialNumbers);
    if (models.size() > MOST || serialNumbers.size() > MOST) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR,
          "An anchor names at most " + MOST + " models and as many patterns of serial numbers.");
    }
    models.forEach(model -> RegistrationRules.name("models", model));
    if (notBefore != null && notAfter != null && !notBefore.isBefore(notAfter)) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR, "An anchor cannot end to count before it begins.");
    }
  }

  boolean countsAt(Instant time) {
    return (notBefore == null || !time.isBefore(notBefore))
        && (notAfter == null || time.isBefore(notAfter));
  }

  /** Whether serial numbers such as this one are within the terms. */
  public boolean coversSerialNumber(String serialNumber) {
    return serialNumbers.isEmpty()
        || serialNumbers.stream().anyMatch(pattern -> pattern.matches(serialNumber));
  }

  /** Whether units of this model are within the terms. */
  public boolean coversModel(String model) {
    return models.isEmpty() || models.contains(model);
  }
}
