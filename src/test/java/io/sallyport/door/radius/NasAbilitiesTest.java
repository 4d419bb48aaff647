package io.sallyport.door.radius;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.enforcement.NetworkAccess;
import io.sallyport.enforcement.PointSettings;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a policy asks for beyond VLAN and filter reaches the access server, or the device is not let in. */
class NasAbilitiesTest {
  private static NetworkAccess given(@Nullable Integer group, @Nullable Integer rate) {
    return new NetworkAccess(true, 42, null, group, rate);
  }

  private static NasAbilities of(Map<String, String> parameters) {
    return NasAbilities.of(new PointSettings(Set.of(), List.of(), Map.of(), null, parameters));
  }

  @Test
  void whatCannotBeToldIsUnmet() {
    NasAbilities none = of(Map.of());
    assertTrue(none.unmet(given(7, null)).orElseThrow().contains("cisco-sgt"));
    assertTrue(none.unmet(given(null, 512)).orElseThrow().contains("wispr-rate"));
    assertEquals(Optional.empty(), none.unmet(given(null, null)));
  }

  @Test
  void whatCanBeToldIsMet() {
    NasAbilities both = of(Map.of("abilities", "cisco-sgt, wispr-rate"));
    assertEquals(Optional.empty(), both.unmet(given(7, 512)));
    NasAbilities one = of(Map.of("abilities", "wispr-rate"));
    assertTrue(one.unmet(given(7, 512)).isPresent());
  }

  @Test
  void anAccessServerReadsItInItsOwnWords() {
    AccessAccept accept = new AccessAccept();
    NasAbilities.add(accept, given(42, 512));
    String body = new String(accept.reply().body(), StandardCharsets.UTF_8);
    assertTrue(body.contains("[\"cts:security-group-tag=002a-00\"]"), body);
    assertTrue(
        body.contains("\"reply:WISPr-Bandwidth-Max-Up\":{\"do_xlat\":false,\"is_json\":false,"
            + "\"op\":\":=\",\"value\":[\"512000\"]}"),
        body);
    assertTrue(body.contains("WISPr-Bandwidth-Max-Down"), body);
  }

  @Test
  void aRateBeyondTheAttributeIsNotSent() {
    assertThrows(
        IllegalStateException.class,
        () -> NasAbilities.add(new AccessAccept(), given(null, 4_294_968)));
  }
}
