package io.sallyport.testing;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One life of a server, as the launcher runs it: a process of its own on free ports, with its own PostgreSQL in {@code
 * data}. Needs a packaged application. Everything is stopped by pid.
 */
public final class ServerProcess implements AutoCloseable {
  private static final Path JAR =
      Path.of("target", "quarkus-app", "quarkus-run.jar").toAbsolutePath();
  private static final Path LOGS = Path.of("target", "it-logs");
  private static final String FURTHER_OPTIONS = "SALLYPORT_JVM_OPTIONS";
  private static final List<String> FREE_PORTS = List.of(
      "--https-port", "0", "--http-port", "0", "--people-port", "0", "--management-port", "0");
  private static final Duration STARTS_WITHIN = Duration.ofSeconds(120);
  private static final Duration STOPS_WITHIN = Duration.ofSeconds(30);
  private static final AtomicInteger LIVES = new AtomicInteger();

  private final Process process;
  private final Path data;
  private final Path log;
  private final Map<String, String> environment;
  private final long launched;

  private ServerProcess(
      Process process, Path data, Path log, Map<String, String> environment, long launched) {
    this.process = process;
    this.data = data;
    this.log = log;
    this.environment = Map.copyOf(environment);
    this.launched = launched;
  }

  /** What a process left that ended by itself. */
  public record Ended(int code, String output) {}

  /** Starts a server on {@code data} and waits until it is ready. */
  public static ServerProcess start(Path data, Map<String, String> environment) {
    ServerProcess server = begun(data, environment);
    server.awaitReady();
    return server;
  }

  /** Starts a server that is up and serves nobody, and waits until it says so. */
  public static ServerProcess startRefusing(Path data, Map<String, String> environment) {
    ServerProcess server = begun(data, environment);
    server.await("the server is up and not ready", "/health/ready", 503);
    server.await("the server lives", "/health/live", 200);
    return server;
  }

