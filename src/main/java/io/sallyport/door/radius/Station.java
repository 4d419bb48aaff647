package io.sallyport.door.radius;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Refusal;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a device is attached, as its network access server (NAS) says.
 *
 * @param nas the address of the NAS in one spelling, or its identifier
 * @param station the device's address at the NAS, one spelling for what is a MAC address; empty when it says none
 * @param session Acct-Session-Id, or null
 * @param attributes what finds the session again at the NAS
 */
record Station(
    String nas, String station, @Nullable String session, Map<String, String> attributes) {
  static final String NAS = "nas";
  static final String NAS_IDENTIFIER = "nas-identifier";
  static final String CALLING_STATION_ID = "calling-station-id";
  static final String ACCT_SESSION_ID = "acct-session-id";
  static final String USER_NAME = "user-name";

  private static final Pattern SESSION = Pattern.compile("[\\x21-\\x7e]{1,128}");
  private static final Pattern IDENTIFIER = Pattern.compile("[\\x21-\\x7e]{1,64}");
  private static final Pattern SEPARATORS = Pattern.compile("[-:. ]");
  private static final Pattern MAC = Pattern.compile("[0-9A-F]{12}");

  Station {
    attributes = Map.copyOf(attributes);
  }

  /** Refuses with {@code missing-attribute} when no NAS is named. */
  static Station of(RadiusAttributes told) {
    Optional<String> address = told.visible("NAS-IP-Address")
        .or(() -> told.visible("NAS-IPv6-Address"))
        .flatMap(Station::address);
    Optional<String> identifier =
        told.visible("NAS-Identifier").filter(IDENTIFIER.asMatchPredicate());
    String nas = address
        .or(() -> identifier)
        .orElseThrow(() -> new Refusal(
            RadiusProblem.MISSING_ATTRIBUTE,
            "Send NAS-IP-Address, NAS-IPv6-Address or a NAS-Identifier of up to 64 characters."));
    Map<String, String> attributes = new HashMap<>();
    address.ifPresent(value -> attributes.put(NAS, value));
    identifier.ifPresent(value -> attributes.put(NAS_IDENTIFIER, value));
    told.visible("Calling-Station-Id")
        .ifPresent(value -> attributes.put(CALLING_STATION_ID, value));
    Optional<String> session = told.visible("Acct-Session-Id").filter(SESSION.asMatchPredicate());
    session.ifPresent(value -> attributes.put(ACCT_SESSION_ID, value));
    told.visible("User-Name").ifPresent(value -> attributes.put(USER_NAME, value));
    return new Station(
        nas,
        told.visible("Calling-Station-Id").map(Station::spelt).orElse(""),
        session.orElse(null),
        attributes);
  }

  private static Optional<String> address(String text) {
    return Optional.ofNullable(IpPrefix.parseAddress(text)).map(IpPrefix::address);
  }

  private static String spelt(String calling) {
    String bare = SEPARATORS.matcher(calling).replaceAll("").toUpperCase(Locale.ROOT);
    return MAC.matcher(bare).matches() ? bare : calling;
  }

  /** What the names of all this NAS's sessions start with: its session ids are its own only. */
  String start() {
    return nas + " ";
  }

  /** The name of the session, or empty when neither session nor station is told. */
  Optional<String> name() {
    return session != null ? Optional.of(start() + session) : stationName();
  }

  /** The name that the session has until its Acct-Session-Id is known. */
  Optional<String> stationName() {
    return station.isEmpty()
        ? Optional.empty()
        : Optional.of(
            start() + "station " + (station.length() > 100 ? station.substring(0, 100) : station));
  }

  boolean isSameStation(Map<String, String> others) {
    String calling = others.get(CALLING_STATION_ID);
    return !station.isEmpty()
        && calling != null
        && spelt(calling).equals(station)
        && nas.equals(others.getOrDefault(NAS, others.getOrDefault(NAS_IDENTIFIER, "")));
  }
}
