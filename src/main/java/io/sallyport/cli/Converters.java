package io.sallyport.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.UUID;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** Reads the values of options and arguments, and says what was expected when it cannot. */
final class Converters {
  private static final int UUID_LENGTH = 36;

  private Converters() {}

  /** For {@code line} and all its subcommands. */
  static CommandLine in(CommandLine line) {
    return line.registerConverter(Duration.class, Converters::duration)
        .registerConverter(UUID.class, Converters::id)
        .registerConverter(URI.class, Converters::url)
        .registerConverter(int.class, Converters::integer)
        .registerConverter(long.class, Converters::position);
  }

  private static Duration duration(String text) {
    try {
      return Duration.parse(text);
    } catch (DateTimeException e) {
      throw wrong("must be an ISO 8601 duration such as PT5M", text);
    }
  }

  private static UUID id(String text) {
    try {
      UUID id = UUID.fromString(text);
      if (text.length() == UUID_LENGTH) {
        return id;
      }
    } catch (IllegalArgumentException e) {
      // Falls through: the JDK also takes shortened forms, so that length and form are one fault.
    }
    throw wrong("ID must be a UUID such as 01a2045c-c8e7-7455-8183-8def062487a9", text);
  }

  private static URI url(String text) {
    try {
      URI url = new URI(text);
      String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
      if (url.getHost() != null && (scheme.equals("https") || scheme.equals("http"))) {
        return url;
      }
    } catch (URISyntaxException e) {
      // Falls through: no URI is no URL.
    }
    throw wrong("must be a URL such as https://localhost:9443", text);
  }

  private static Integer integer(String text) {
    try {
      return Integer.valueOf(text);
    } catch (NumberFormatException e) {
      throw wrong("must be a whole number such as 100", text);
    }
  }

  private static Long position(String text) {
    try {
      return Long.valueOf(text);
    } catch (NumberFormatException e) {
      throw wrong("must be a whole number such as 100", text);
    }
  }

  private static TypeConversionException wrong(String expected, String text) {
    return new TypeConversionException(expected + ", not '" + text + "'");
  }
}
