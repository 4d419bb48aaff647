package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Der;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin manufacturer anchor}. */
@Command(
    name = "anchor",
    description = "A manufacturer's trust anchors: what they count for, what revokes under them.")
final class AnchorCommands {
  private static final String DIGEST = "SHA-256 of the anchor's certificate, as list tells it";

  private final Options options;

  AnchorCommands(Options options) {
    this.options = options;
  }

  /** What an anchor counts for. */
  static final class Terms {
    @Option(names = "--model", description = "repeatable; none for every model")
    @Nullable
    List<String> models;

    @Option(
        names = "--serial-numbers",
        paramLabel = "PATTERN",
        description = "repeatable; # is a digit, * any run of characters")
    @Nullable
    List<String> serialNumbers;

    @Option(
        names = "--not-before",
        paramLabel = "TIME",
        description = "such as 2026-01-31T00:00:00Z")
    @Nullable
    Instant notBefore;

    @Option(names = "--not-after", paramLabel = "TIME", description = "until when it counts")
    @Nullable
    Instant notAfter;

    @Option(
        names = "--lists-required",
        description = "refuse devices while an authority on the way has no current revocation list")
    boolean listsRequired;

    ObjectNode json() {
      ObjectNode terms = Json.object().put("lists_required", listsRequired);
      add(terms, "models", models);
      add(terms, "serial_numbers", serialNumbers);
      if (notBefore != null) {
        terms.put("not_before", notBefore.toString());
      }
      if (notAfter != null) {
        terms.put("not_after", notAfter.toString());
      }
      return terms;
    }

    private static void add(ObjectNode terms, String name, @Nullable List<String> values) {
      if (values != null) {
        values.forEach(terms.putArray(name)::add);
      }
    }
  }

  @Command(description = "Lists a manufacturer's trust anchors.")
  void list(@Parameters(paramLabel = "MANUFACTURER") String manufacturer) {
    try (ApiClient api = options.api()) {
      ArrayNode anchors = Json.array();
      api.get("/manufacturers/" + ApiClient.encode(manufacturer))
          .path("trust_anchors")
          .forEach(anchors::add);
      ObjectNode page = Json.object();
      page.set("items", anchors);
      options
          .output()
          .list(
              page,
              "digest",
              "models",
              "serial_numbers",
              "not_before",
              "not_after",
              "lists_required",
              "distrusted_at");
    }
  }

  @Command(description = "Trusts one more authority of a manufacturer.")
  void add(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "FILE", description = "its certificate, PEM or DER") Path file,
      @Mixin Terms terms) {
    try (ApiClient api = options.api()) {
      JsonNode changed = api.post(
          path(manufacturer),
          terms.json().put("certificate", Pem.of(Pem.certificates(file).getFirst())));
      options.output().result(changed, "Trust anchor added to " + manufacturer + ".");
    }
  }

  @Command(description = "Says anew what an anchor counts for; what is left out is no limit.")
  void change(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SHA256", description = DIGEST) String digest,
      @Mixin Terms terms) {
    try (ApiClient api = options.api()) {
      JsonNode changed = api.putJson(path(manufacturer, digest), terms.json());
      options.output().result(changed, "Trust anchor " + digest + " changed.");
    }
  }

  @Command(description = "Forgets an anchor; after a compromise distrust it instead.")
  void remove(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SHA256", description = DIGEST) String digest) {
    try (ApiClient api = options.api()) {
      api.delete(path(manufacturer, digest));
      options
          .output()
          .result(Json.object().put("removed", digest), "Trust anchor " + digest + " removed.");
    }
  }

  @Command(
      name = "revocation-list",
      description = "Hands in the next revocation list of an anchor, or of an authority under it.")
  void revocationList(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SHA256", description = DIGEST) String digest,
      @Parameters(paramLabel = "FILE", description = "the list, PEM or DER") Path file) {
    String list;
    try {
      X509CRL read = (X509CRL) CertificateFactory.getInstance("X.509")
          .generateCRL(new ByteArrayInputStream(Pem.octets(file)));
      list = Der.of(read.getEncoded()).pem("X509 CRL");
    } catch (GeneralSecurityException e) {
      throw Failure.usage(file + " holds no readable revocation list.");
    }
    try (ApiClient api = options.api()) {
      JsonNode taken =
          api.post(path(manufacturer, digest) + "/list", Json.object().put("list", list));
      options.output().result(taken, "Revocation list taken.");
    }
  }

  @Command(
      description =
          "Shows where an anchor's revocation lists are fetched from; with addresses sets them first.")
  void sources(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SHA256", description = DIGEST) String digest,
      @Parameters(paramLabel = "URL", arity = "0..8") @Nullable List<String> urls,
      @Option(names = "--none", description = "fetch no list any more") boolean none) {
    try (ApiClient api = options.api()) {
      String path = path(manufacturer, digest) + "/list-sources";
      ObjectNode wanted = Json.object();
      ArrayNode given = wanted.putArray("urls");
      if (urls != null) {
        urls.forEach(given::add);
      }
      JsonNode sources = none || !given.isEmpty() ? api.putJson(path, wanted) : api.get(path);
      options.output().list(sources, "url", "fetched_at", "next_at", "failure");
    }
  }

  @Command(description = "Shuts a compromised authority for good, and counts what it admitted.")
  void distrust(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SHA256", description = DIGEST) String digest,
      @Option(names = "--reason", required = true, description = "why, for the log")
          String reason) {
    try (ApiClient api = options.api()) {
      JsonNode report =
          api.post(path(manufacturer, digest) + "/distrust", Json.object().put("reason", reason));
      options
          .output()
          .result(
              report,
              "Trust anchor " + digest + " is shut. It admitted "
                  + report.path("devices").asLong()
                  + " devices, of which " + report.path("live").asLong()
                  + " are not decommissioned: admin manufacturer anchor admissions lists them.");
    }
  }

  @Command(description = "Lists the devices that an anchor admitted, by which IDevID.")
  void admissions(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SHA256", description = DIGEST) String digest,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(path(manufacturer, digest) + "/admissions", Map.of(), limit),
              "device",
              "serial_number",
              "model",
              "site",
              "state",
              "how",
              "admitted_at");
    }
  }

  private static String path(String manufacturer) {
    return "/manufacturers/" + ApiClient.encode(manufacturer) + "/anchors";
  }

  private static String path(String manufacturer, String digest) {
    return path(manufacturer) + "/" + ApiClient.encode(digest);
  }
}
