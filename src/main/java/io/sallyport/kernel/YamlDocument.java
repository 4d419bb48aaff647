package io.sallyport.kernel;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a YAML document that a person wrote into records, strictly: nothing unknown, nothing twice, nothing behind it. */
public final class YamlDocument {
  public static final String API_VERSION = "sallyport.io/v1";

  private static final int MOST_CHARACTERS = 256 * 1024;
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?");
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory())
      .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private YamlDocument() {}

  /**
   * The document as a {@code type}, null when it is empty.
   *
   * @param invalid makes the refusal of a sentence that says what is wrong, with the line where it is known
   */
  public static <T> @Nullable T read(
      String yaml, Class<T> type, Function<String, Refusal> invalid) {
    if (yaml.length() > MOST_CHARACTERS) {
      throw invalid.apply("The document may have " + MOST_CHARACTERS + " characters at most.");
    }
    try {
      return YAML.readValue(yaml, type);
    } catch (UnrecognizedPropertyException e) {
      throw invalid.apply(line(e) + "unknown field \"" + e.getPropertyName() + "\".");
    } catch (JsonMappingException e) {
      throw invalid.apply(line(e) + path(e) + " has a value of the wrong kind.");
    } catch (JsonProcessingException e) {
      throw invalid.apply(line(e) + "this is not well-formed YAML, or a field stands twice.");
    }
  }

  /** Whether a document may be called so. */
  public static boolean isName(@Nullable String name) {
    return name != null && NAME.matcher(name).matches();
  }

  private static String line(JsonProcessingException e) {
    JsonLocation location = e.getLocation();
    return location == null ? "" : "Line " + location.getLineNr() + ": ";
  }

  private static String path(JsonMappingException e) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference reference : e.getPath()) {
      if (reference.getFieldName() == null) {
        path.append('[').append(reference.getIndex()).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(reference.getFieldName());
      }
    }
    return path.isEmpty() ? "the document" : path.toString();
  }
}