  private static ServerProcess begun(Path data, Map<String, String> environment) {
    try {
      // That of an earlier life names ports that are no longer served.
      Files.deleteIfExists(data.resolve("server.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return launch(data, environment, FREE_PORTS.toArray(String[]::new));
  }

  /** Starts a server that must not come up, and waits for its end. */
  public static Ended refused(Path data, Map<String, String> environment, String... options) {
    ServerProcess server = launch(data, environment, options);
    try {
      return new Ended(server.awaitEnd(STARTS_WITHIN), server.log());
    } finally {
      // Not close(): the database in the folder may be that of another server.
      server.process.destroyForcibly();
    }
  }

  private static ServerProcess launch(
      Path data, Map<String, String> environment, String... options) {
    List<String> java = new ArrayList<>(launcherLine("late_compiler"));
    java.addAll(List.of("-XX:AOTCache=" + classCache(), "-Xlog:aot*=error"));
    return launch(java, data, environment, options);
  }

  private static ServerProcess launch(
      List<String> java, Path data, Map<String, String> environment, String... options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(java);
    command.addAll(launcherOptions());
    command.addAll(List.of("-jar", JAR.toString(), "serve", "--data", data.toString()));
    command.addAll(List.of(options));
    try {
      Files.createDirectories(LOGS);
      Path log = LOGS.resolve(test() + "-" + LIVES.incrementAndGet() + ".log");
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().keySet().removeIf(name -> name.startsWith("SALLYPORT_"));
      builder.environment().putAll(environment);
      long launched = System.nanoTime();
      return new ServerProcess(builder.start(), data, log, environment, launched);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The class cache that every server here is started with, as by the launcher. */
  private static Path classCache() {
    return Trained.cache(JAR, ServerProcess::train);
  }

  /** A short life with {@code option}, and an answer from the database. */
  private static void train(String option) {
    try {
      Path data = Files.createTempDirectory("sallyport-train");
      try (ServerProcess server =
          launch(List.of(option), data, Map.of(), FREE_PORTS.toArray(String[]::new))) {
        server.awaitReady();
        server.wire().admin("GET", "/api/v1/devices", null);
        // The cache is written at its end.
        server.stop(STARTS_WITHIN);
      } finally {
        try (Stream<Path> files = Files.walk(data)) {
          files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The options for the JVM, from the launcher, so that what is tested is what is run. */
  public static List<String> launcherOptions() {
    return launcherLine("server_options");
  }

  private static List<String> launcherLine(String name) {
    try {
      Matcher options = Pattern.compile("(?m)^" + name + "=\"(.*)\"$")
          .matcher(Files.readString(Path.of("sallyport")));
      if (!options.find()) {
        throw new IllegalStateException("the launcher has no line " + name + "=");
      }
      String more = System.getenv().getOrDefault(FURTHER_OPTIONS, "");
      String all =
          options.group(1).replace("${" + FURTHER_OPTIONS + ":-}", more).strip();
      return List.of(all.split("\\s+"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The test class that asks, for the name of a log. */
  private static String test() {
    return StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
        .walk(frames -> frames
            .map(StackWalker.StackFrame::getDeclaringClass)
            .filter(type -> type != ServerProcess.class)
            .findFirst()
            .map(Class::getSimpleName)
            .orElse("server"));
  }

  private void awaitReady() {
    await("the server is ready", "/health/ready", 200);
  }

  private void await(String what, String path, int status) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      Eventually.holds(STARTS_WITHIN, what + "; its log is " + log, () -> {
        if (!process.isAlive()) {
          throw new IllegalStateException("The server ended while it started:\n" + log());
        }
        return answers(client, path, status);
      });
    }
  }

  private boolean answers(HttpClient client, String path, int status) {
    Path addresses = data.resolve("server.json");
    if (!Files.exists(addresses)) {
      return false;
    }
    try {
      String management = new JsonObject(Files.readString(addresses)).getString("management");
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(management + path)).build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == status;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  public Path data() {
    return data;
  }

  public long pid() {
    return process.pid();
  }

  /** How long ago this life began. */
  public Duration age() {
    return Duration.ofNanos(System.nanoTime() - launched);
  }

  /** Its resident memory without the database's, as ps says it. */
  public int residentMebibytes() {
    try {
      Process ps = new ProcessBuilder("ps", "-o", "rss=", "-p", Long.toString(pid())).start();
      return Integer.parseInt(
              new String(ps.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip())
          / 1024;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A client of its public interfaces, as its first administrator. */
  public Wire wire() {
    String given = environment.get("SALLYPORT_ADMIN_TOKEN");
    return Wire.of(data, given == null ? file("admin.token") : given);
  }

  /** The content of a file in the data folder, without white space around it. */
  public String file(String name) {
    try {
      return Files.readString(data.resolve(name)).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Everything that this life has written to its terminal. */
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A connection to its PostgreSQL with the password that the owner of the data folder can read. */
  public Connection database() throws SQLException {
    return database(file("postgres.password"));
  }

  public Connection database(String password) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://localhost:" + postmaster(3)
            + "/postgres?connectTimeout=5&socketTimeout=20",
        "postgres",
        password);
  }

  /** Its PostgreSQL's first process; one that has ended after a {@link #stop}. */
  public ProcessHandle postgres() {
    return ProcessHandle.of(Long.parseLong(postmaster(0)))
        .orElseThrow(() -> new IllegalStateException("PostgreSQL does not run"));
  }

  /** A line of postmaster.pid: 0 is the pid, 3 the port. */
  private String postmaster(int line) {
    return file("postgres/postmaster.pid").lines().toList().get(line).strip();
  }

  /** Takes the database away without a word: its connections stay open and nobody answers. */
  public void freezeDatabase() {
    signal("STOP", postgres());
    postgres().descendants().forEach(child -> signal("STOP", child));
  }

  public void thawDatabase() {
    postgres().descendants().forEach(child -> signal("CONT", child));
    signal("CONT", postgres());
  }

  /** Stops the server's process where it is; only {@link #killServer} goes on from there, or {@link #thaw}. */
  public void freeze() {
    signal("STOP", process.toHandle());
  }

  public void thaw() {
    signal("CONT", process.toHandle());
  }

  public void collectGarbage() {
    run(
        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
        Long.toString(pid()),
        "GC.run");
  }

  /** {@code kill -9}; its PostgreSQL lives on. */
  public void killServer() {
    process.destroyForcibly().onExit().join();
  }

  /** {@code kill -9} of PostgreSQL, all of its processes. */
  public void killDatabase() {
    ProcessHandle first = postgres();
    List<ProcessHandle> all = new ArrayList<>(List.of(first));
    all.addAll(first.descendants().toList());
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(process -> process.onExit().join());
  }

  /** Asks it to end as a service supervisor would (SIGTERM), and answers its exit code. */
  public int stop(Duration within) {
    process.destroy();
    return awaitEnd(within);
  }

  /** The next life on the same folder. */
  public ServerProcess restart() {
    return start(data, environment);
  }

  private int awaitEnd(Duration within) {
    try {
      if (!process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("The server still runs after " + within + ":\n" + log());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Leaves nothing running, whatever state it is in. */
  @Override
  public void close() {
    try {
      if (process.isAlive()) {
        thaw();
        stop(STOPS_WITHIN);
      }
    } finally {
      process.destroyForcibly();
      if (Files.exists(data.resolve("postgres/postmaster.pid")) && orphaned()) {
        killDatabase();
      }
    }
  }

  /** Whether the process in postmaster.pid is PostgreSQL, and no later life of the server has taken the folder over. */
  private boolean orphaned() {
    return ProcessHandle.of(Long.parseLong(postmaster(0)))
        .flatMap(found -> found.info().command())
        .filter(command -> command.startsWith(data.toString()))
        .isPresent();
  }

  private static void signal(String name, ProcessHandle target) {
    run("kill", "-" + name, Long.toString(target.pid()));
  }

  private static void run(String... command) {
    try {
      new ProcessBuilder(command)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
