package io.sallyport.pki;

import io.sallyport.kernel.Der;
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

  Optional<Authority> find(String name);

  /** The authority; refuses with {@code not-found}. */
  Authority get(String name);

  List<Authority> list();

  /** The certificates from this authority to the root, its own first. */
  List<Der> chain(String name);
}
