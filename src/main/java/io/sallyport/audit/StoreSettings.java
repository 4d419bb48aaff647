package io.sallyport.audit;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** Settings of the object store (S3) that keeps checkpoints. */
interface StoreSettings {
  /** A bucket with Object Lock and a default retention in compliance mode; no store when left out. */
  Optional<String> bucket();

  /** What the names of the objects begin with, for instance {@code sallyport/}. */
  Optional<String> prefix();

  /** Where the store is; Amazon's when left out. With one the bucket stands in the path. */
  Optional<String> endpoint();

  @WithDefault("us-east-1")
  String region();

  /** Together with the secret key; the environment's, the container's or the machine's when left out. */
  Optional<String> accessKeyId();

  Optional<String> secretKey();

  /** A PEM file of the certificate authorities that the store is certified by; the JDK's when left out. */
  Optional<String> trustFile();

  /** A store that keeps objects for less is refused. */
  @WithDefault("P365D")
  Duration leastRetention();
}
