package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Accounts by whose keys devices order certificates (RFC 8555 §7.3). Each belongs to one device and one certificate profile. */
public interface Accounts {
  /** What an account may still do: nothing, unless valid. */
  enum Status {
    VALID,
    /** By its holder. */
    DEACTIVATED,
    /** By an operator. */
    REVOKED;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A public key whose owner signed the request.
   *
   * @param thumbprint of the key as JWK (RFC 7638), in base64url
   */
  record AccountKey(Der subjectPublicKeyInfo, String thumbprint) {}

  /**
   * An account.
   *
   * @param profile the certificate profile's name
   * @param hostNames what its binding allows
   */
  record Account(
      UUID id,
      UUID device,
      String profile,
      AccountKey key,
      List<String> contacts,
      List<String> hostNames,
      Status status,
      Instant createdAt) {
    public Account {
      contacts = List.copyOf(contacts);
      hostNames = List.copyOf(hostNames);
    }

    public Actor actor() {
      return Actor.device(device);
    }
  }

  /**
   * What a client proves its binding by.
   *
   * @param binding the key identifier
   * @param algorithm the MAC's JCA name
   * @param signed what the MAC is over
   */
  record BindingProof(String binding, String algorithm, byte[] signed, byte[] mac) {}

  /** What a change of key comes to. */
  sealed interface KeyChange {
    record Changed(Account account) implements KeyChange {}

    /** The key is that of this account. */
    record InUse(UUID account) implements KeyChange {}
  }

  Optional<Account> byKey(String profile, String thumbprint);

  /** The account; refuses with {@code account-unknown}, or {@code not-of-this-account} when it is one of another profile. */
  Account get(String profile, UUID id);

  /** Refuses with {@code account-not-valid} one that was deactivated or revoked. */
  void requireValid(Account account);

  /** Opens an account by a binding, which is spent by it; the same key again gets the account that it has. */
  Account open(String profile, AccountKey key, List<String> contacts, BindingProof proof);

  Account update(Account account, List<String> contacts);

  /** For good. Certificates that it has stay as they are. */
  Account deactivate(Account account);

  /** Open orders go on under the new key. */
  KeyChange changeKey(Account account, AccountKey key);

  /** Law 8: what an authenticated account was refused stands in the log. */
  void recordRefusal(Account account, Refusal refusal);

  /** By id, after {@code cursor}, those of devices of {@code sites}, or all of them when it is empty. */
  Page<Account> list(Set<String> sites, @Nullable String cursor, int limit);

  /** By an operator who sees {@code sites}, for good; refuses with {@code not-found}. */
  Account revoke(UUID id, Set<String> sites, Actor actor);
}
