package io.sallyport.devices;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Manufacturers and their trust anchors. */
public interface Manufacturers {
  /** Registers a manufacturer with 1 to 16 CA certificates as anchors; each anchor belongs to one manufacturer only. */
  Manufacturer add(String name, List<Der> anchors, Actor actor);

  Optional<Manufacturer> find(String name);

  Page<Manufacturer> list(@Nullable String cursor, int limit);

  /** One more anchor; at most 16 count at a time. Refuses a certificate whose key was distrusted. */
  Manufacturer addAnchor(String manufacturer, Der certificate, AnchorTerms terms, Actor actor);

  /** Other terms for an anchor, from now on; what it admitted stays. */
  Manufacturer changeAnchor(String manufacturer, Digest anchor, AnchorTerms terms, Actor actor);

  /** Forgets an anchor; one that was distrusted is kept, so that it stays shut. */
  Manufacturer removeAnchor(String manufacturer, Digest anchor, Actor actor);

  /**
   * Takes the next whole revocation list of an anchor, or of an authority under it that chains brought; refuses with
   * {@code invalid-revocation-list} what is not signed by its issuer, older than the one here, or not whole.
   */
  Manufacturer takeList(String manufacturer, Digest anchor, Der list, Actor actor);

  /**
   * Whose device this IDevID chain is, validated to one registered anchor at the present time (RFC 5280 §6); empty when it
   * leads to none. Authorities that an earlier chain brought may be left out.
   *
   * @param chain leaf first, as TLS gave it
   */
  Optional<Recognition> whose(List<X509Certificate> chain);

  /** Those that sign a manufacturer's IDevIDs and are trusted, as far as they are known: its anchors and what chains brought under them. */
  List<X509Certificate> authorities(String manufacturer);

  /**
   * Refuses with {@code distrusted-anchor}, {@code outside-anchor}, {@code revoked-idevid} or {@code no-current-list} what
   * leads to an anchor and may not be taken.
   */
  void requireStanding(Recognition recognition);
}
