package io.sallyport.people;

import io.sallyport.kernel.Actor;
import java.util.List;
import java.util.Set;

/**
 * Makes the realm what this server needs, through Keycloak's administration interface: clients, roles of the API's client, mappers,
 * and groups for sites. Touches nothing that it does not need, so that a realm may serve others too. Refuses with {@code realm-away},
 * {@code realm-refused}, or {@code not-supported} when no administrator is configured.
 */
public interface RealmSetup {
  /** The client whose callers sign in to the command line by the device grant (RFC 8628). */
  String COMMAND_LINE = "sallyport-cli";

  /** What an enforcement point's service client is called, followed by the point's name. */
  String POINT_PREFIX = "sallyport-point-";

  /**
   * What the realm must know of this server.
   *
   * @param consoles origins at which people open the console, such as {@code https://sallyport.plant.example:9443}
   * @param sites that get a group below {@code /sites}
   */
  record Wanted(Set<String> consoles, Set<String> sites) {
    public Wanted {
      consoles = Set.copyOf(consoles);
      sites = Set.copyOf(sites);
    }
  }

  /** A service client with its secret, told once. */
  record ServiceClient(String clientId, String secret) {
    /** Without the secret. */
    @Override
    public String toString() {
      return "ServiceClient[" + clientId + "]";
    }
  }

  /**
   * Applies what differs and answers it, one sentence each; nothing when the realm is as wanted.
   *
   * @param dryRun to answer what would be done, and do nothing
   */
  List<String> apply(Wanted wanted, boolean dryRun, Actor actor);

  /** Makes the service client (RFC 6749 §4.4) of an enforcement point, or enables it again; always with a new secret. */
  ServiceClient admitPoint(String point, Actor actor);

  /** Gives a point's service client a new secret; the old one is worth nothing from then on. */
  ServiceClient rotatePoint(String point, Actor actor);

  /** Disables the service client of a point, which need not be registered any more; idempotent. */
  void disablePoint(String point, Actor actor);
}
