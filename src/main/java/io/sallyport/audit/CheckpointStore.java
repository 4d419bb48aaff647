package io.sallyport.audit;

import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.SignedNote;
import io.sallyport.kernel.TiledTree;
import io.sallyport.kernel.TrustFile;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.DefaultRetention;
import software.amazon.awssdk.services.s3.model.ObjectLockConfiguration;
import software.amazon.awssdk.services.s3.model.ObjectLockEnabled;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A bucket of an object store (S3) that keeps what is put there: Object Lock with a default retention in compliance mode,
 * which nobody can shorten. Each checkpoint is an object of its own, named by its size in twenty digits; none is ever
 * written twice.
 */
final class CheckpointStore implements CheckpointPlace {
  /** As many digits as the largest log has. */
  private static final String NAME = "%020d";

  /** A checkpoint has some 200 octets; what is longer is not one of this log. */
  private static final int MOST_OCTETS = 16 * 1024;

  /** What stores answer of a bucket without Object Lock: Amazon's and MinIO, Ceph, others. */
  private static final Set<String> WITHOUT_LOCK =
      Set.of("ObjectLockConfigurationNotFoundError", "InvalidBucketState", "InvalidRequest");

  private static final int DAYS_OF_YEAR = 365;
  private static final int CONFLICT = 409;
  private static final int PRECONDITION_FAILED = 412;
  private static final int NOT_FOUND = 404;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private final StoreSettings settings;
  private final LogSigner signer;
  private final Duration patience;
  private final String bucket;
  private final String prefix;
  private @Nullable S3Client client;
  private boolean checked;

  /** @param patience how long one question may take, answer included */
  CheckpointStore(StoreSettings settings, LogSigner signer, Duration patience) {
    this.settings = settings;
    this.signer = signer;
    this.patience = patience;
    this.bucket = settings.bucket().orElseThrow();
    this.prefix = settings.prefix().orElse("");
  }

  @Override
  public String kind() {
    return "store";
  }

  @Override
  public String name() {
    return settings.endpoint().map(endpoint -> endpoint + "/").orElse("s3://") + bucket + "/"
        + prefix;
  }

  @Override
  public void begin() {
    checked = false;
  }

  @Override
  public Kept deliver(Connection reading, Kept kept, SignedRoot newest) {
    try {
      if (!checked) {
        requireRetention();
        requireNothingBeyond(newest);
        requireMine(reading, kept, newest);
        checked = true;
      }
      put(newest);
    } catch (SdkException e) {
      throw undelivered(
          "cannot be written: " + sentence(e)
              + " The server needs s3:PutObject, s3:GetObject, s3:ListBucket and s3:GetBucketObjectLockConfiguration.");
    } catch (IOException e) {
      throw undelivered("cannot be reached: " + e.getMessage() + ".");
    }
    return new Kept(newest.size(), 0, null, null);
  }

  /** What can be taken out again proves nothing. */
  private void requireRetention() throws IOException {
    ObjectLockConfiguration lock;
    try {
      lock =
          client().getObjectLockConfiguration(ask -> ask.bucket(bucket)).objectLockConfiguration();
    } catch (S3Exception e) {
      if (e.awsErrorDetails() == null
          || !WITHOUT_LOCK.contains(e.awsErrorDetails().errorCode())) {
        throw e;
      }
      lock = null;
    }
    DefaultRetention retention =
        lock == null || lock.objectLockEnabled() != ObjectLockEnabled.ENABLED || lock.rule() == null
            ? null
            : lock.rule().defaultRetention();
    if (retention == null || retention.mode() != ObjectLockRetentionMode.COMPLIANCE) {
      throw undelivered(
          "would not keep what is put there. Switch on Object Lock with a default retention in COMPLIANCE mode.");
    }
    long days = retention.days() == null
        ? (retention.years() == null ? 0L : (long) retention.years() * DAYS_OF_YEAR)
        : retention.days();
    if (Duration.ofDays(days).compareTo(settings.leastRetention()) < 0) {
      throw undelivered("keeps objects for " + days + " days, and "
          + settings.leastRetention().toDays() + " are asked for. Raise the default retention.");
    }
  }

  private void requireNothingBeyond(SignedRoot newest) throws IOException {
    String last = prefix + name(newest.size());
    client()
        .listObjectsV2(ask -> ask.bucket(bucket).prefix(prefix).startAfter(last).maxKeys(1))
        .contents()
        .forEach(beyond -> {
          throw undelivered("has " + beyond.key() + ", this log has " + newest.size()
              + " sealed: the log went back, or another log uses this prefix.");
        });
  }

