package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The certification authorities of this server: {@code root}, {@code devices} and {@code internal}. */
public interface Authorities {
  String ROOT = "root";
  String DEVICES = "devices";
  String INTERNAL = "internal";

  /**
   * An authority.
   *
   * @param issuer the name of the authority that certified it; its own for a root
   */
  record Authority(String name, String issuer, UUID key, Der certificate) {}

  /**
   * Makes an authority with a key of its own, or answers the one of that name. A root certifies itself; any other is
   * certified by {@code issuer}. Opens its own transactions.
   *
   * @param issuer the name of a certified authority, or {@code name} for a root
   * @param distinguishedName in RFC 4514 form
   */
  Authority establish(
      String name, String issuer, String distinguishedName, KeyAlgorithm algorithm, Duration validity);

  Optional<Authority> find(String name);

  /** The authority; refuses with {@code not-found}. */
  Authority get(String name);

  List<Authority> list();

  /** The certificates from this authority to the root, its own first. */
  List<Der> chain(String name);
}
