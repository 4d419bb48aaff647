package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import io.sallyport.keys.Envelopes.Recipient;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Secrets that devices have from before, by which keys that the server makes are encrypted for them (RFC 7030 §4.4.1.1). */
public interface DecryptionKeys {
  /** That there is one; the secret itself is never told. */
  record DecryptionKey(String identifier, Instant addedAt, String addedBy) {}

  /**
   * Adds a secret of 16, 24 or 32 octets under an identifier of 1 to 64, or puts it in the place of the one there. A device
   * has eight at most.
   */
  DecryptionKey put(UUID device, byte[] identifier, byte[] secret, Actor actor);

  /** Nothing happens where there is none. */
  void remove(UUID device, byte[] identifier, Actor actor);

  List<DecryptionKey> list(UUID device);

  /** For encryption. */
  Optional<Recipient> find(UUID device, byte[] identifier);
}
