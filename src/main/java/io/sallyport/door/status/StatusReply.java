package io.sallyport.door.status;

import io.sallyport.door.Reply;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CertificateStatus.OcspAnswer;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An OCSP answer with the headers that any cache goes by (RFC 5019 §6.2), made ready once and written often. */
final class StatusReply {
  /** IMF-fixdate (RFC 9110 §5.6.7). */
  private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern(
          "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
      .withZone(ZoneOffset.UTC);

  private static final String MEDIA_TYPE = "application/ocsp-response";
  private static final CharSequence MEDIA_TYPE_ON_WIRE = HttpHeaders.createOptimized(MEDIA_TYPE);
  private static final String NO_STORE = "no-store";
  private static final int NOT_MODIFIED = 304;

  private final List<String> told;
  private final byte[] body;
  private final Buffer buffer;
  private final @Nullable Instant nextUpdate;
  private final String lastModified;
  private final String expires;
  private final String etag;
  /** The same, checked and encoded for the wire once. */
  private final CharSequence lastModifiedOnWire;

  private final CharSequence expiresOnWire;
  private final CharSequence etagOnWire;

  private StatusReply(
      List<String> told, byte[] body, @Nullable Instant thisUpdate, @Nullable Instant nextUpdate) {
    this.told = told;
    this.body = body;
    this.buffer = Buffer.buffer(body);
    this.nextUpdate = nextUpdate;
    this.lastModified = thisUpdate == null ? "" : date(thisUpdate);
    this.expires = nextUpdate == null ? "" : date(nextUpdate);
    this.etag = etag(body);
    this.lastModifiedOnWire = HttpHeaders.createOptimized(lastModified);
    this.expiresOnWire = HttpHeaders.createOptimized(expires);
    this.etagOnWire = HttpHeaders.createOptimized(etag);
  }

  static StatusReply of(OcspAnswer answer) {
    return new StatusReply(
        answer.told(), answer.der().octets(), answer.thisUpdate(), answer.nextUpdate());
  }

  /** What it says of each certificate, in one word each. */
  List<String> told() {
    return told;
  }

  static String date(Instant time) {
    return HTTP_DATE.format(time);
  }

  /** Whether {@code since} is a date (any other text is passed over) at or after what was modified last. */
  static boolean notModified(String since, Instant lastModified) {
    try {
      Instant known = HTTP_DATE.parse(since.strip(), Instant::from);
      return !lastModified.truncatedTo(ChronoUnit.SECONDS).isAfter(known);
    } catch (DateTimeException noDate) {
      return false;
    }
  }

  static String etag(byte[] body) {
    return '"' + Digest.of(body).hex() + '"';
  }

  /** RFC 9111 §5.2.2: until {@code nextUpdate} and not a second longer. */
  static String cacheControl(Instant now, Instant nextUpdate) {
    return "public, no-transform, must-revalidate, max-age="
        + Math.max(0, Duration.between(now, nextUpdate).toSeconds());
  }

  /** Weak comparison over a list (RFC 9110 §13.1.2): a cache on the way may have weakened the tag. */
  static boolean names(String known, @Nullable String etag) {
    return Stream.of(known.split(","))
        .map(String::trim)
        .map(tag -> tag.startsWith("W/") ? tag.substring(2) : tag)
        .anyMatch(tag -> tag.equals("*") || tag.equals(etag));
  }

  /** @param known If-None-Match, or null */
  Reply reply(@Nullable String known, Instant now) {
    if (nextUpdate == null) {
      return Reply.of(200, MEDIA_TYPE, body).with("Cache-Control", NO_STORE);
    }
    Map<String, String> headers = Map.of(
        "Content-Type",
        MEDIA_TYPE,
        "Last-Modified",
        lastModified,
        "Expires",
        expires,
        "Cache-Control",
        cacheControl(now, nextUpdate),
        "ETag",
        etag);
    return known != null && names(known, etag)
        ? new Reply(NOT_MODIFIED, headers, new byte[0])
        : new Reply(200, headers, body);
  }

  /** The same, on the event loop and without anything in between. */
  void write(HttpServerResponse response, @Nullable String known, Instant now) {
    if (nextUpdate == null) {
      throw new IllegalStateException("an answer that may not be kept was kept");
    }
    response
        .putHeader(HttpHeaders.CONTENT_TYPE, MEDIA_TYPE_ON_WIRE)
        .putHeader(HttpHeaders.LAST_MODIFIED, lastModifiedOnWire)
        .putHeader(HttpHeaders.EXPIRES, expiresOnWire)
        .putHeader(HttpHeaders.CACHE_CONTROL, cacheControl(now, nextUpdate))
        .putHeader(HttpHeaders.ETAG, etagOnWire);
    if (known != null && names(known, etag)) {
      response.setStatusCode(NOT_MODIFIED).end();
    } else {
      response.end(buffer);
    }
  }
}
