package io.sallyport.keys;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/** Keys in PKCS#11 tokens. */
@ConfigMapping(prefix = "sallyport.pkcs11")
public interface Pkcs11Settings {
  /** The path of the token's library; without it every key is kept in software. */
  Optional<String> library();

  /** The tokens, by label or as {@code slot:NUMBER}. */
  Optional<List<String>> tokens();

  /** A file that its owner alone can read: one PIN for all tokens, or one a line in the order of the tokens. */
  Optional<String> pinFile();

  /**
   * New keys of which purposes live in a token: {@code PURPOSE} in the first one, or {@code PURPOSE@LABEL}. The longest
   * purpose that fits counts, so {@code authority:root@OFFICE,authority@PLANT} parts the root from the others.
   */
  @WithDefault("authority")
  List<String> purposes();
}
