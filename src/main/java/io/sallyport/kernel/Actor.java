package io.sallyport.kernel;

import java.util.UUID;

/**
 * Who acts.
 *
 * @param id the operator's or enforcement point's, station's or registration authority's name, the device's id, or {@code server}
 */
public record Actor(Kind kind, String id) {
  /** The server itself: timers, first start, recovery. */
  public static final Actor SERVER = new Actor(Kind.SERVER, "server");

  /** The kinds of actor. */
  public enum Kind {
    SERVER,
    OPERATOR,
    DEVICE,
    ENFORCEMENT_POINT,
    STATION,
    REGISTRATION_AUTHORITY
  }

  public static Actor operator(String name) {
    return new Actor(Kind.OPERATOR, name);
  }

  public static Actor device(UUID id) {
    return new Actor(Kind.DEVICE, id.toString());
  }

  public static Actor enforcementPoint(String name) {
    return new Actor(Kind.ENFORCEMENT_POINT, name);
  }

  public static Actor registrationAuthority(String name) {
    return new Actor(Kind.REGISTRATION_AUTHORITY, name);
  }

  public static Actor station(String name) {
    return new Actor(Kind.STATION, name);
  }

  @Override
  public String toString() {
    return kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + ":" + id;
  }
}
