package io.sallyport.pki;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The certification authorities of this server: {@code root}, {@code devices} and {@code internal}. */
public interface Authorities {
  String ROOT = "root";
  String DEVICES = "devices";
  String INTERNAL = "internal";

  /**
   * An authority.
   *
   * @param issuer the name of the authority that certified it; its own for a root
   * @param key the signing key, or null for a root whose key is kept elsewhere
   */
  record Authority(String name, String issuer, @Nullable UUID key, Der certificate) {
    /** The signing key; refuses with {@code not-supported} when it is kept elsewhere. */
    public UUID signingKey() {
      if (key == null) {
        throw new Refusal(
            CommonProblem.NOT_SUPPORTED,
            "The key of authority \"" + name + "\" is kept elsewhere.");
      }
      return key;
    }
  }

  /**
   * Makes an authority with a key of its own, or answers the one of that name. A root certifies itself; any other is
   * certified by {@code issuer}. Opens its own transactions.
   *
   * @param issuer the name of a certified authority, or {@code name} for a root
   * @param distinguishedName in RFC 4514 form
   */
  Authority establish(
      String name,
      String issuer,
      String distinguishedName,
      KeyAlgorithm algorithm,
      Duration validity);

  /**
   * The PKCS #10 request by which a root that is kept elsewhere certifies an authority of this server. The key is made
   * once; asked again, the request is for the same key.
   */
  Der request(String name, String issuer, String distinguishedName, KeyAlgorithm algorithm);

  /**
   * Takes up a root that is kept elsewhere and the authorities that it certified, all or none. Refuses with {@code
   * bad-authority-certificate} what does not fit a key, the root, or the use.
   *
   * @param certified certificates by the names that {@link #request} was called with
   */
  void adopt(String rootName, Der root, Map<String, Der> certified);

  Optional<Authority> find(String name);

  /** The authority; refuses with {@code not-found}. */
  Authority get(String name);

  List<Authority> list();

  /** The certificates from this authority to the root, its own first. */
  List<Der> chain(String name);
}
