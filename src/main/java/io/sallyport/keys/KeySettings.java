package io.sallyport.keys;

import io.smallrye.config.ConfigMapping;
import java.util.Optional;

/** Where the master key comes from: 32 octets in base64, given directly or in a file that only the owner can read. */
@ConfigMapping(prefix = "sallyport")
public interface KeySettings {
  Optional<String> masterKey();

  Optional<String> masterKeyFile();
}
