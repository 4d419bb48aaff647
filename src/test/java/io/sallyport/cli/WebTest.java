package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebTest {
  private static final byte[] OCTETS = "{\"decision\":true}".getBytes(StandardCharsets.UTF_8);

  @Test
  void aServerUnderTheTrustedRootIsSpokenTo() {
    try (BareServer server = new BareServer(OCTETS, Clock.systemUTC(), true);
        Web web = new Web(List.of(server.certificate()), null)) {
      assertTrue(
          web.send(Web.to(server.address()).build()).json().path("decision").asBoolean());
    }
  }

  @Test
  void aServerUnderAnotherRootIsNot() {
    ManufacturingLine other = new ManufacturingLine("Bare", Clock.systemUTC());
    try (BareServer server = new BareServer(OCTETS, Clock.systemUTC(), true);
        Web web = new Web(List.of(other.anchor()), null)) {
      Failure failure =
          assertThrows(Failure.class, () -> web.send(Web.to(server.address()).build()));
      assertEquals(ExitCode.UNREACHABLE, failure.code());
      assertTrue(failure.sentence().startsWith("No trusted TLS connection"), failure.sentence());
    }
  }

  /** Its certificates are backdated by an hour. */
  @ParameterizedTest
  @ValueSource(strings = {"PT2H", "P-3700D"})
  void aServerWhoseCertificateIsNotValidByThisClockIsToldApart(Duration ahead) {
    Clock wrong = Clock.offset(Clock.systemUTC(), ahead);
    try (BareServer server = new BareServer(OCTETS, wrong, true);
        Web web = new Web(List.of(server.certificate()), null)) {
      Failure failure =
          assertThrows(Failure.class, () -> web.send(Web.to(server.address()).build()));
      assertEquals(ExitCode.UNREACHABLE, failure.code());
      assertTrue(failure.sentence().endsWith("is the clock right?"), failure.sentence());
    }
  }

  @Test
  void aServerWithAnotherNameIsNot() {
    try (BareServer server = new BareServer(OCTETS, Clock.systemUTC(), true);
        Web web = new Web(List.of(server.certificate()), null)) {
      var address = java.net.URI.create("https://127.0.0.1:" + server.address().getPort());
      assertThrows(Failure.class, () -> web.send(Web.to(address).build()));
    }
  }
}
