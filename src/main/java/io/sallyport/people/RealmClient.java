package io.sallyport.people;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.jwk.JWKSet;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Speaks to the realm: its description and keys, kept for a while, and its token endpoint. Safe for any thread. */
class RealmClient {
  /** What a realm says is kept for so long, and asked for again no oftener than {@link #PAUSE}. */
  private static final Duration FRESH = Duration.ofMinutes(5);

  /** How long keys are used while the realm is away: a key that it withdrew is believed no longer than this. */
  private static final Duration STALE = Duration.ofHours(1);

  private static final Duration PAUSE = Duration.ofSeconds(10);
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** A realm's description has some 6 KiB, its keys some 3 KiB, an answer with tokens some 5 KiB. */
  private static final int MOST_OCTETS = 256 * 1024;

  private static final String AWAY =
      "The realm cannot be reached at the moment; try again shortly.";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger LOG = Logger.getLogger(RealmClient.class);

  /** Where the realm's endpoints are (OpenID Connect Discovery 1.0 §3). */
  record Description(
      URI authorization, URI token, URI keys, @Nullable URI endSession) {}

  private final String issuer;
  private final @Nullable String caFile;
  private final Clock clock;

  private @Nullable HttpClient http;
  private @Nullable Description description;
  private @Nullable JWKSet keys;
  private Instant keysAt = Instant.MIN;
  private Instant askedAt = Instant.MIN;
  private Instant describedAt = Instant.MIN;

  RealmClient(String issuer, @Nullable String caFile, Clock clock) {
    this.issuer = issuer;
    this.caFile = caFile;
    this.clock = clock;
  }

  /** Where the endpoints are; asked until it was answered once in this life of the server. */
  synchronized Description description() {
    if (description == null) {
      requirePause(describedAt);
      describedAt = clock.instant();
      JsonNode told =
          json(get(URI.create(issuer + "/.well-known/openid-configuration")), "its description");
      if (!told.path("issuer").asText().equals(issuer)) {
        throw away("it calls itself " + told.path("issuer").asText() + ", not " + issuer);
      }
      description = new Description(
          endpoint(told, "authorization_endpoint"),
          endpoint(told, "token_endpoint"),
          endpoint(told, "jwks_uri"),
          told.has("end_session_endpoint") ? endpoint(told, "end_session_endpoint") : null);
    }
    return description;
  }

  private URI endpoint(JsonNode told, String name) {
    try {
      URI place = URI.create(told.path(name).asText());
      if (OidcRealm.safe(place)) {
        return place;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw away("its " + name + " is no https address");
  }

  /**
   * The realm's keys.
   *
   * @param unknown whether a key was asked for that is not among those known, which may be a new one
   */
  synchronized JWKSet keys(boolean unknown) {
    Instant now = clock.instant();
    JWKSet known = keys;
    boolean fresh = known != null && now.isBefore(keysAt.plus(FRESH)) && !unknown;
    boolean asked = asked(askedAt);
    if (known != null && (fresh || asked)) {
      return known;
    }
    requirePause(askedAt);
    askedAt = now;
    try {
      JWKSet read = JWKSet.parse(get(description().keys()));
      keys = read;
      keysAt = now;
      return read;
    } catch (ParseException e) {
      throw away("its keys cannot be read");
    } catch (Refusal failure) {
      if (known != null && now.isBefore(keysAt.plus(STALE))) {
        return known;
      }
      throw failure;
    }
  }

  private boolean asked(Instant at) {
    return clock.instant().minus(PAUSE).isBefore(at);
  }

  /** Nobody waits for a realm that did not answer a moment ago. */
  private void requirePause(Instant at) {
    if (asked(at)) {
      throw new Refusal(PeopleProblem.REALM_AWAY, AWAY);
    }
  }

  /** Exchanges a code (RFC 6749 §4.1.3). */
  JsonNode exchange(Map<String, String> form, String clientId, @Nullable String clientSecret) {
    String body = form.entrySet().stream()
        .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
        .collect(Collectors.joining("&"));
    HttpRequest.Builder request = HttpRequest.newBuilder(description().token())
        .timeout(PATIENCE)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json");
    if (clientSecret == null) {
      body += "&client_id=" + encoded(clientId);
    } else {
      String pair = encoded(clientId) + ":" + encoded(clientSecret);
      request.header(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    }
    HttpResponse<byte[]> answer =
        send(request.POST(HttpRequest.BodyPublishers.ofString(body)).build());
    if (answer.statusCode() >= 500) {
      throw away("it answered " + answer.statusCode());
    }
    if (answer.statusCode() != 200) {
      LOG.warnf("The realm refused a code with %d", answer.statusCode());
      throw new Refusal(
          PeopleProblem.REALM_REFUSED, "The realm did not confirm the sign-in; try again.");
    }
    return json(new String(answer.body(), StandardCharsets.UTF_8), "its tokens");
  }

  private String get(URI place) {
    HttpResponse<byte[]> answer = send(HttpRequest.newBuilder(place)
        .timeout(PATIENCE)
        .header("Accept", "application/json")
        .build());
    if (answer.statusCode() != 200) {
      throw away(place.getPath() + " was answered with " + answer.statusCode());
    }
    return new String(answer.body(), StandardCharsets.UTF_8);
  }

  private HttpResponse<byte[]> send(HttpRequest request) {
    try {
      return http().send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_OCTETS));
    } catch (IOException e) {
      throw away(e.getClass().getSimpleName() + " at " + request.uri().getAuthority());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw away("the question was interrupted");
    }
  }

  private synchronized HttpClient http() {
    if (http == null) {
      HttpClient.Builder client = HttpClient.newBuilder()
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER);
      if (caFile != null) {
        client.sslContext(trusting(Path.of(caFile)));
      }
      http = client.build();
    }
    return http;
  }

  private static SSLContext trusting(Path file) {
    try (InputStream pem = Files.newInputStream(file)) {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      int number = 0;
      for (Certificate authority :
          CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        trusted.setCertificateEntry("authority " + number++, authority);
      }
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(file + " holds no certificates in PEM", e);
    }
  }

  private static JsonNode json(String text, String what) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw away(what + " cannot be read");
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static Refusal away(String why) {
    LOG.warnf("The realm cannot be used at the moment: %s", why);
    return new Refusal(PeopleProblem.REALM_AWAY, AWAY);
  }
}
