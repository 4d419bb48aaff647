package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** What every command takes: where the server is and how results are written. */
@Command(
    name = "sallyport",
    description = "Device identity, posture and least-privilege access: the client.",
    version = "sallyport 0.1.0",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:refused by the server, or what was checked does not fit",
      "2:wrong command line or file",
      "3:server not reachable or not trusted",
      "4:server unavailable for now",
      "5:approval is pending; repeat the command later",
      "70:fault of this program"
    })
final class Options {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description =
          "the server's data folder: server.json, root.pem, admin.token (default: $SALLYPORT_DATA or data)")
  @Nullable
  Path data;

  @Option(
      names = "--server",
      paramLabel = "URL",
      scope = ScopeType.INHERIT,
      description = "the front to talk to, instead of the one that server.json names")
  @Nullable
  URI server;

  @Option(
      names = "--root",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "the root certificate to trust, instead of DIR/root.pem")
  @Nullable
  Path root;

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "stack traces of faults")
  boolean debug;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "this text")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "the version")
  boolean version;

  /** Set by {@link OptionGroup}. */
  boolean json;

  /** Set by {@link OptionGroup.ForOperators}. */
  @Nullable
  Path bearer;

  private final Map<String, String> environment;
  private final PrintWriter out;

  Options(Map<String, String> environment, PrintWriter out) {
    this.environment = environment;
    this.out = out;
  }

  Output output() {
    return new Output(out, json);
  }

  /** The value of a variable of the environment. */
  @Nullable
  String variable(String name) {
    String value = environment.get(name);
    return value == null || value.isBlank() ? null : value;
  }

  Path dataFolder() {
    if (data != null) {
      return data;
    }
    String named = variable("SALLYPORT_DATA");
    if (named != null) {
      return Path.of(named);
    }
    String home = variable("SALLYPORT_HOME");
    return home == null ? Path.of("data") : Path.of(home, "data");
  }

  /** The base URL of a front: {@code devices}, {@code people}, {@code status} or {@code management}. */
  URI front(String name) {
    if (server != null) {
      return server;
    }
    Path file = dataFolder().resolve("server.json");
    if (!Files.exists(file)) {
      throw new Failure(
          ExitCode.UNREACHABLE,
          "No server has run in " + dataFolder().toAbsolutePath()
              + "; start one with \"./sallyport serve\" or name it with --server and --root.");
    }
    try {
      JsonNode place = Json.read(Pem.octets(file));
      return URI.create(place.path(name).asText());
    } catch (IOException | IllegalArgumentException e) {
      throw Failure.usage(file + " cannot be understood.");
    }
  }

  /** The certificates to trust: --root, else {@code beside} where it exists, else the data folder's. */
  List<X509Certificate> roots(@Nullable Path beside) {
    if (root != null) {
      return Pem.certificates(root);
    }
    if (beside != null && Files.exists(beside)) {
      return Pem.certificates(beside);
    }
    return Pem.certificates(dataFolder().resolve("root.pem"));
  }

  /** A client of the people's front with the operator's token. */
  ApiClient api() {
    URI front = front("people");
    Path file = bearer == null ? dataFolder().resolve("admin.token") : bearer;
    return new ApiClient(front, Pem.text(file).strip(), new Web(roots(null), null));
  }
}
