package io.sallyport.testing;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** As much of a browser as a form needs: cookies of each host, no script, and redirects only when told. */
public final class Browser {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient client;
  private final Map<String, Map<String, String>> cookies = new TreeMap<>();

  public Browser(HttpClient client) {
    this.client = client;
  }

  public Answer get(URI place) {
    return send(place, HttpRequest.newBuilder(place).header("Accept", "text/html"));
  }

  /** Goes where it is led until somebody answers with a page. */
  public Answer follow(URI place) {
    URI at = place;
    for (int hops = 0; hops < 10; hops++) {
      Answer answer = get(at);
      if (answer.header("Location").isEmpty()) {
        return answer;
      }
      at = at.resolve(answer.header("Location"));
    }
    throw new AssertionError("too many redirects, the last to " + at);
  }

  public Answer post(URI place, Map<String, String> fields, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(place)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(BodyPublishers.ofString(fields.entrySet().stream()
            .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
            .collect(Collectors.joining("&"))));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return send(place, request);
  }

  public String cookie(URI place, String name) {
    return jar(place).getOrDefault(name, "");
  }

  public void setCookie(URI place, String name, String value) {
    jar(place).put(name, value);
  }

  /** The value of a field in a page, as it stands in the form. */
  public static String field(Answer page, String name) {
    Matcher field =
        Pattern.compile("name=\"" + name + "\" value=\"([^\"]*)\"").matcher(page.text());
    if (!field.find()) {
      throw new AssertionError("no field " + name + " in " + page);
    }
    return field.group(1);
  }

  private Answer send(URI place, HttpRequest.Builder request) {
    if (!jar(place).isEmpty()) {
      request.header(
          "Cookie",
          jar(place).entrySet().stream()
              .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
              .collect(Collectors.joining("; ")));
    }
    Answer answer = Answer.to(client, request.timeout(PATIENCE).build());
    List<String> set = answer.headers().allValues("Set-Cookie");
    for (String cookie : set) {
      String pair = cookie.split(";", 2)[0];
      int equals = pair.indexOf('=');
      if (cookie.toLowerCase(java.util.Locale.ROOT).contains("max-age=0")) {
        jar(place).remove(pair.substring(0, equals));
      } else {
        jar(place).put(pair.substring(0, equals), pair.substring(equals + 1));
      }
    }
    return answer;
  }

  private Map<String, String> jar(URI place) {
    return cookies.computeIfAbsent(place.getAuthority(), host -> new TreeMap<>());
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
