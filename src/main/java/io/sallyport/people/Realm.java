package io.sallyport.people;

import io.sallyport.people.Operators.Operator;
import java.net.URI;
import java.util.Optional;

/**
 * The realm that people come from when {@code sallyport.oidc.url} is set (OpenID Connect Core 1.0, RFC 7636). Their names
 * begin with {@code oidc:}, which no operator's may. Roles are the realm's roles and those of the audience's client, by
 * word; sites are the groups below {@code /sites/}. The realm is asked when somebody comes, never at start.
 */
public interface Realm {
  /** Where a browser is sent to sign in, and what it must bring back. */
  record Departure(URI place, String flow) {
    /** Without the secret. */
    @Override
    public String toString() {
      return "Departure[" + place.getHost() + "]";
    }
  }

  /** Whether one is configured. */
  boolean enabled();

  /** What is wrong with the settings, in one sentence. */
  Optional<String> fault();

  /**
   * Who a bearer token (RFC 9068) speaks for; refuses with {@code wrong-credentials} whatever is not a live token of this
   * realm for this server, and with {@code realm-away} while the realm's keys cannot be fetched.
   */
  Operator byBearer(String token);

  /** Begins the code flow with PKCE; refuses with {@code realm-away}. */
  Departure depart(URI callback);

  /**
   * Ends the code flow with what the realm sent back; refuses with {@code realm-refused} or {@code realm-away}.
   *
   * @param flow what {@link #depart} gave, good for ten minutes
   */
  Operator arrive(String flow, URI callback, String state, String code);

  /** Where a browser signs out of the realm, if the realm says so and can be reached. */
  Optional<URI> departure(URI back);
}
