package io.sallyport.devices;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
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

  /**
   * Whose device this IDevID chain is, validated to one registered anchor at the present time (RFC 5280 §6); empty when it
   * leads to none.
   *
   * @param chain leaf first, as TLS gave it
   */
  Optional<Manufacturer> whose(List<X509Certificate> chain);
}