  /** The last one that was taken there must be in the log as it is now. */
  private void requireMine(Connection reading, Kept kept, SignedRoot newest) throws IOException {
    if (kept.size() == 0 || kept.size() > newest.size()) {
      return;
    }
    String note = get(kept.size())
        .orElseThrow(() -> undelivered("has lost the checkpoint of " + kept.size() + " facts."));
    MerkleCheckpoint checkpoint;
    try {
      SignedNote signed = SignedNote.parse(note);
      checkpoint = MerkleCheckpoint.parse(signed.text());
      if (!signer.key().signed(signed) || checkpoint.size() != kept.size()) {
        throw new IllegalArgumentException("another key or size");
      }
    } catch (IllegalArgumentException e) {
      throw undelivered(
          "holds under " + name(kept.size()) + " what this log's key has not signed.");
    }
    TiledTree tree = new TiledTree(checkpoint.size(), new LogTiles(reading, newest.size()));
    if (!tree.root().equals(checkpoint.root())) {
      throw undelivered("holds a checkpoint of " + checkpoint.size()
          + " facts with another root than this log has: its history was replaced.");
    }
  }

  private void put(SignedRoot newest) throws IOException {
    try {
      client()
          .putObject(
              ask -> ask.bucket(bucket)
                  .key(prefix + name(newest.size()))
                  .contentType("text/plain; charset=utf-8")
                  .ifNoneMatch("*"),
              RequestBody.fromString(newest.note(), StandardCharsets.UTF_8));
    } catch (S3Exception e) {
      if (e.statusCode() != PRECONDITION_FAILED && e.statusCode() != CONFLICT) {
        throw e;
      }
      // A crash kept from being noted that it is there.
      if (!get(newest.size()).filter(newest.note()::equals).isPresent()) {
        throw undelivered("holds another checkpoint of " + newest.size()
            + " facts than this log has: its history was replaced.");
      }
    }
  }

  private Optional<String> get(long size) throws IOException {
    try {
      return Optional.of(client()
          .getObjectAsBytes(ask ->
              ask.bucket(bucket).key(prefix + name(size)).range("bytes=0-" + (MOST_OCTETS - 1)))
          .asUtf8String());
    } catch (S3Exception e) {
      if (e.statusCode() == NOT_FOUND || e.statusCode() == RANGE_NOT_SATISFIABLE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static String name(long size) {
    return NAME.formatted(size);
  }

  private Undelivered undelivered(String what) {
    return new Undelivered("The object store " + name() + " " + what);
  }

  /** What the store says, without what identifies the request; never a secret. */
  private static String sentence(SdkException e) {
    if (e instanceof S3Exception answer && answer.awsErrorDetails() != null) {
      return answer.statusCode() + " " + answer.awsErrorDetails().errorCode() + ".";
    }
    String message = e.getMessage();
    return message == null
        ? e.getClass().getSimpleName() + "."
        : message.lines().findFirst().orElse("") + ".";
  }

  private S3Client client() throws IOException {
    S3Client known = client;
    if (known == null) {
      S3ClientBuilder made = S3Client.builder()
          .region(Region.of(settings.region()))
          .credentialsProvider(credentials())
          .httpClientBuilder(http())
          .overrideConfiguration(
              with -> with.apiCallTimeout(patience).retryStrategy(AwsRetryStrategy.doNotRetry()));
      settings
          .endpoint()
          .ifPresent(endpoint -> made.endpointOverride(URI.create(endpoint)).forcePathStyle(true));
      known = made.build();
      client = known;
    }
    return known;
  }

  private UrlConnectionHttpClient.Builder http() throws IOException {
    UrlConnectionHttpClient.Builder http =
        UrlConnectionHttpClient.builder().connectionTimeout(patience).socketTimeout(patience);
    if (settings.trustFile().isPresent()) {
      TrustManager[] trusted = TrustFile.managers(settings.trustFile());
      http.tlsTrustManagersProvider(() -> trusted);
    }
    return http;
  }

  private AwsCredentialsProvider credentials() {
    return settings.accessKeyId().isPresent()
        ? StaticCredentialsProvider.create(AwsBasicCredentials.create(
            settings.accessKeyId().get(), settings.secretKey().orElseThrow()))
        : DefaultCredentialsProvider.builder().build();
  }
}
