package io.sallyport.devices;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where manufacturers' revocation lists are fetched from. A list is fetched again before it ends, at the latest after a day;
 * what comes is taken as one that was handed in ({@link Manufacturers#takeList}). Whether devices are admitted without a
 * current one is in the anchor's terms.
 */
public interface ListSources {
  /**
   * An address and what came of it.
   *
   * @param failure why the last attempt came to nothing, or null
   */
  record ListSource(
      String url,
      Instant nextAt,
      @Nullable Instant fetchedAt,
      @Nullable String failure) {}

  /**
   * The addresses of an anchor, at most eight, from now on: http or https, on a host that the server's settings allow.
   * Each is asked at once. Refuses with {@code invalid-list-source}.
   */
  List<ListSource> set(String manufacturer, Digest anchor, List<String> urls, Actor actor);

  List<ListSource> of(String manufacturer, Digest anchor);
}
