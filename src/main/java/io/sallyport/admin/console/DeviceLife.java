package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.LogEntry;
import io.sallyport.decommission.Replacements;
import io.sallyport.decommission.Replacements.Replacement;
import io.sallyport.devices.CloneAlarms.Sign;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.enrollment.Ownerships;
import io.sallyport.enrollment.Ownerships.Act;
import io.sallyport.enrollment.Ownerships.Entry;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whose a device was, whose place it took, and signs that it exists twice. */
@Singleton
final class DeviceLife {
  private static final int SIGNS = 5;

  private final Ownerships ownerships;
  private final Replacements replacements;
  private final AuditLog log;
  private final Caller caller;

  DeviceLife(Ownerships ownerships, Replacements replacements, AuditLog log, Caller caller) {
    this.ownerships = ownerships;
    this.replacements = replacements;
    this.log = log;
    this.caller = caller;
  }

  /**
   * For the device's page.
   *
   * @param history newest first
   * @param released whether somebody may claim it
   * @param releasable whether its state lets it be released
   * @param signs newest first; none for whoever may not read the log
   */
  record View(
      List<Entry> history,
      boolean released,
      boolean releasable,
      @Nullable Place place,
      List<LogEntry> signs) {}

  /** Whose place it took, or who took its. */
  record Place(String sentence, UUID other, Replacement replacement) {}

  View of(Device device) {
    List<Entry> history = ownerships.history(device.id()).reversed();
    return new View(
        history,
        !history.isEmpty() && history.getFirst().act() == Act.RELEASED,
        device.state() == DeviceState.EXPECTED || device.state() == DeviceState.ACTIVE,
        replacements
            .find(device.id())
            .map(found -> found.failed().equals(device.id())
                ? new Place("Its place was taken by", found.spare(), found)
                : new Place("It took the place of", found.failed(), found))
            .orElse(null),
        caller.may(Right.READ_AUDIT) ? signs(device.id()) : List.of());
  }

  private List<LogEntry> signs(UUID device) {
    return Stream.of(Sign.values())
        .flatMap(sign ->
            log.newest(Long.MAX_VALUE, SIGNS, device.toString(), sign.kind()).items().stream())
        .sorted(Comparator.comparingLong(LogEntry::position).reversed())
        .limit(SIGNS)
        .toList();
  }
}
