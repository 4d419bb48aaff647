package io.sallyport.audit;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Settings of the log. */
@ConfigMapping(prefix = "sallyport.audit")
interface AuditSettings {
  /** The log's name in every checkpoint, a URL without a scheme; it may not change once something is sealed. */
  @WithDefault("sallyport.local/log")
  String origin();

  /**
   * A file on another mount that checkpoints are appended to, an absolute path; its folder must be there. None when left
   * out.
   */
  Optional<String> checkpointFile();

  /** The bucket of an object store that keeps checkpoints; none when its name is left out. */
  StoreSettings store();

  /** Submission prefixes of witnesses (C2SP tlog-witness); none when left out. */
  Optional<List<String>> witnessUrl();

  /** The verifier key {@code name+id+key} of each, in the same order, for cosignatures by Ed25519 or ML-DSA-44. */
  Optional<List<String>> witnessKey();

  /** A PEM file of the certificate authorities that the witnesses are certified by; the JDK's when left out. */
  Optional<String> witnessTrustFile();

  /** How often the newest checkpoint is delivered, while there is a new one. */
  @WithDefault("PT10S")
  Duration deliverEvery();
}
