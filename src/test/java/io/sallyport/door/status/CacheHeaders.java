package io.sallyport.door.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Date;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What any HTTP cache goes by (RFC 9111, RFC 5019 §6.2). */
final class CacheHeaders {
  private static final Pattern MAX_AGE = Pattern.compile("max-age=(\\d+)");

  private CacheHeaders() {}

  static void assertCacheable(HttpResponse<byte[]> response, Date thisUpdate, Date nextUpdate) {
    assertEquals(200, response.statusCode());
    assertEquals(thisUpdate.toInstant(), date(response, "Last-Modified"));
    assertEquals(nextUpdate.toInstant(), date(response, "Expires"));
    Matcher maxAge = MAX_AGE.matcher(header(response, "Cache-Control"));
    assertTrue(maxAge.find(), header(response, "Cache-Control"));
    Duration age = Duration.ofSeconds(Long.parseLong(maxAge.group(1)));
    assertTrue(
        !Instant.now().minusSeconds(30).plus(age).isAfter(nextUpdate.toInstant()),
        "it would be kept for too long");
    assertTrue(age.isPositive());
    assertTrue(header(response, "ETag").matches("\"[0-9a-f]{64}\""), header(response, "ETag"));
  }

  private static Instant date(HttpResponse<byte[]> response, String name) {
    return ZonedDateTime.parse(header(response, name), DateTimeFormatter.RFC_1123_DATE_TIME)
        .toInstant();
  }

  static String header(HttpResponse<byte[]> response, String name) {
    return response.headers().firstValue(name).orElse("none");
  }
}
