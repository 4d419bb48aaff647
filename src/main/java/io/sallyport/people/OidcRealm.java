package io.sallyport.people;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jwt.JWTClaimsSet;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedInTransit;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.RealmClient.Description;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A realm by OpenID Connect. What a browser must bring back is sealed in its cookie, so that any node may go on. */
@ApplicationScoped
class OidcRealm implements Realm {
  private static final Duration FLOW_LIFE = Duration.ofMinutes(10);
  private static final int SECRET_OCTETS = 32;
  private static final int LONGEST_PARAMETER = 4096;
  private static final String CONTEXT = "console sign-in";

  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private final RealmSettings settings;
  private final Keys keys;
  private final Ids ids;
  private final Clock clock;
  private final RealmClient client;
  private final RealmTokens tokens;

  OidcRealm(RealmSettings settings, Keys keys, Ids ids, Clock clock) {
    this.settings = settings;
    this.keys = keys;
    this.ids = ids;
    this.clock = clock;
    String issuer = settings.url().map(OidcRealm::withoutSlash).orElse("");
    this.client = new RealmClient(issuer, settings.caFile().orElse(null), clock);
    this.tokens = new RealmTokens(issuer, client::keys, clock);
  }

  private static String withoutSlash(String url) {
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  @Override
  public boolean enabled() {
    return settings.url().isPresent();
  }

  @Override
  public Optional<String> fault() {
    if (settings.url().isEmpty()) {
      return Optional.empty();
    }
    try {
      if (!safe(URI.create(settings.url().get()))) {
        return Optional.of(
            "SALLYPORT_OIDC_URL must be an https address, or http at localhost for a trial.");
      }
    } catch (IllegalArgumentException e) {
      return Optional.of("SALLYPORT_OIDC_URL is no address.");
    }
    if (settings
        .clientSecretFile()
        .filter(file -> !Files.isReadable(Path.of(file)))
        .isPresent()) {
      return Optional.of("SALLYPORT_OIDC_CLIENT_SECRET_FILE cannot be read.");
    }
    if (settings.caFile().filter(file -> !Files.isReadable(Path.of(file))).isPresent()) {
      return Optional.of("SALLYPORT_OIDC_CA_FILE cannot be read.");
    }
    return Optional.empty();
  }

  static boolean safe(URI place) {
    String host = place.getHost();
    return host != null
        && place.getUserInfo() == null
        && ("https".equals(place.getScheme())
            || "http".equals(place.getScheme()) && LOOPBACK.contains(host));
  }

  @Produces
  @Singleton
  static SealedInTransit sealedFlows() {
    return new SealedInTransit("sign-ins under way", FLOW_LIFE);
  }

  @Override
  public Operator byBearer(String token) {
    return tokens.operator(
        tokens.claims(token, settings.audience(), "Bearer"), settings.audience());
  }

  @Override
  public Departure depart(URI callback) {
    Description realm = client.description();
    String state = ids.secret(SECRET_OCTETS);
    String nonce = ids.secret(SECRET_OCTETS);
    String verifier = ids.secret(SECRET_OCTETS);
    Map<String, String> question = new LinkedHashMap<>();
    question.put("response_type", "code");
    question.put("client_id", settings.clientId());
    question.put("redirect_uri", callback.toString());
    question.put("scope", "openid");
    question.put("state", state);
    question.put("nonce", nonce);
    question.put("code_challenge_method", "S256");
    question.put(
        "code_challenge",
        Digest.of(verifier.getBytes(StandardCharsets.US_ASCII)).base64Url());
    String flow = String.join(
        " ",
        state,
        nonce,
        verifier,
        Long.toString(clock.instant().plus(FLOW_LIFE).getEpochSecond()));
    byte[] sealed = keys.seal(flow.getBytes(StandardCharsets.US_ASCII), CONTEXT);
    return new Departure(
        with(realm.authorization(), question),
        Base64.getUrlEncoder().withoutPadding().encodeToString(sealed));
  }

  @Override
  public Operator arrive(String flow, URI callback, String state, String code) {
    String[] begun = opened(flow);
    if (state.length() > LONGEST_PARAMETER
        || code.length() > LONGEST_PARAMETER
        || !same(begun[0], state)) {
      throw refused();
    }
    JsonNode answer = client.exchange(
        Map.of(
            "grant_type",
            "authorization_code",
            "code",
            code,
            "redirect_uri",
            callback.toString(),
            "code_verifier",
            begun[2]),
        settings.clientId(),
        secret());
    try {
      JWTClaimsSet identity =
          tokens.claims(answer.path("id_token").asText(), settings.clientId(), "ID");
      if (!(identity.getClaim("nonce") instanceof String nonce) || !same(begun[1], nonce)) {
        throw refused();
      }
      JWTClaimsSet access =
          tokens.claims(answer.path("access_token").asText(), settings.audience(), "Bearer");
      if (!access.getSubject().equals(identity.getSubject())) {
        throw refused();
      }
      return tokens.operator(access, settings.audience());
    } catch (Refusal refusal) {
      throw refusal.problem() == PeopleProblem.WRONG_CREDENTIALS
          ? new Refusal(PeopleProblem.REALM_REFUSED, refusal.detail())
          : refusal;
    }
  }

  private String[] opened(String flow) {
    try {
      byte[] octets = keys.unseal(Base64.getUrlDecoder().decode(flow), CONTEXT);
      String[] parts = new String(octets, StandardCharsets.US_ASCII).split(" ");
      if (Instant.ofEpochSecond(Long.parseLong(parts[3])).isAfter(clock.instant())) {
        return parts;
      }
    } catch (IllegalArgumentException | IllegalStateException e) {
      // Told below.
    }
    throw refused();
  }

  private @Nullable String secret() {
    if (settings.clientSecretFile().isEmpty()) {
      return settings.clientSecret().orElse(null);
    }
    try {
      return Files.readString(Path.of(settings.clientSecretFile().get())).strip();
    } catch (IOException e) {
      throw new IllegalStateException("the realm client's secret cannot be read", e);
    }
  }

  @Override
  public Optional<URI> departure(URI back) {
    if (!enabled()) {
      return Optional.empty();
    }
    try {
      URI place = client.description().endSession();
      return place == null
          ? Optional.empty()
          : Optional.of(with(
              place,
              Map.of(
                  "client_id", settings.clientId(), "post_logout_redirect_uri", back.toString())));
    } catch (Refusal away) {
      return Optional.empty();
    }
  }

  private static URI with(URI place, Map<String, String> parameters) {
    String query = parameters.entrySet().stream()
        .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
    return URI.create(place + (place.getQuery() == null ? "?" : "&") + query);
  }

  private static boolean same(String expected, String given) {
    return MessageDigest.isEqual(
        expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }

  private static Refusal refused() {
    return new Refusal(
        PeopleProblem.REALM_REFUSED,
        "This sign-in was not begun here or took too long; try again.");
  }
}
