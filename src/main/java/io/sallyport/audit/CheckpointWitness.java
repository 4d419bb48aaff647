package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.SignedNote;
import io.sallyport.kernel.TiledTree;
import io.sallyport.kernel.TrustFile;
import io.sallyport.kernel.WitnessKey;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A witness (C2SP tlog-witness): checks that the log only grew since it last looked, and signs what it saw. What it says
 * it has seen and this log does not have, means that the log went back or was replaced.
 */
final class CheckpointWitness implements CheckpointPlace {
  /** A signature line has some 150 octets, by ML-DSA some 3,300; a witness may send those of several keys. */
  private static final int MOST_ANSWER = 16 * 1024;

  /** Clocks differ; beyond that a time is not what it says. */
  private static final Duration MOST_AHEAD = Duration.ofMinutes(5);

  private static final int OK = 200;
  private static final int CONFLICT = 409;
  private static final int SHOWN = 80;

  private final URI address;
  private final WitnessKey key;
  private final Optional<String> trustFile;
  private final Duration patience;
  private final Clock clock;
  private @Nullable HttpClient client;

  /** @param patience how long one question may take, answer included */
  CheckpointWitness(
      String url, WitnessKey key, Optional<String> trustFile, Duration patience, Clock clock) {
    this.address = URI.create(url.replaceAll("/+$", "") + "/add-checkpoint");
    this.key = key;
    this.trustFile = trustFile;
    this.patience = patience;
    this.clock = clock;
  }

  @Override
  public String kind() {
    return "witness";
  }

  @Override
  public String name() {
    return key.toString();
  }

  @Override
  public void begin() {
    // It is the witness that remembers.
  }

  @Override
  public Kept deliver(Connection reading, Kept kept, SignedRoot newest)
      throws InterruptedException {
    LogTiles tiles = new LogTiles(reading, newest.size());
    HttpResponse<byte[]> answer = ask(tiles, kept.size(), newest);
    if (answer.statusCode() == CONFLICT) {
      // Somebody else told it, or a crash kept its answer from being noted.
      answer = ask(tiles, seen(answer, newest), newest);
    }
    return switch (answer.statusCode()) {
      case OK -> new Kept(newest.size(), 0, null, cosignature(answer, newest));
      case CONFLICT ->
        throw undelivered("has signed another root over " + newest.size()
            + " facts than this log has, or cannot be followed: " + shown(answer)
            + ". The log's history was replaced.");
      case 403 ->
        throw undelivered("does not know this log's key; give it "
            + newest.note().lines().findFirst().orElse("")
            + " with the key of \"sallyport audit key\".");
      case 404 ->
        throw undelivered(
            "does not know this log: " + newest.note().lines().findFirst().orElse("") + ".");
      case 422 ->
        throw undelivered("finds that this log did not only grow: " + shown(answer) + ".");
      default -> throw undelivered("answered " + answer.statusCode() + ": " + shown(answer) + ".");
    };
  }

  private HttpResponse<byte[]> ask(TiledTree.Tiles tiles, long old, SignedRoot newest)
      throws InterruptedException {
    StringBuilder body = new StringBuilder("old ").append(old).append('\n');
    for (Digest hash : new TiledTree(newest.size(), tiles).consistency(old)) {
      body.append(Base64.getEncoder().encodeToString(hash.octets())).append('\n');
    }
    body.append('\n').append(newest.note());
    HttpRequest request = HttpRequest.newBuilder(address)
        .timeout(patience)
        .POST(BodyPublishers.ofString(body.toString()))
        .build();
    CompletableFuture<HttpResponse<byte[]>> answer;
    try {
      answer = client()
          .sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_ANSWER));
    } catch (IOException e) {
      throw undelivered("cannot be reached: " + e.getMessage() + ".");
    }
    try {
      // The request's own limit ends with the headers; a body may drip for ever.
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw undelivered("cannot be reached: "
          + (cause == null || cause.getMessage() == null ? "no answer" : cause.getMessage()) + ".");
    } catch (TimeoutException e) {
      throw undelivered("did not answer within " + patience + ".");
    } finally {
      answer.cancel(true);
    }
  }

  /** The size that the witness says it has seen. */
  private long seen(HttpResponse<byte[]> answer, SignedRoot newest) {
    String text = new String(answer.body(), StandardCharsets.UTF_8);
    if (!text.matches("(0|[1-9][0-9]{0,17})\n?")) {
      throw undelivered("answered 409 without the size that it has seen: " + shown(answer) + ".");
    }
    long seen = Long.parseLong(text.strip());
    if (seen > newest.size()) {
      throw undelivered("has signed a log of " + seen + " facts, this one has " + newest.size()
          + " sealed: the log went back.");
    }
    return seen;
  }

  private Cosignature cosignature(HttpResponse<byte[]> answer, SignedRoot newest) {
    String text = SignedNote.parse(newest.note()).text();
    for (String written : new String(answer.body(), StandardCharsets.UTF_8).split("\n")) {
      SignedNote.Line line;
      try {
        line = SignedNote.Line.parse(written);
      } catch (IllegalArgumentException e) {
        throw undelivered("answered with what is no signature line: " + shown(answer) + ".");
      }
      Optional<Instant> at = key.cosigned(text, line);
      if (key.claims(line) && at.isEmpty()) {
        throw undelivered("answered with a signature of its key that is not good.");
      }
      if (at.isPresent()) {
        if (at.get().isAfter(clock.instant().plus(MOST_AHEAD))) {
          throw undelivered("signs with a time in the future, " + at.get() + ".");
        }
        return new Cosignature(key.name(), line.toString(), at.get());
      }
    }
    throw undelivered("answered without a signature of the key " + key + ".");
  }

  private Undelivered undelivered(String what) {
    return new Undelivered("The witness " + key.name() + " " + what);
  }

  /** A few printable characters of an answer. */
  private static String shown(HttpResponse<byte[]> answer) {
    String text = new String(answer.body(), StandardCharsets.US_ASCII)
        .strip()
        .replaceAll("[^\\x20-\\x7e]", "?");
    return "\"" + (text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text) + "\"";
  }

  private HttpClient client() throws IOException {
    HttpClient known = client;
    if (known == null) {
      HttpClient.Builder made = HttpClient.newBuilder()
          .connectTimeout(patience)
          .followRedirects(HttpClient.Redirect.NEVER)
          .version(HttpClient.Version.HTTP_1_1);
      if ("https".equals(address.getScheme())) {
        made.sslContext(TrustFile.context(trustFile));
      }
      known = made.build();
      client = known;
    }
    return known;
  }
}
