package io.sallyport.policy;

import static io.sallyport.policy.YamlReader.quoted;

import io.sallyport.policy.AccessPolicy.Effect;
import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.Terms.BreakGlass;
import io.sallyport.policy.Terms.Waiver;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads {@code during}, {@code exceptions} and {@code breakGlass}. Refuses as {@link PolicyReader} does. */
final class TermsReader {
  private static final int MOST_WINDOWS = 32;
  private static final int MOST_EXCEPTIONS = 32;
  private static final int MOST_DEVICES = 256;
  private static final int DAYS = 7;
  /** A device's id. */
  private static final int ID = 36;

  private TermsReader() {}

  static Terms read(YamlValue spec, Effect effect) {
    Optional<YamlValue> breakGlass = spec.find("breakGlass");
    if (breakGlass.isPresent() && effect == Effect.FORBID) {
      throw breakGlass.get().fault("a policy with effect: forbid permits nothing; leave it out");
    }
    List<Window> windows = new ArrayList<>();
    spec.find("during")
        .ifPresent(value -> value.items(MOST_WINDOWS).forEach(item -> windows.add(window(item))));
    List<Waiver> exceptions = new ArrayList<>();
    spec.find("exceptions")
        .ifPresent(value ->
            value.items(MOST_EXCEPTIONS).forEach(item -> exceptions.add(waiver(item, effect))));
    return new Terms(
        windows, exceptions, breakGlass.map(TermsReader::breakGlass).orElse(null));
  }

  private static BreakGlass breakGlass(YamlValue value) {
    value.section("owner", "reason", "until");
    return new BreakGlass(
        value.need("owner").text(PolicyReader.MOST_TEXT),
        value.need("reason").text(PolicyReader.MOST_TEXT),
        value.need("until").instant());
  }

  private static Waiver waiver(YamlValue value, Effect effect) {
    boolean forbid = effect == Effect.FORBID;
    if (forbid) {
      value.section("owner", "reason", "until", "selector", "devices");
    } else {
      value.section("owner", "reason", "until", "selector", "devices", "waives");
    }
    Optional<Selector> selector = value.find("selector").map(PolicyReader::selector);
    Set<String> devices = new HashSet<>();
    value
        .find("devices")
        .ifPresent(all -> all.items(MOST_DEVICES).forEach(id -> devices.add(id.text(ID))));
    if (devices.isEmpty() && selector.orElse(Selector.ALL).equals(Selector.ALL)) {
      throw value.fault("needs a selector or devices; an exception for all is another policy");
    }
    Set<String> waives = new HashSet<>();
    if (!forbid) {
      value
          .need("waives")
          .items(2)
          .forEach(item -> waives.add(item.word(List.of("posture", "conditions"))));
    }
    return new Waiver(
        value.need("owner").text(PolicyReader.MOST_TEXT),
        value.need("reason").text(PolicyReader.MOST_TEXT),
        value.need("until").instant(),
        selector.orElse(Selector.ALL),
        devices,
        waives.contains("posture"),
        waives.contains("conditions"));
  }

  private static Window window(YamlValue value) {
    if (value.find("until").isPresent()) {
      value.section("from", "until");
      Instant from = value.need("from").instant();
      Instant until = value.need("until").instant();
      if (!from.isBefore(until)) {
        throw value.fault("ends before it begins");
      }
      return new Window.Span(from, until);
    }
    value.section("days", "from", "to", "zone", "until");
    Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    List<String> words =
        List.of(DayOfWeek.values()).stream().map(Window.Weekly::word).toList();
    value
        .find("days")
        .ifPresentOrElse(
            all -> all.items(DAYS)
                .forEach(day -> days.add(DayOfWeek.of(1 + words.indexOf(day.word(words))))),
            () -> days.addAll(List.of(DayOfWeek.values())));
    return new Window.Weekly(
        days,
        hour(value.need("from")),
        hour(value.need("to")),
        value.find("zone").map(TermsReader::zone).orElse(ZoneId.of("UTC")));
  }

  private static LocalTime hour(YamlValue value) {
    String text = value.text(PolicyReader.MOST_TEXT);
    if (!text.matches("([01][0-9]|2[0-3]):[0-5][0-9]")) {
      throw value.fault(
          quoted(text) + " is not a time of day, from \"00:00\" to \"23:59\", in quotes");
    }
    return LocalTime.parse(text);
  }

  private static ZoneId zone(YamlValue value) {
    String text = value.text(PolicyReader.MOST_TEXT);
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw value.fault(quoted(text) + " is not a time zone, for instance Europe/Berlin");
    }
  }
}
