package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Ids;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@code /api/v1} of the people's front, with a bearer token. Every POST carries an Idempotency-Key. */
final class ApiClient implements AutoCloseable {
  private static final String JSON = "application/json";
  private static final String YAML = "application/yaml";
  private static final int PAGE = 1000;
  /** A file is read to its end before the first answer. */
  private static final Duration LONG = Duration.ofMinutes(30);

  private final URI base;
  private final String token;
  private final Web web;
  private final Ids ids = new Ids(Clock.systemUTC(), new SecureRandom());

  ApiClient(URI server, String token, Web web) {
    this.base = URI.create(server.toString().replaceAll("/+$", "") + "/api/v1");
    this.token = token;
    this.web = web;
  }

  JsonNode get(String path) {
    return send("GET", path, BodyPublishers.noBody(), null).orFail().json();
  }

  /** What is there, as text of this type. */
  String text(String path, String type) {
    return web.send(Web.to(URI.create(base + path))
            .header("Authorization", "Bearer " + token)
            .header("Accept", type + ", application/problem+json")
            .GET()
            .build())
        .orFail()
        .text();
  }

  /** As {@link #get}, but a refusal comes back as an answer. */
  Answer tryGet(String path) {
    return send("GET", path, BodyPublishers.noBody(), null);
  }

  /** Replaces what is there. */
  JsonNode putJson(String path, JsonNode body) {
    return send("PUT", path, BodyPublishers.ofByteArray(Json.octets(body)), JSON)
        .orFail()
        .json();
  }

  /** Changes what is named and leaves the rest. */
  JsonNode patch(String path, JsonNode body) {
    return send("PATCH", path, BodyPublishers.ofByteArray(Json.octets(body)), JSON)
        .orFail()
        .json();
  }

  JsonNode post(String path, JsonNode body) {
    return tryPost(path, body).orFail().json();
  }

  /** As {@link #post}, but a refusal comes back as an answer. */
  Answer tryPost(String path, JsonNode body) {
    return send("POST", path, BodyPublishers.ofByteArray(Json.octets(body)), JSON);
  }

  /** Applies a document (YAML). */
  JsonNode put(String path, String document) {
    return tryPut(path, document).orFail().json();
  }

  Answer tryPut(String path, String document) {
    return send("PUT", path, BodyPublishers.ofString(document), YAML);
  }

  /** Applies documents (YAML) when {@code tag} is still what is in force; any with null. */
  Answer tryPut(String path, String documents, @Nullable String tag) {
    return send("PUT", path, BodyPublishers.ofString(documents), YAML, tag);
  }

  /** Asks about documents (YAML). */
  JsonNode postYaml(String path, String documents) {
    return send("POST", path, BodyPublishers.ofString(documents), YAML).orFail().json();
  }

  /** The same, for what goes through much. */
  JsonNode postYamlLong(String path, String documents) {
    return web.send(request("POST", path, BodyPublishers.ofString(documents), YAML)
            .timeout(LONG)
            .build())
        .orFail()
        .json();
  }

  void delete(String path) {
    send("DELETE", path, BodyPublishers.noBody(), null).orFail();
  }

  /** Up to {@code limit} items over as many pages as it takes; {@code next} is null when there are no more. */
  ObjectNode list(String path, Map<String, @Nullable String> filters, int limit) {
    ArrayNode items = Json.array();
    String cursor = null;
    do {
      StringBuilder query =
          new StringBuilder("?limit=").append(Math.min(PAGE, limit - items.size()));
      filters.forEach((name, value) -> {
        if (value != null) {
          query.append('&').append(name).append('=').append(encode(value));
        }
      });
      if (cursor != null) {
        query.append("&cursor=").append(encode(cursor));
      }
      JsonNode page = get(path + query);
      items.addAll((ArrayNode) page.withArray("/items"));
      cursor = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (cursor != null && items.size() < limit);
    ObjectNode all = Json.object();
    all.set("items", items);
    all.put("next", cursor);
    return all;
  }

  /** Sends lines, and answers with the lines that come back. */
  InputStream stream(String path, String contentType, Supplier<InputStream> lines) {
    return web.open(HttpRequest.newBuilder(URI.create(base + path))
        .timeout(LONG)
        .header("Authorization", "Bearer " + token)
        .header("Accept", "application/x-ndjson, application/problem+json")
        .header("Content-Type", contentType)
        .POST(BodyPublishers.ofInputStream(lines::get))
        .build());
  }

  /** An answer of any length. */
  InputStream open(String path) {
    return web.open(Web.to(URI.create(base + path))
        .header("Authorization", "Bearer " + token)
        .GET()
        .build());
  }

  /** Server-sent events, for as long as the server sends any. */
  InputStream events(String path) {
    return web.open(HttpRequest.newBuilder(URI.create(base + path))
        .header("Authorization", "Bearer " + token)
        .header("Accept", "text/event-stream, application/problem+json")
        .GET()
        .build());
  }

  static String encode(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    web.close();
  }

  private Answer send(
      String method, String path, BodyPublisher body, @Nullable String contentType) {
    return send(method, path, body, contentType, null);
  }

  private Answer send(
      String method,
      String path,
      BodyPublisher body,
      @Nullable String contentType,
      @Nullable String tag) {
    HttpRequest.Builder request = request(method, path, body, contentType);
    if (tag != null) {
      request.header("If-Match", '"' + tag + '"');
    }
    return web.send(request.build());
  }

  private HttpRequest.Builder request(
      String method, String path, BodyPublisher body, @Nullable String contentType) {
    HttpRequest.Builder request = Web.to(URI.create(base + path))
        .method(method, body)
        .header("Authorization", "Bearer " + token)
        .header("Accept", JSON + ", application/mud+json, application/problem+json");
    if (contentType != null) {
      request.header("Content-Type", contentType);
    }
    if (method.equals("POST")) {
      request.header("Idempotency-Key", ids.next().toString());
    }
    return request;
  }
}
