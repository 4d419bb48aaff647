package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin authority}: those of its commands that speak to a server. */
@Command(name = "authority", description = "Certification authorities of the server.")
final class AuthorityCommands {
  private static final String PATH = "/authorities";

  private final Options options;

  private AuthorityCommands(Options options) {
    this.options = options;
  }

  static CommandLine with(Options options, Clock clock) {
    return new CommandLine(new AuthorityCommands(options))
        .addSubcommand(new OfflineRootCommand(options, clock))
        .addSubcommand(new OfflineSignCommand(options, clock))
        .addSubcommand(new OfflineListCommand(options, clock));
  }

  @Command(description = "Lists the authorities.")
  void list() {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(PATH, Map.of(), 1000),
              "name",
              "issuer",
              "status",
              "key",
              "key_here",
              "not_after",
              "subject");
    }
  }

  @Command(description = "Shows an authority.")
  void show(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get(path(name)));
    }
  }

  @Command(name = "create-root", description = "Makes a root with its key on the server.")
  void createRoot(
      @Parameters(paramLabel = "NAME", description = "becomes part of addresses in certificates")
          String name,
      @ArgGroup(exclusive = false, multiplicity = "1") WantedAuthority wanted) {
    create(wanted.json(name));
  }

  @Command(
      name = "create-issuing",
      description =
          "Makes an authority under another one. Where that one's key is kept elsewhere, the answer is the request to sign there.")
  void createIssuing(
      @Parameters(paramLabel = "NAME", description = "becomes part of addresses in certificates")
          String name,
      @Option(names = "--issuer", paramLabel = "AUTHORITY", required = true) String issuer,
      @ArgGroup(exclusive = false, multiplicity = "1") WantedAuthority wanted) {
    create(wanted.json(name).put("issuer", issuer));
  }

  private void create(ObjectNode wanted) {
    try (ApiClient api = options.api()) {
      JsonNode made = api.post(PATH, wanted);
      String name = made.path("name").asText();
      options
          .output()
          .result(
              made,
              "waiting".equals(made.path("status").asText())
                  ? made.path("request").asText()
                  : "Authority " + name + " is made and ends on "
                      + made.path("not_after").asText() + ".");
    }
  }

  @Command(
      description =
          "Ends an authority for good: nothing that it or one below it certified counts any more.")
  void revoke(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--reason",
              required = true,
              description =
                  "ca-compromise, affiliation-changed, superseded, cessation-of-operation or unspecified")
          String reason) {
    try (ApiClient api = options.api()) {
      JsonNode ended = api.post(path(name) + "/revoke", Json.object().put("reason", reason));
      options
          .output()
          .result(
              ended,
              "Authority " + name
                  + " is revoked. What has to be certified anew is told by \"admin authority report "
                  + name
                  + "\"."
                  + (ended.path("to_do").isTextual() ? " " + ended.path("to_do").asText() : ""));
    }
  }

  @Command(
      description =
          "Has another authority certify in the place of this one from a moment on; both stay in the trust bundle.")
  void succeed(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--by", paramLabel = "AUTHORITY", required = true) String successor,
      @Option(
              names = "--from",
              paramLabel = "INSTANT",
              description = "for instance 2027-01-31T00:00:00Z (default: at once)")
          @Nullable
          String from) {
    ObjectNode wanted = Json.object().put("successor", successor);
    if (from != null) {
      wanted.put("from", from);
    }
    try (ApiClient api = options.api()) {
      JsonNode old = api.post(path(name) + "/successor", wanted);
      options
          .output()
          .result(
              old,
              successor + " certifies in the place of " + name + " from "
                  + old.path("successor_from").asText() + " on.");
    }
  }

  @Command(description = "Counts what stands on an authority.")
  void report(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get(path(name) + "/report"));
    }
  }

  @Command(description = "Prints the request of an authority that waits for its certificate.")
  void request(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--out", paramLabel = "FILE", description = "write it there") @Nullable
          Path out) {
    try (ApiClient api = options.api()) {
      String request = api.get(path(name)).path("request").asText("");
      if (request.isEmpty() || request.equals("null")) {
        throw new Failure(ExitCode.REFUSED, "Authority " + name + " waits for no certificate.");
      }
      if (out == null) {
        options.output().result(Json.object().put("request", request), request);
      } else {
        WholeFile.open(out, request);
        options.output().say("The request of " + name + " is in " + out + ".");
      }
    }
  }

  @Command(
      name = "add-root",
      description = "Adds a root whose key is kept elsewhere, by its certificate.")
  void addRoot(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--certificate", paramLabel = "FILE", required = true) Path certificate) {
    create(Json.object()
        .put("name", name)
        .put("certificate", Pem.of(Pem.certificates(certificate).getFirst())));
  }

  @Command(name = "import", description = "Hands in the certificate that an authority waits for.")
  void importCertificate(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--certificate", paramLabel = "FILE", required = true) Path certificate) {
    try (ApiClient api = options.api()) {
      JsonNode certified = api.post(
          path(name) + "/certificate",
          Json.object().put("certificate", Pem.of(Pem.certificates(certificate).getFirst())));
      options.output().result(certified, "Authority " + name + " is certified.");
    }
  }

  @Command(
      name = "import-list",
      description = "Hands in the revocation list of a root whose key is kept elsewhere.")
  void importList(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--list", paramLabel = "FILE", required = true, description = "PEM")
          Path list) {
    try (ApiClient api = options.api()) {
      JsonNode taken = api.post(path(name) + "/list", Json.object().put("list", Pem.text(list)));
      options
          .output()
          .result(
              taken,
              "List " + taken.path("number").asText() + " of " + name + " is served until "
                  + taken.path("next_update").asText() + ".");
    }
  }

  private static String path(String name) {
    return PATH + "/" + ApiClient.encode(name);
  }
}
