package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Files of YAML documents ({@code apiVersion: sallyport.io/v1}), sent to the server as they are written. */
final class Documents {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final Pattern SEPARATOR = Pattern.compile("(?m)^---(?:[ \\t].*)?$\\R?");

  private Documents() {}

  /**
   * One document.
   *
   * @param text as it stands in the file, comments and all, so that the server's line numbers fit
   */
  record Document(String kind, String name, String text) {}

  /** Sends the documents of {@code kinds}; a document of another kind or without a name stops before anything is sent. */
  static void apply(Options options, Path file, String path, String... kinds) {
    List<Document> documents = read(Pem.text(file), file.toString());
    for (Document document : documents) {
      if (!List.of(kinds).contains(document.kind())) {
        throw Failure.usage(file + " holds a " + document.kind() + "; this command applies a "
            + String.join(" or ", kinds) + ".");
      }
    }
    ArrayNode applied = Json.array();
    try (ApiClient api = options.api()) {
      for (Document document : documents) {
        applied.add(api.put(path + ApiClient.encode(document.name()), document.text()));
        options.output().say(document.kind() + " " + document.name() + " applied.");
      }
    }
    if (options.json) {
      JsonNode result = applied.size() == 1 ? applied.get(0) : applied;
      options.output().result(result, "");
    }
  }

  static List<Document> read(String text, String file) {
    List<Document> documents = new ArrayList<>();
    for (String part : SEPARATOR.split(text)) {
      try {
        JsonNode node = YAML.readTree(part);
        if (node == null || node.isMissingNode() || node.isNull()) {
          continue;
        }
        String kind = node.path("kind").asText();
        String name = node.path("metadata").path("name").asText();
        if (kind.isBlank() || name.isBlank()) {
          throw Failure.usage(file + " holds a document without kind or metadata.name.");
        }
        documents.add(new Document(kind, name, part));
      } catch (IOException e) {
        String first = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        throw Failure.usage(file + " is not readable YAML: " + first);
      }
    }
    if (documents.isEmpty()) {
      throw Failure.usage(file + " holds no document.");
    }
    return documents;
  }
}
