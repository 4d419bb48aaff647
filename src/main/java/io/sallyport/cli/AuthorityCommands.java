package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.NameSubtree;
import java.io.Console;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin authority}. */
@Command(name = "authority", description = "Certification authorities of the server.")
final class AuthorityCommands {
  private static final String PATH = "/authorities";
  private static final String PASSPHRASE = "--passphrase-file";
  private static final String PASSPHRASE_IS =
      "the passphrase of the root's key; without it the terminal is asked";
  private static final Duration ROOT_LIFE = Duration.ofDays(20 * 365);
  private static final Duration ISSUING_LIFE = Duration.ofDays(5 * 365);
  /** Those that end an authority (RFC 5280 §5.3.1). */
  private static final Map<String, Integer> REASONS = new TreeMap<>(Map.of(
      "ca-compromise", 2,
      "affiliation-changed", 3,
      "superseded", 4,
      "cessation-of-operation", 5));

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

    Duration validity(Duration usual) {
      try {
        return validity == null ? usual : Duration.parse(validity);
      } catch (DateTimeException e) {
        throw Failure.usage("--validity must be an ISO 8601 duration such as P3650D.");
      }
    }

    CaTerms terms(@Nullable Integer length) {
      return AuthorityCommands.terms(length, permitted, excluded, policies);
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
      JsonNode report = api.post(path(name) + "/revoke", Json.object().put("reason", reason));
      options
          .output()
          .result(
              report,
              "Authority " + name + " is revoked. Devices that need a new certificate: "
                  + report.at("/subjects/device").asLong() + "."
                  + (report.path("to_do").isTextual()
                      ? " " + report.path("to_do").asText()
                      : ""));
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

  @Command(
      name = "offline-root",
      description =
          "Makes a root in a folder, without any server: an encrypted key, a certificate, a record of the ceremony.")
  void offlineRoot(
      @Parameters(paramLabel = "DIR", description = "best on a medium that is locked away")
          Path folder,
      @ArgGroup(exclusive = false, multiplicity = "1") Wanted wanted,
      @Option(names = PASSPHRASE, paramLabel = "FILE", description = PASSPHRASE_IS) @Nullable
          Path passphrase) {
    X509Certificate root = new OfflineRoot(folder, Clock.systemUTC())
        .create(
            wanted.subject,
            wanted.key,
            wanted.validity(ROOT_LIFE),
            wanted.terms(wanted.pathLength),
            passphrase(passphrase, true));
    options
        .output()
        .result(
            Json.object().put("certificate", Pem.of(root)).put("sha256", OfflineRoot.digest(root)),
            "The root is in " + folder + "; its certificate has sha-256 " + OfflineRoot.digest(root)
                + ".");
  }

  @Command(
      name = "offline-sign",
      description =
          "Signs an authority's request by a root in a folder, without any server. Shows first what it signs.")
  void offlineSign(
      @Parameters(paramLabel = "DIR") Path folder,
      @Option(names = "--request", paramLabel = "FILE", required = true) Path request,
      @Option(names = "--out", paramLabel = "FILE", required = true) Path out,
      @Option(names = "--root-name", paramLabel = "NAME", defaultValue = "root") String rootName,
      @Option(
              names = "--status-url",
              paramLabel = "URL",
              description = "where the server serves the root's list, if the request does not say")
          @Nullable
          URI statusUrl,
      @ArgGroup(exclusive = false) @Nullable Terms other,
      @Option(names = "--yes", description = "sign without asking") boolean yes,
      @Option(names = PASSPHRASE, paramLabel = "FILE", description = PASSPHRASE_IS) @Nullable
          Path passphrase) {
    OfflineRoot root = new OfflineRoot(folder, Clock.systemUTC());
    PKCS10CertificationRequest asked = OfflineRoot.request(request);
    Terms terms = other == null ? new Terms() : other;
    OfflineRoot.Draft draft = root.draft(
        asked,
        terms.over(OfflineRoot.terms(asked.getRequestedExtensions())),
        terms.validity == null ? ISSUING_LIFE : terms.validity,
        statusUrl == null ? null : statusUrl.toString(),
        rootName);
    draft.lines().forEach(options.output()::say);
    confirm(yes);
    X509Certificate signed = root.sign(draft, passphrase(passphrase, false));
    WholeFile.open(out, Pem.of(signed));
    options
        .output()
        .result(
            Json.object()
                .put("certificate", Pem.of(signed))
                .put("sha256", OfflineRoot.digest(signed)),
            "Signed; the certificate is in " + out + " and has sha-256 "
                + OfflineRoot.digest(signed) + ".");
  }

  /** What is to be otherwise than in the request. */
  static final class Terms {
    @Option(
        names = "--validity",
        paramLabel = "DURATION",
        description = "ISO 8601 (default: 5 years)")
    @Nullable
    Duration validity;

    @Option(names = "--path-length", paramLabel = "N")
    @Nullable
    Integer pathLength;

    @Option(names = "--permit", paramLabel = "NAME", description = "instead of the request's")
    @Nullable
    List<String> permitted;

    @Option(names = "--exclude", paramLabel = "NAME", description = "instead of the request's")
    @Nullable
    List<String> excluded;

    @Option(names = "--policy", paramLabel = "OID", description = "instead of the request's")
    @Nullable
    List<String> policies;

    /** None follows the authority unless somebody says so. */
    CaTerms over(CaTerms asked) {
      Integer length = pathLength != null ? pathLength : asked.pathLength();
      return terms(
          length == null ? Integer.valueOf(0) : length,
          permitted == null ? texts(asked.permitted()) : permitted,
          excluded == null ? texts(asked.excluded()) : excluded,
          policies == null ? asked.policies() : policies);
    }

    private static List<String> texts(List<NameSubtree> subtrees) {
      return subtrees.stream().map(NameSubtree::toString).toList();
    }
  }

  @Command(
      name = "offline-list",
      description =
          "Signs the next revocation list of a root in a folder, without any server; what the last one held stays in it.")
  void offlineList(
      @Parameters(paramLabel = "DIR") Path folder,
      @Option(
              names = "--revoke",
              paramLabel = "FILE",
              description = "the certificate of an authority to revoke; may be repeated")
          @Nullable
          List<Path> revoked,
      @Option(
              names = "--reason",
              defaultValue = "ca-compromise",
              description =
                  "of these: ca-compromise, affiliation-changed, superseded or cessation-of-operation (default: ${DEFAULT-VALUE})")
          String reason,
      @Option(
              names = "--validity",
              paramLabel = "DURATION",
              defaultValue = "P180D",
              description = "until the next one (default: ${DEFAULT-VALUE})")
          Duration validity,
      @Option(names = PASSPHRASE, paramLabel = "FILE", description = PASSPHRASE_IS) @Nullable
          Path passphrase) {
    Integer code = REASONS.get(reason);
    if (code == null) {
      throw Failure.usage("--reason is one of " + String.join(", ", REASONS.keySet()) + ".");
    }
    RootList list = new RootList(folder, Clock.systemUTC());
    Map<BigInteger, Integer> serials = new TreeMap<>();
    for (Path file : revoked == null ? List.<Path>of() : revoked) {
      serials.put(list.revocable(file), code);
    }
    list.sign(serials, validity, passphrase(passphrase, false));
    options
        .output()
        .result(
            Json.object().put("list", Pem.text(folder.resolve("root.crl"))),
            "The list is in " + folder.resolve("root.crl") + "; hand it in with \"admin authority"
                + " import-list\".");
  }

  private static void confirm(boolean yes) {
    if (yes) {
      return;
    }
    Console console = System.console();
    if (console == null) {
      throw Failure.usage(
          "There is no terminal to ask on; look at what is signed, then add --yes.");
    }
    if (!"sign".equals(console.readLine("Type \"sign\" to sign this: "))) {
      throw new Failure(ExitCode.REFUSED, "Nothing was signed.");
    }
  }

  private static char[] passphrase(@Nullable Path file, boolean twice) {
    if (file != null) {
      return Pem.text(file).strip().toCharArray();
    }
    Console console = System.console();
    if (console == null) {
      throw Failure.usage("There is no terminal to ask on; name a file with " + PASSPHRASE + ".");
    }
    char[] typed = console.readPassword("Passphrase of the root's key: ");
    if (twice && !Arrays.equals(typed, console.readPassword("Again: "))) {
      throw Failure.usage("The passphrases differ.");
    }
    return typed == null ? new char[0] : typed;
  }

  private static CaTerms terms(
      @Nullable Integer pathLength,
      List<String> permitted,
      List<String> excluded,
      List<String> policies) {
    try {
      return new CaTerms(
          pathLength,
          permitted.stream().map(NameSubtree::parse).toList(),
          excluded.stream().map(NameSubtree::parse).toList(),
          policies);
    } catch (IllegalArgumentException wrong) {
      throw Failure.usage(String.valueOf(wrong.getMessage()));
    }
  }

  private static String path(String name) {
    return PATH + "/" + ApiClient.encode(name);
  }
}
