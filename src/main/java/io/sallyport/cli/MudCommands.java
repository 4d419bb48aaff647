package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin mud}. */
@Command(name = "mud", description = "Manufacturer Usage Descriptions (RFC 8520).")
final class MudCommands {
  private final Options options;

  MudCommands(Options options) {
    this.options = options;
  }

  @Command(
      name = "import",
      description = {
        "Has the server check a MUD file's signature and make a policy document of it, which it prints.",
        "Of a file, of a URL on an allowed host, or of the URL in a device's certificate. Nothing is applied."
      })
  void read(
      @Option(names = "--file", paramLabel = "FILE", description = "the MUD file") @Nullable
          Path file,
      @Option(
              names = "--signature",
              paramLabel = "FILE",
              description = "its detached CMS signature")
          @Nullable
          Path signature,
      @Option(names = "--url", description = "instead: where it is fetched") @Nullable String url,
      @Option(
              names = "--device",
              paramLabel = "ID",
              description = "instead: whose certificate says")
          @Nullable
          UUID device,
      @Option(names = "--name", required = true, description = "of the policy") String name,
      @Option(names = "--profile", required = true, description = "that it is about")
          String profile,
      @Option(
              names = "--map",
              paramLabel = "WHAT=PEER,...",
              description = "names or prefixes for my-controller, local-networks and the like")
          @Nullable
          Map<String, String> mapping,
      @Option(names = "--ttl", description = "the longest that a grant lives") @Nullable
          String ttl) {
    int given = (file == null ? 0 : 1) + (url == null ? 0 : 1) + (device == null ? 0 : 1);
    if (given != 1 || (file == null) != (signature == null)) {
      throw Failure.usage("Give --file with --signature, or --url, or --device.");
    }
    ObjectNode body = Json.object().put("name", name).put("profile", profile);
    if (file != null && signature != null) {
      body.put("file", Base64.getEncoder().encodeToString(Pem.octets(file)));
      body.put("signature", Base64.getEncoder().encodeToString(Pem.octets(signature)));
    } else if (url != null) {
      body.put("url", url);
    } else {
      body.put("device", String.valueOf(device));
    }
    if (ttl != null) {
      body.put("ttl", ttl);
    }
    if (mapping != null) {
      ObjectNode mapped = body.putObject("mapping");
      mapping.forEach((what, peers) -> {
        ArrayNode list = mapped.putArray(what);
        List.of(peers.split(",")).forEach(list::add);
      });
    }
    try (ApiClient api = options.api()) {
      JsonNode made = api.post("/mud", body);
      options.output().result(made, made.path("document").asText().stripTrailing());
    }
  }

  @Command(description = "Prints what policy permits a device now, as a MUD file.")
  void export(
      @Option(names = "--device", paramLabel = "ID", required = true) UUID device,
      @Option(names = "--url", required = true, description = "where it will be published")
          String url) {
    try (ApiClient api = options.api()) {
      JsonNode file = api.get("/mud/export?device=" + device + "&url=" + ApiClient.encode(url));
      options.output().result(file, Json.pretty(file));
    }
  }
}
