package io.sallyport.door.radius;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.door.radius.DisconnectAddress.UnusableException;
import io.sallyport.door.radius.DynamicAuthorization.Response;
import io.sallyport.door.radius.DynamicAuthorization.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Disconnect messages as octets; a NAS that others wrote checks them in {@code FreeRadiusTest}. */
class DynamicAuthorizationTest {
  private static final byte[] SECRET = "secret".getBytes(StandardCharsets.US_ASCII);
  private static final Target TARGET =
      new Target(InetAddress.ofLiteral("192.0.2.7"), null, "S-1", "02-00-00-00-00-01", "nobody");
  private static final byte[] REQUEST =
      DynamicAuthorization.disconnect(7, TARGET, Instant.ofEpochSecond(0x01020304), SECRET);

  @Test
  void aRequestHasWhatIdentifiesTheSessionAndNothingElse() {
    String hex = HexFormat.of().formatHex(REQUEST);
    assertEquals("2807", hex.substring(0, 4));
    assertEquals(REQUEST.length, Integer.parseInt(hex.substring(4, 8), 16));
    assertEquals(
        "0406c0000207" // NAS-IP-Address
            + "2c05532d31" // Acct-Session-Id
            + "1f1330322d30302d30302d30302d30302d3031" // Calling-Station-Id
            + "370601020304" // Event-Timestamp
            + "5012", // Message-Authenticator
        hex.substring(40, hex.length() - 32));
  }

  @Test
  void withoutACallingStationTheUserNameIdentifies() throws Exception {
    byte[] request = DynamicAuthorization.disconnect(
        0,
        new Target(InetAddress.ofLiteral("2001:db8::7"), "sw-1", "S-1", null, "bob"),
        Instant.EPOCH,
        SECRET);
    String hex = HexFormat.of().formatHex(request);
    assertTrue(hex.contains("5f1220010db8000000000000000000000007"), hex);
    assertTrue(hex.contains("200673772d31"), hex);
    assertTrue(hex.contains("0105626f62"), hex);
  }

  @Test
  void anAnswerIsReadWhenItsAuthenticatorIsRight() {
    assertEquals(
        Optional.of(new Response(41, null)),
        DynamicAuthorization.response(
            SwitchListener.response(41, REQUEST, SECRET), REQUEST, SECRET));
    assertEquals(
        Optional.of(new Response(42, 503)),
        DynamicAuthorization.response(
            SwitchListener.response(42, REQUEST, SECRET, 101, 6, 0, 0, 1, 0xF7), REQUEST, SECRET));
  }

  @Test
  void paddingBehindTheLengthIsLeftAlone() {
    byte[] answer = SwitchListener.response(41, REQUEST, SECRET);
    assertTrue(
        DynamicAuthorization.response(Arrays.copyOf(answer, answer.length + 5), REQUEST, SECRET)
            .isPresent());
  }

  @Test
  void everyOctetThatIsChangedOrMissingMakesItNoAnswer() {
    byte[] answer = SwitchListener.response(42, REQUEST, SECRET, 101, 6, 0, 0, 1, 0xF7);
    for (int at = 0; at < answer.length; at++) {
      byte[] changed = answer.clone();
      changed[at] ^= 1;
      assertFalse(
          DynamicAuthorization.response(changed, REQUEST, SECRET).isPresent(), "octet " + at);
      assertFalse(
          DynamicAuthorization.response(Arrays.copyOf(answer, at), REQUEST, SECRET)
              .isPresent(),
          "cut at " + at);
    }
  }

  @Test
  void whatIsNoAnswerToADisconnectRequestIsNone() {
    byte[] other = SwitchListener.response(44, REQUEST, SECRET);
    assertFalse(DynamicAuthorization.response(other, REQUEST, SECRET).isPresent());
    byte[] request = DynamicAuthorization.disconnect(8, TARGET, Instant.EPOCH, SECRET);
    byte[] answer = SwitchListener.response(41, request, SECRET);
    assertFalse(DynamicAuthorization.response(answer, REQUEST, SECRET).isPresent());
    for (int[] broken :
        new int[][] {{101, 0}, {101, 1}, {101}, {101, 7, 0, 0, 1, 0xF7}, {101, 3, 1}, {80, 3, 1}}) {
      byte[] malformed = SwitchListener.response(42, REQUEST, SECRET, broken);
      assertFalse(DynamicAuthorization.response(malformed, REQUEST, SECRET).isPresent());
    }
    int[] wrong = new int[18];
    wrong[0] = 80;
    wrong[1] = 18;
    assertFalse(DynamicAuthorization.response(
            SwitchListener.response(41, REQUEST, SECRET, wrong), REQUEST, SECRET)
        .isPresent());
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.5:3799,10.0.0.5,3799",
    "[2001:db8::5]:1700,2001:db8::5,1700",
    "nas,192.0.2.7,3799",
    "nas:1700,192.0.2.7,1700"
  })
  void disconnectGoesWhereTheOperatorSaid(String setting, String host, int port)
      throws UnusableException {
    assertEquals(
        new InetSocketAddress(InetAddress.ofLiteral(host), port),
        DisconnectAddress.of(Map.of("disconnect", setting), Map.of("nas", "192.0.2.7")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "nas:", "nas:0", "nas:65536", "10.0.0.5", "10.0.0.5:x", "a b:1", ":1"})
  void aSettingThatIsNoAddressSaysSo(String setting) {
    assertThrows(
        UnusableException.class,
        () -> DisconnectAddress.of(Map.of("disconnect", setting), Map.of("nas", "192.0.2.7")));
  }

  @Test
  void withoutASettingOrAnAddressOfTheNasNothingIsSent() {
    assertThrows(UnusableException.class, () -> DisconnectAddress.of(Map.of(), Map.of()));
    assertThrows(
        UnusableException.class, () -> DisconnectAddress.of(Map.of("disconnect", "nas"), Map.of()));
  }
}
