package io.sallyport.keys;

import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The keys that this server holds, as people may see them: never a private part, sealed or not. */
public interface KeyInventory {
  /**
   * A key.
   *
   * @param provider what signs with it on this node, with its version
   * @param masterKey the id of the master key that it is sealed under; null for one in a token, or of the format that names
   *     none
   * @param token the label of the PKCS#11 token that it is kept in, or null for one in software
   * @param tokenKeyId its CKA_ID there in hexadecimal digits, or null
   */
  record KeyEntry(
      UUID id,
      KeyAlgorithm algorithm,
      String purpose,
      String provider,
      Instant createdAt,
      @Nullable String masterKey,
      @Nullable String token,
      @Nullable String tokenKeyId) {}

  /** The newest first. Throws {@link IllegalArgumentException} for a cursor that is none. */
  Page<KeyEntry> list(@Nullable String cursor, int limit);
}
