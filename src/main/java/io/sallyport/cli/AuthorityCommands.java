package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin authority}. */
@Command(name = "authority", description = "Certification authorities of the server.")
final class AuthorityCommands {
  private static final String PATH = "/authorities";

  private final Options options;

  AuthorityCommands(Options options) {
    this.options = options;
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

  /** What an authority to be is like. */
  static final class Wanted {
    @Option(
        names = "--subject",
        paramLabel = "DN",
        required = true,
        description = "its attributes in the order of the certificate: O=Plant,CN=Plant Devices 1")
    String subject = "";

    @Option(
        names = "--key",
        paramLabel = "KIND",
        defaultValue = "ec-p256",
        description =
            "ec-p256, ec-p384, rsa-3072, rsa-4096, ed25519, ml-dsa-44, ml-dsa-65 or ml-dsa-87 (default: ${DEFAULT-VALUE})")
    String key = "ec-p256";

    @Option(
        names = "--validity",
        paramLabel = "DURATION",
        description = "ISO 8601, for instance P3650D (default: 20 years for a root, 5 for others)")
    @Nullable
    String validity;

    @Option(
        names = "--path-length",
        paramLabel = "N",
        description = "how many authorities may follow (default: any for a root, 0 for others)")
    @Nullable
    Integer pathLength;

    @Option(
        names = "--permit",
        paramLabel = "NAME",
        description =
            "the only names of their kind: dns:plant.example, uri:.plant.example, dn:O=Plant, ip:10.0.0.0/8; may be repeated")
    List<String> permitted = List.of();

    @Option(
        names = "--exclude",
        paramLabel = "NAME",
        description = "names that it may not certify; may be repeated")
    List<String> excluded = List.of();

    @Option(
        names = "--policy",
        paramLabel = "OID",
        description = "a certificate policy; may be repeated")
    List<String> policies = List.of();

    ObjectNode json(String name) {
      ObjectNode json = Json.object();
      json.put("name", name).put("subject", subject).put("key", key);
      if (validity != null) {
        json.put("validity", validity);
      }
      if (pathLength != null) {
        json.put("path_length", pathLength);
      }
      json.set("permitted", array(permitted));
      json.set("excluded", array(excluded));
      json.set("policies", array(policies));
      return json;
    }

    private static ArrayNode array(List<String> texts) {
      ArrayNode array = Json.array();
      texts.forEach(array::add);
      return array;
    }
  }

  @Command(name = "create-root", description = "Makes a root with its key on the server.")
  void createRoot(
      @Parameters(paramLabel = "NAME", description = "becomes part of addresses in certificates")
          String name,
      @ArgGroup(exclusive = false, multiplicity = "1") Wanted wanted) {
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
      @ArgGroup(exclusive = false, multiplicity = "1") Wanted wanted) {
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
              made.path("status").asText().equals("waiting")
                  ? made.path("request").asText()
                  : "Authority " + name + " is made and ends on "
                      + made.path("not_after").asText() + ".");
    }
  }

  private static String path(String name) {
    return PATH + "/" + ApiClient.encode(name);
  }
}
