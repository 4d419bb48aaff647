package io.sallyport.door.acme;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.Accounts.AccountKey;

/** A request whose signature holds and whose nonce is spent. */
sealed interface Signed {
  Urls urls();

  byte[] content();

  /** By the key of a valid account. */
  record ByAccount(Urls urls, Account account, byte[] content) implements Signed {}

  /** By a key that the request brings along. */
  record ByKey(Urls urls, AccountKey key, byte[] content) implements Signed {}

  /** The payload as an object. */
  default ObjectNode payload() {
    return StrictJson.object(content(), "payload");
  }

  /** Whether this is POST-as-GET (RFC 8555 §6.3). */
  default boolean asks() {
    return content().length == 0;
  }

  /** Refuses anything but POST-as-GET. */
  default void requireAsks() {
    if (!asks()) {
      throw StrictJson.malformed("Ask by POST with an empty payload.");
    }
  }
}
