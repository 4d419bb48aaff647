package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server of one's own: a child process on free ports, ended by its own pid. */
final class ChildServer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration STOP = Duration.ofSeconds(20);
  private static final int POLL_MILLIS = 50;
  private static final int TAIL_LINES = 40;

  private final Process process;
  private final Path data;
  private final Path log;
  private final Thread guard;

  private ChildServer(Process process, Path data, Path log) {
    this.process = process;
    this.data = data;
    this.log = log;
    this.guard = Thread.ofPlatform().unstarted(process::destroy);
    Runtime.getRuntime().addShutdownHook(guard);
  }

  /** Starts a server on {@code data} as the launcher would, and waits until it is ready. */
  static ChildServer start(Options options, Path data, Path log) {
    return start(options, data, log, List.of());
  }

  /** @param jvm further options of its JVM */
  static ChildServer start(Options options, Path data, Path log, List<String> jvm) {
    ChildServer server = begin(options, data, log, jvm, Map.of());
    server.awaitReady();
    return server;
  }

  /**
   * Starts a server that will end by itself.
   *
   * @param jvm further options of its JVM
   * @param settings environment variables
   */
  static ChildServer begin(
      Options options, Path data, Path log, List<String> jvm, Map<String, String> settings) {
    String home = options.variable("SALLYPORT_HOME");
    if (home == null) {
      throw Failure.usage("Run this through ./sallyport, which knows where the server is.");
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    String given = options.variable("SALLYPORT_JAVA_OPTS");
    if (given != null) {
      command.addAll(List.of(given.strip().split("\\s+")));
    }
    String cache = options.variable("SALLYPORT_AOT");
    if (cache != null) {
      command.add("-XX:AOTCache=" + cache);
    }
    command.addAll(jvm);
    command.addAll(List.of(
        "-jar", Path.of(home, "target", "quarkus-app", "quarkus-run.jar").toString(), "serve"));
    command.addAll(List.of("--data", data.toString()));
    List<Integer> ports = freePorts(4);
    List<String> flags =
        List.of("--https-port", "--http-port", "--people-port", "--management-port");
    for (int i = 0; i < flags.size(); i++) {
      command.addAll(List.of(flags.get(i), ports.get(i).toString()));
    }
    ProcessBuilder builder = new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().remove("SALLYPORT_DATA");
    builder.environment().remove("SALLYPORT_DB_URL");
    builder.environment().putAll(settings);
    try {
      return new ChildServer(builder.start(), data, log);
    } catch (IOException e) {
      throw new Failure(ExitCode.UNREACHABLE, "The server cannot be started: " + e.getMessage());
    }
  }

  /** The end of what the server wrote, without the frames of stack traces. */
  String tail() {
    try {
      List<String> lines = Files.readAllLines(log).stream()
          .filter(line -> !line.startsWith("\tat "))
          .toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    } catch (IOException e) {
      return "";
    }
  }

  /** Waits until the server has ended by itself; whether it did so in time and in order. */
  boolean awaitEnd(Duration most) {
    try {
      return process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS) && process.exitValue() == 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Asks the server to end, and waits; ends it hard only when it does not. */
  @Override
  public void close() {
    try {
      process.destroy();
      if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
      Runtime.getRuntime().removeShutdownHook(guard);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    } catch (IllegalStateException e) {
      // The JVM is already ending and its hook does the same.
      process.destroy();
    }
  }

  private void awaitReady() {
    long end = System.nanoTime() + START.toNanos();
    try (Web web = new Web(List.of(), null)) {
      while (System.nanoTime() < end) {
        if (!process.isAlive()) {
          break;
        }
        if (ready(web)) {
          return;
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean died = !process.isAlive();
    close();
    throw new Failure(
        ExitCode.UNREACHABLE,
        (died
                ? "The server ended while it started"
                : "The server was not ready after " + START.toSeconds() + " s")
            + "; the end of its output:\n" + tail());
  }

  /** Ready is what the health check says; until then the file with the addresses may not even be there. */
  private boolean ready(Web web) {
    Path addresses = data.resolve("server.json");
    if (!Files.exists(addresses)) {
      return false;
    }
    try {
      JsonNode place = Json.read(Files.readAllBytes(addresses));
      URI health = URI.create(place.path("management").asText()).resolve("/health/ready");
      return web.send(Web.to(health).GET().build()).good();
    } catch (IOException | Failure | IllegalArgumentException e) {
      return false;
    }
  }

  private static List<Integer> freePorts(int count) {
    List<ServerSocket> held = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        held.add(socket);
        ports.add(socket.getLocalPort());
      }
      for (ServerSocket socket : held) {
        socket.close();
      }
      return ports;
    } catch (IOException e) {
      throw new Failure(ExitCode.UNREACHABLE, "No free port: " + e.getMessage());
    }
  }
}
