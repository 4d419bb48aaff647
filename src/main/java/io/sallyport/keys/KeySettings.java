package io.sallyport.keys;

import io.smallrye.config.ConfigMapping;
import java.util.Optional;

/** Where the master keys come from: each 32 octets in base64, given directly or in a file that only the owner can read. */
@ConfigMapping(prefix = "sallyport")
public interface KeySettings {
  /** Several with commas or white space between them; the first is the current one. */
  Optional<String> masterKey();

  /** One a line, the first is the current one; read again while the server runs. */
  Optional<String> masterKeyFile();
}
