package io.sallyport.boot;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PostgreSQL that a server without a database URL runs for itself: in the data folder, durable, on loopback, with a
 * password that only the owner of the folder can read.
 */
final class OwnDatabase {
  private static final Duration STARTS_WITHIN = Duration.ofSeconds(60);
  private static final int STOPS_WITHIN_SECONDS = 20;
  private static final String PROGRAMS = "postgres-programs";
  private static final String PASSWORD_FILE = "postgres.password";
  /** Held, because a logger that nobody holds forgets its level. */
  private static final Logger LIBRARY = Logger.getLogger("io.zonky.test.db.postgres.embedded");

  private final FutureTask<EmbeddedPostgres> starting;
  private final int port;
  private final String password;

  private OwnDatabase(FutureTask<EmbeddedPostgres> starting, int port, String password) {
    this.starting = starting;
    this.port = port;
    this.password = password;
  }

  /** Starts it in a thread of its own; where it will listen is known at once. */
  static OwnDatabase start(DataFolder folder, SecureRandom random) {
    LIBRARY.setLevel(Level.WARNING);
    String password = folder.read(PASSWORD_FILE).orElseGet(() -> {
      byte[] secret = new byte[32];
      random.nextBytes(secret);
      String fresh = HexFormat.of().formatHex(secret);
      folder.writeSecret(PASSWORD_FILE, fresh);
      return fresh;
    });
    int port = freePort();
    // Made here, so that what logs in the other thread and in this one does not meet it half made.
    LoggerFactory.getILoggerFactory();
    FutureTask<EmbeddedPostgres> starting = new FutureTask<>(() -> started(folder, port, password));
    Thread.ofPlatform().daemon().name("start-postgres").start(starting);
    return new OwnDatabase(starting, port, password);
  }

  /** Waits until it answers. */
  void await() {
    try {
      starting.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartRefused("The start was interrupted.");
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new StartRefused("There is no free port for PostgreSQL: " + e.getMessage());
    }
  }

  private static EmbeddedPostgres started(DataFolder folder, int port, String password) {
    Path cluster = folder.path("postgres");
    takeOver(cluster, folder.path(PROGRAMS));
    Path log = folder.path("postgres.log");
    try {
      return EmbeddedPostgres.builder()
          .setPort(port)
          .setDataDirectory(cluster)
          .setCleanDataDirectory(false)
          .setOverrideWorkingDirectory(folder.ownersFolder(PROGRAMS).toFile())
          .setRegisterShutdownHook(false)
          .setConnectConfig("password", password)
          // From the first moment on nobody is trusted, and nobody gets in by a socket in a shared
          // folder.
          .setLocaleConfig("auth", "scram-sha-256")
          .setLocaleConfig("pwfile", folder.path(PASSWORD_FILE).toString())
          .setServerConfig("unix_socket_directories", "")
          .setPGStartupWait(STARTS_WITHIN)
          .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .setServerConfig("fsync", "on")
          .setServerConfig("synchronous_commit", "on")
          .setServerConfig("full_page_writes", "on")
          .setServerConfig("max_connections", "64")
          .setServerConfig("shared_buffers", "128MB")
          .setServerConfig("wal_buffers", "16MB")
          .setServerConfig("password_encryption", "scram-sha-256")
          .start();
    } catch (IOException | IllegalStateException e) {
      throw new StartRefused("PostgreSQL did not start; see " + log + " (" + e.getMessage() + ").");
    }
  }

  /**
   * After a hard death of this process its PostgreSQL lives on: it is stopped, so that it recovers under a new one. A
   * process that has the same number by now, but not our program, is left alone.
   */
  private static void takeOver(Path cluster, Path programs) {
    Path file = cluster.resolve("postmaster.pid");
    if (!Files.exists(file)) {
      return;
    }
    Optional<ProcessHandle> orphan;
    try {
      List<String> lines = Files.readAllLines(file);
      orphan = lines.isEmpty()
          ? Optional.empty()
          : ProcessHandle.of(Long.parseLong(lines.getFirst().strip()));
    } catch (IOException | NumberFormatException e) {
      throw new StartRefused(file + " cannot be read; is another PostgreSQL running there?");
    }
    orphan
        .filter(process -> process
            .info()
            .command()
            .filter(command -> within(programs, command))
            .isPresent())
        .ifPresent(OwnDatabase::stop);
  }

  private static boolean within(Path folder, String command) {
    try {
      return Path.of(command).startsWith(folder)
          || Path.of(command).startsWith(folder.toRealPath());
    } catch (IOException e) {
      return false;
    }
  }

  private static void stop(ProcessHandle process) {
    process.destroy();
    try {
      process.onExit().get(STOPS_WITHIN_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException stillThere) {
      process.destroyForcibly();
      process.onExit().join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  String url() {
    return "jdbc:postgresql://localhost:" + port + "/postgres";
  }

  String user() {
    return "postgres";
  }

  String password() {
    return password;
  }

  void stop() {
    try {
      starting.get().close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException notStarted) {
      // Then there is nothing to stop.
    } catch (IOException e) {
      // It may have died before; what it has not written yet it recovers at the next start.
      System.err.println("PostgreSQL did not stop in order: " + e.getMessage());
    }
  }
}
