package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The certification authorities of this server: {@code root}, {@code devices} and {@code internal} from the first start,
 * and those that people made since.
 */
public interface Authorities {
  String ROOT = "root";
  String DEVICES = "devices";
  String INTERNAL = "internal";

  /**
   * An authority.
   *
   * @param issuer the name of the authority that certified it; its own for a root
   * @param key the signing key, or null for a root whose key is kept elsewhere
   * @param distrust null while it may certify
   * @param successor who certifies in its place from {@code successorFrom} on, or null
   * @param crosses its key, certified by other roots that follow it or that it follows
   */
  record Authority(
      String name,
      String issuer,
      @Nullable UUID key,
      Der certificate,
      @Nullable Distrust distrust,
      @Nullable String successor,
      @Nullable Instant successorFrom,
      List<Cross> crosses) {
    public Authority {
      crosses = List.copyOf(crosses);
    }

    /** Whether another one certifies in its place. */
    boolean isSucceededAt(Instant time) {
      return successor != null
          && successorFrom != null
          && (distrust != null || !time.isBefore(successorFrom));
    }

    public boolean isRoot() {
      return issuer.equals(name);
    }

    /** The signing key; refuses with {@code not-supported} when it is kept elsewhere. */
    public UUID signingKey() {
      if (key == null) {
        throw new Refusal(
            CommonProblem.NOT_SUPPORTED,
            "The key of authority \"" + name + "\" is kept elsewhere.");
      }
      return key;
    }

    /** Refuses with {@code authority-revoked} when it may certify nothing more. */
    public void requireTrusted() {
      if (distrust != null) {
        throw new Refusal(
            PkiProblem.AUTHORITY_REVOKED,
            "Authority \"" + name + "\" was revoked at " + distrust.at
                + " and certifies nothing more.");
      }
    }
  }

  /** A root's certificate by another root (RFC 4210 §4.4). */
  record Cross(String issuer, Der certificate) {}

  /**
   * Why nothing that an authority certified counts any more.
   *
   * @param with the authority that was revoked: itself, or one above it
   */
  record Distrust(Instant at, RevocationReason reason, String with) {}

  /**
   * An authority to be.
   *
   * @param name lower-case letters, digits and hyphens; part of addresses in certificates, and never used again
   * @param issuer who certifies it; its own name for a root
   * @param distinguishedName the attributes in the order of the certificate, the most significant first
   * @param validity null for as long as is usual, 20 years for a root and 5 for others, and its issuer permits
   */
  record Plan(
      String name,
      String issuer,
      String distinguishedName,
      KeyAlgorithm algorithm,
      @Nullable Duration validity,
      CaTerms terms) {
    boolean isRoot() {
      return issuer.equals(name);
    }
  }

  /** One that has a key here and waits for its certificate from where its issuer's key is. */
  record Requested(String name, String issuer, Der request) {}

  /** A revocation list that was signed elsewhere and is served from now on. */
  record ImportedList(
      String authority, long number, Instant thisUpdate, Instant nextUpdate, int entries) {}

  /**
   * An authority that was revoked.
   *
   * @param authorities its own name, and those of all below it, which ended with it
   * @param toDo what has to be done elsewhere, or null
   */
  record Ended(
      Authority authority,
      List<String> authorities,
      @Nullable String toDo) {
    public Ended {
      authorities = List.copyOf(authorities);
    }
  }

  /**
   * What stands on an authority: live certificates by it and by those below it.
   *
   * @param authorities its own name, and those of all below it
   * @param certificates by kind of subject, for instance {@code device}
   * @param subjects how many of a kind have at least one
   * @param toDo what has to be done elsewhere after a revocation, or null
   */
  record Report(
      Authority authority,
      List<String> authorities,
      Map<String, Long> certificates,
      Map<String, Long> subjects,
      @Nullable String toDo) {
    public Report {
      authorities = List.copyOf(authorities);
      certificates = Map.copyOf(certificates);
      subjects = Map.copyOf(subjects);
    }
  }

  /** What came of making an authority. */
  sealed interface Made {
    record Certified(Authority authority) implements Made {}

    record Waiting(Requested requested) implements Made {}
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

  /**
   * Makes an authority with a key of its own and has it certified, or makes the request for its certificate when the
   * issuer's key is kept elsewhere. The same plan again is the same authority. Opens its own transactions.
   *
   * <p>Refuses with {@code authority-exists} another plan under a name that was used, and with {@code invalid-authority}
   * what its issuer does not permit: path length, validity, policies, name constraints.
   */
  Made create(Plan plan, Actor actor);

  /** Adds a root whose key is kept elsewhere; refuses with {@code bad-authority-certificate} what is none. */
  Authority addRoot(String name, Der certificate, Actor actor);

  /** Hands in the certificate that an authority waits for; refuses with {@code bad-authority-certificate}. */
  Authority certify(String name, Der certificate, Actor actor);

  /** Hands in the next list of a root whose key is kept elsewhere; refuses with {@code bad-revocation-list}. */
  ImportedList takeList(String name, Der list, Actor actor);

  /**
   * Ends an authority for good: it signs nothing more but status, its certificate is revoked by its issuer if that one's
   * key is here, and nothing that it or an authority below it certified counts any more. Idempotent: the first time and
   * reason stay. Refuses with {@code not-supported} a root, which nobody can revoke. Opens its own transactions. Costs the
   * same however much stands on it (law 11); {@link #report} counts that.
   */
  Ended revoke(String name, RevocationReason reason, Actor actor);

  /**
   * Puts {@code successor} in the place of an authority from a moment on, at once when none is given or when the old one
   * is revoked; the old one goes on telling status. Roots certify each other. Refuses with {@code invalid-authority}
   * what cannot follow it. Opens its own transactions.
   */
  Authority succeed(String name, String successor, @Nullable Instant from, Actor actor);

  /** Who certifies now where a certificate profile names this one: itself or, of its successors, the one whose time came. */
  Authority issuing(String name);

  /** What stands on an authority, counted now. */
  Report report(String name);

  /** The key identifiers of those whose certificates do not count any more, in lower-case hex; read from the database. */
  Set<String> readDistrustedKeys();

  /**
   * By name, of those that every certificate of theirs names by the same key identifier, this one in lower-case hex (RFC
   * 5280 §4.2.1.1).
   */
  Map<String, String> keyIdentifiers();

  /** Those that wait for their certificate. */
  List<Requested> requested();

  /**
   * Whether it certifies this server and its enforcement points, or will or did: {@code internal} and what follows it. It
   * never certifies a device (law 10).
   */
  default boolean isInternal(String name) {
    return follows(INTERNAL, name);
  }

  /** Whether {@code name} is {@code first} or, over any number of successors, follows it. */
  default boolean follows(String first, String name) {
    Set<String> seen = new HashSet<>();
    String next = first;
    while (next != null && seen.add(next)) {
      if (next.equals(name)) {
        return true;
      }
      next = find(next).map(Authority::successor).orElse(null);
    }
    return false;
  }

  /** From memory; those that are not there are looked for in the database. */
  Optional<Authority> find(String name);

  /** The authority; refuses with {@code not-found}. */
  Authority get(String name);

  /** In the order in which they were made, from memory; the same object while nothing changed. */
  List<Authority> list();

  /** The certificates from this authority to the root, its own first. */
  List<Der> chain(String name);
}
