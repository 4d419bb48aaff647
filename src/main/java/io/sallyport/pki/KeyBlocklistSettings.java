package io.sallyport.pki;

import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Which keys are certified for nobody. */
@ConfigMapping(prefix = "sallyport.pki")
public interface KeyBlocklistSettings {
  /**
   * Files of keys that are known to others, absolute paths: lines of 20 hexadecimal digits as in Debian's openssl-blacklist
   * (for its weak keys, CVE-2008-0166), or of 64, the SHA-256 of a SubjectPublicKeyInfo. Read again when they change.
   */
  Optional<List<Path>> keyBlocklists();
}
