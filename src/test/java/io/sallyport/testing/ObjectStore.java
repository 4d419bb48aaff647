package io.sallyport.testing;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** A server that speaks S3 (Adobe S3Mock, from its distribution), on a free port. */
public final class ObjectStore implements AutoCloseable {
  private static final Path JAR = Path.of("target", "s3mock", "s3mock.jar");
  private static final int ENDS_WITHIN_SECONDS = 20;
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int STARTS_WITHIN_SECONDS = 120;

  private final Process process;
  private final int port;
  private final S3Client client;

  private ObjectStore(Process process, int port) {
    this.process = process;
    this.port = port;
    this.client = S3Client.builder()
        .endpointOverride(URI.create(url()))
        .forcePathStyle(true)
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
        .httpClientBuilder(UrlConnectionHttpClient.builder())
        .build();
  }

  /** Starts it and waits until it answers; its files go to {@code folder}. */
  public static ObjectStore start(Path folder) throws IOException {
    int port;
    int tls;
    try (ServerSocket one = new ServerSocket(0);
        ServerSocket other = new ServerSocket(0)) {
      port = one.getLocalPort();
      tls = other.getLocalPort();
    }
    Process process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-jar",
            JAR.toString(),
            "--http.port=" + port,
            "--server.port=" + tls,
            "--com.adobe.testing.s3mock.store.root=" + folder)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("s3mock.log").toFile())
        .start();
    ObjectStore store = new ObjectStore(process, port);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(STARTS_WITHIN_SECONDS);
    while (!store.answers()) {
      if (!process.isAlive() || System.nanoTime() > end) {
        store.close();
        throw new IOException(
            "the object store did not start: " + Files.readString(folder.resolve("s3mock.log")));
      }
    }
    return store;
  }

  private boolean answers() {
    try {
      client.listBuckets();
      return true;
    } catch (SdkException notYet) {
      LockSupport.parkNanos(PAUSE.toNanos());
      return false;
    }
  }

  public String url() {
    return "http://127.0.0.1:" + port;
  }

  /** A client that may do everything. */
  public S3Client client() {
    return client;
  }

  @Override
  public void close() {
    client.close();
    process.destroy();
    try {
      if (!process.waitFor(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
