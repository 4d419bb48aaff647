package io.sallyport.audit;

import java.time.Duration;
import java.util.Optional;

/** An object store without a name is none. */
record TestStore(String url, Optional<String> bucket, Duration leastRetention)
    implements StoreSettings {
  @Override
  public Optional<String> prefix() {
    return Optional.of("plant/");
  }

  @Override
  public Optional<String> endpoint() {
    return Optional.of(url);
  }

  @Override
  public String region() {
    return "us-east-1";
  }

  @Override
  public Optional<String> accessKeyId() {
    return Optional.of("test");
  }

  @Override
  public Optional<String> secretKey() {
    return Optional.of("only-for-this-test");
  }

  @Override
  public Optional<String> trustFile() {
    return Optional.empty();
  }
}
