package io.sallyport.door.radius;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.enforcement.AddressBindings;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.AddressBindings.Source;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.SessionReviews;
import io.sallyport.enforcement.Sessions;
import io.sallyport.enforcement.Sessions.Report;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * RADIUS accounting (RFC 2866): sessions begin, go on and end, and tell which address a device has. A point speaks for its
 * own sessions only, and for a device only with the Class that its admission was answered with.
 */
@Singleton
final class Accounting {
  private static final Pattern CAUSE = Pattern.compile("[A-Za-z0-9-]{1,64}");
  private static final Duration MARGIN = Duration.ofMinutes(1);
  private static final int INTERVALS_OF_SILENCE = 3;
  /** Addresses that one session may have: an IPv4 and a few of IPv6. */
  private static final int MOST_ADDRESSES = 16;

  private static final String DEFAULT_SEGMENT = "default";
  private static final String REFUSED = "address-refused";

  private final Sessions sessions;
  private final SessionReviews reviews;
  private final AddressBindings bindings;
  private final Audit audit;
  private final Keys keys;
  private final RadiusSettings settings;
  private final Counter unknown;
  private final Clock clock;

  Accounting(
      Sessions sessions,
      SessionReviews reviews,
      AddressBindings bindings,
      Audit audit,
      Keys keys,
      RadiusSettings settings,
      MeterRegistry meters,
      Clock clock) {
    this.sessions = sessions;
    this.reviews = reviews;
    this.bindings = bindings;
    this.audit = audit;
    this.keys = keys;
    this.settings = settings;
    this.unknown = Counter.builder("sallyport.radius.accounting.unknown")
        .description("Accounting of sessions that nobody let in here")
        .register(meters);
    this.clock = clock;
  }

  /** What it does not know, for instance sessions of others at the same RADIUS server, it leaves alone. */
  void note(EnforcementPoint point, RadiusAttributes told) {
    String status = told.one("Acct-Status-Type")
        .orElseThrow(() -> missing("Send exactly one Acct-Status-Type."));
    switch (status) {
      case "Start", "1", "Interim-Update", "Alive", "3" -> goesOn(point, told);
      case "Stop", "2" -> stops(point, told);
      case "Accounting-On", "7", "Accounting-Off", "8" -> restarts(point, told);
      default -> {}
    }
  }

  private void goesOn(EnforcementPoint point, RadiusAttributes told) {
    Station station = Station.of(told);
    String name = sessionName(station);
    Optional<Admission> admission = Admission.among(told.octets("Class"), point, station, keys);
    Instant expectedBy = clock.instant().plus(silence());
    Optional<Session> before = sessions.live(point.id(), name);
    Optional<Session> provisional =
        station.stationName().flatMap(own -> sessions.live(point.id(), own));
    Optional<Report> report = admission
        .map(admitted -> Attachments.report(station, name, admitted, expectedBy))
        .or(() -> before
            .or(() -> provisional)
            .map(session -> goingOn(session, station, name, expectedBy)));
    if (report.isEmpty()) {
      unknown.increment();
      return;
    }
    Session session = sessions.report(point, report.get());
    provisional
        .filter(own -> !own.id().equals(session.id()))
        .ifPresent(own -> sessions.end(own.id(), "it goes on as " + name));
    bind(point, session, report.get(), told, expectedBy);
    reviews.review(session);
  }

  /** Without Class: what is known of the session stands. */
  private static Report goingOn(Session known, Station station, String name, Instant expectedBy) {
    boolean same = known.name().equals(name);
    Map<String, String> attributes = new HashMap<>(same ? Map.of() : known.attributes());
    attributes.putAll(station.attributes());
    return new Report(
        known.device(),
        name,
        known.port(),
        known.permit(),
        attributes,
        same ? null : known.decision(),
        expectedBy);
  }

