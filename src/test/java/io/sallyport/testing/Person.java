package io.sallyport.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Somebody at the front for people with a bearer token of their own, or with none. */
public final class Person {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient client;
  private final String base;
  private final @Nullable String token;

  public Person(HttpClient client, String base, @Nullable String token) {
    this.client = client;
    this.base = base;
    this.token = token;
  }

  /** Registers an operator as the administrator of {@code wire}. */
  public static Person operator(
      Wire wire, HttpClient client, String name, List<String> roles, List<String> sites) {
    JsonNode made = wire.admin(
        "POST", "/api/v1/operators", Map.of("name", name, "roles", roles, "sites", sites));
    return new Person(client, wire.people(), made.get("token").asText());
  }

  public Answer get(String path) {
    return send("GET", path, null, "application/json");
  }

  public Answer send(String method, String path, @Nullable Object body) {
    try {
      return send(
          method, path, body == null ? null : JSON.writeValueAsString(body), "application/json");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  public Answer send(String method, String path, @Nullable String body, String mediaType) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
        .timeout(PATIENCE)
        .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (body != null) {
      request.header("Content-Type", mediaType);
    }
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return Answer.to(client, request.build());
  }
}
