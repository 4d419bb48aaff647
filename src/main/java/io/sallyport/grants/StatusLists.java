package io.sallyport.grants;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Status list tokens (draft-ietf-oauth-status-list): which grants were withdrawn before their end, for whoever checks offline. */
public interface StatusLists {
  /** The media type of {@link Published#token}. */
  String MEDIA_TYPE = "application/statuslist+jwt";

  /** The path of a list under {@link Grants#issuer} is this and its number. */
  String PATH = "/oauth2/status/";

  /**
   * Law 5: what was withdrawn before stands in every list that is not at its {@code exp}; nobody who keeps to that takes a
   * withdrawn grant for longer.
   */
  Duration BOUND = Duration.ofSeconds(15);

  /**
   * A signed list.
   *
   * @param reuse how long it may be kept before a newer one is to be asked for
   */
  record Published(String token, Duration reuse) {}

  /** The URLs of the lists on which a token that lives may have its place. Reads the database. */
  List<String> addresses();

  /**
   * The list of this number, or empty when there is none. Reads the database. Refuses with {@code unavailable} while
   * withdrawals are behind.
   */
  Optional<Published> published(int list);
}
