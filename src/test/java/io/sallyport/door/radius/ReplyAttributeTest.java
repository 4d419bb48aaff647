package io.sallyport.door.radius;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The dictionary: what is wrong is not sent. */
class ReplyAttributeTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TUNNEL_PRIVATE_GROUP_ID|0",
        "TUNNEL_PRIVATE_GROUP_ID|4095",
        "TUNNEL_PRIVATE_GROUP_ID|042",
        "TUNNEL_PRIVATE_GROUP_ID|99999999999",
        "TUNNEL_TYPE|GRE",
        "TUNNEL_MEDIUM_TYPE|IPv4",
        "TERMINATION_ACTION|Default",
        "SESSION_TIMEOUT|0",
        "SESSION_TIMEOUT|-1",
        "ACCT_INTERIM_INTERVAL|59",
        "FILTER_ID|''",
        "FILTER_ID|a b",
        "FILTER_ID|%{client:secret}",
        "FILTER_ID|0x00",
        "FILTER_ID|kamera-ü",
        "CLASS|a\"b",
        "CISCO_AV_PAIR|shell:priv-lvl=15",
        "CISCO_AV_PAIR|cts:security-group-tag=2a-00",
        "WISPR_BANDWIDTH_MAX_UP|999",
        "WISPR_BANDWIDTH_MAX_DOWN|4294967296"
      })
  void whatTheDictionaryDoesNotKnowIsNotSent(ReplyAttribute attribute, String value) {
    assertThrows(IllegalStateException.class, () -> new AccessAccept().with(attribute, value));
  }

  @Test
  void aValueFillsOneAttributeAtMost() {
    assertEquals("f".repeat(253), ReplyAttribute.FILTER_ID.check("f".repeat(253)));
    assertThrows(
        IllegalStateException.class, () -> ReplyAttribute.FILTER_ID.check("f".repeat(254)));
  }

  @Test
  void anAnswerLooksAsRlmRestReadsIt() {
    assertEquals(
        "{\"reply:Tunnel-Type\":{\"do_xlat\":false,\"is_json\":false,\"op\":\":=\",\"value\":[\"VLAN\"]},"
            + "\"reply:Tunnel-Medium-Type\":{\"do_xlat\":false,\"is_json\":false,\"op\":\":=\",\"value\":[\"IEEE-802\"]},"
            + "\"reply:Tunnel-Private-Group-Id\":{\"do_xlat\":false,\"is_json\":false,\"op\":\":=\",\"value\":[\"42\"]}}",
        new String(new AccessAccept().vlan(42).reply().body(), StandardCharsets.UTF_8));
  }
}
