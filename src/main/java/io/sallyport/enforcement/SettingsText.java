package io.sallyport.enforcement;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the columns of JSON text hold. */
final class SettingsText {
  private static final JsonMapper JSON = JsonMapper.builder()
      .defaultPropertyInclusion(
          JsonInclude.Value.construct(JsonInclude.Include.NON_EMPTY, JsonInclude.Include.ALWAYS))
      .build();
  private static final TypeReference<Map<String, String>> TEXTS = new TypeReference<>() {};

  private SettingsText() {}

  private record Stored(
      @Nullable Set<String> sites,
      @Nullable List<String> peers,
      @Nullable Map<String, List<String>> hosts,
      @Nullable String worstCaseDelay,
      @Nullable Map<String, String> parameters) {}

  static String write(PointSettings settings) {
    Duration delay = settings.worstCaseDelay();
    return text(new Stored(
        new TreeSet<>(settings.sites()),
        settings.peers(),
        new TreeMap<>(settings.hosts()),
        delay == null ? null : delay.toString(),
        new TreeMap<>(settings.parameters())));
  }

  static PointSettings read(String text) {
    try {
      Stored stored = JSON.readValue(text, Stored.class);
      return new PointSettings(
          stored.sites == null ? Set.of() : stored.sites,
          stored.peers == null ? List.of() : stored.peers,
          stored.hosts == null ? Map.of() : stored.hosts,
          stored.worstCaseDelay == null ? null : Duration.parse(stored.worstCaseDelay),
          stored.parameters == null ? Map.of() : stored.parameters);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("stored settings cannot be read", e);
    }
  }

  static String writeTexts(Map<String, String> texts) {
    return text(new TreeMap<>(texts));
  }

  static Map<String, String> readTexts(String text) {
    try {
      return JSON.readValue(text, TEXTS);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("stored attributes cannot be read", e);
    }
  }

  private static String text(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