  private void bind(
      EnforcementPoint point,
      Session session,
      Report report,
      RadiusAttributes told,
      Instant until) {
    List<IpPrefix> addresses = addresses(told);
    if (addresses.isEmpty()) {
      bindings.live(session.device()).stream()
          .filter(binding -> session.id().equals(binding.session()))
          .forEach(binding -> bind(point, session, report, binding.address(), until));
      return;
    }
    List<String> texts = addresses.stream().map(IpPrefix::address).toList();
    for (AddressBinding binding : bindings.live(session.device())) {
      if (session.id().equals(binding.session())
          && !texts.contains(binding.address())
          && addresses.stream().anyMatch(address -> isSameFamily(address, binding.address()))) {
        bindings.withdraw(binding.id(), "the session has another address", actor(point));
      }
    }
    texts.forEach(address -> bind(point, session, report, address, until));
  }

  private void bind(
      EnforcementPoint point, Session session, Report report, String address, Instant until) {
    String segment = point.settings().parameters().getOrDefault("segment", DEFAULT_SEGMENT);
    try {
      bindings.bind(
          session.device(), address, segment, Source.ACCOUNTING, session.id(), until, actor(point));
    } catch (Refusal refusal) {
      conflict(point, session, report, address, refusal);
    }
  }

  /** Told once, not with every message: the NAS will repeat it for as long as the session lasts. */
  private void conflict(
      EnforcementPoint point, Session session, Report report, String address, Refusal refusal) {
    if (address.equals(session.attributes().get(REFUSED))) {
      return;
    }
    Map<String, String> attributes = new HashMap<>(report.attributes());
    attributes.put(REFUSED, address);
    sessions.report(
        point,
        new Report(
            report.device(),
            report.name(),
            report.port(),
            report.permit(),
            attributes,
            report.decision(),
            report.expectedBy()));
    audit.recordRefusal(Fact.of("address.refused", actor(point), "device", session.device())
        .with("address", address)
        .with("session", session.id())
        .with("problem", refusal.problem().slug()));
  }

  private void stops(EnforcementPoint point, RadiusAttributes told) {
    Station station = Station.of(told);
    String cause = told.visible("Acct-Terminate-Cause")
        .filter(CAUSE.asMatchPredicate())
        .map(text -> "the NAS ended it: " + text)
        .orElse("the NAS ended it");
    Stream.of(Optional.of(sessionName(station)), station.stationName())
        .flatMap(Optional::stream)
        .flatMap(name -> sessions.live(point.id(), name).stream())
        .forEach(session -> sessions.end(session.id(), cause));
  }

  /** A NAS that starts or stops has no sessions (RFC 2866 §5.1). */
  private void restarts(EnforcementPoint point, RadiusAttributes told) {
    String start = Station.of(told).start();
    List<Session> some;
    do {
      some = sessions.named(point.id(), start, Page.MOST);
      List<UUID> ids = some.stream().map(Session::id).toList();
      ids.forEach(id -> sessions.end(id, "the NAS started anew"));
    } while (some.size() == Page.MOST);
  }

  private Duration silence() {
    return settings.interim().multipliedBy(INTERVALS_OF_SILENCE).plus(MARGIN);
  }

  private static List<IpPrefix> addresses(RadiusAttributes told) {
    List<IpPrefix> addresses = new ArrayList<>();
    Stream.of("Framed-IP-Address", "Framed-IPv6-Address")
        .flatMap(name -> told.all(name).stream())
        .limit(MOST_ADDRESSES)
        .forEach(text -> {
          IpPrefix address = IpPrefix.parseAddress(text);
          if (address != null && !isPlaceholder(address)) {
            addresses.add(address);
          }
        });
    return addresses;
  }

  /** 0.0.0.0, and what RFC 2865 §5.8 has for "the user chooses" and "the NAS chooses". */
  private static boolean isPlaceholder(IpPrefix address) {
    String text = address.address();
    return text.equals("0.0.0.0")
        || text.equals("::")
        || text.equals("255.255.255.255")
        || text.equals("255.255.255.254");
  }

  private static boolean isSameFamily(IpPrefix address, String other) {
    return address.isFour() == (other.indexOf(':') < 0);
  }

  private static String sessionName(Station station) {
    if (station.session() == null) {
      throw missing("Send one Acct-Session-Id of 1 to 128 visible characters.");
    }
    return station.start() + station.session();
  }

  private static Actor actor(EnforcementPoint point) {
    return Actor.enforcementPoint(point.name());
  }

  private static Refusal missing(String detail) {
    return new Refusal(RadiusProblem.MISSING_ATTRIBUTE, detail);
  }
}
