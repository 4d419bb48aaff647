package io.sallyport.people;

import io.sallyport.people.Operators.Operator;
import java.util.Optional;

/**
 * Sessions of people in the console: an opaque random token each, of which only the digest is kept, so that a session is
 * good on every node and ends on all of them at once. Ends after 30 minutes without a request; after 12 hours in any case
 * when it is an operator's who is registered here, after one hour when it is a realm's, which is then asked again.
 */
public interface ConsoleSessions {
  /** Where an operator comes from. */
  enum Origin {
    /** Registered here; roles and sites are those at the time of each request. */
    REGISTERED,
    /** From a realm; roles and sites are those at sign-in. */
    REALM
  }

  /** Begins a session and answers its token. Beyond 20 sessions the operator's oldest ends. */
  String begin(Operator operator, Origin origin);

  /** Whose session this is; a use within its idle time prolongs it. */
  Optional<Operator> recognise(String token);

  /** Ends a session; one that has ended is left alone. */
  void end(String token);
}
