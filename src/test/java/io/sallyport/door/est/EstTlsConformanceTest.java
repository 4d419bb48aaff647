package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.ServerTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS versions on the front for devices (RFC 8996). */
@QuarkusTest
class EstTlsConformanceTest extends ServerTest {
  /** Content type of an alert (RFC 5246 §6.2.1). */
  private static final int ALERT = 21;

  /** The JDK no longer speaks these versions, so the first flight is written by hand. */
  @ParameterizedTest
  @ValueSource(ints = {0x0300, 0x0301, 0x0302})
  void tls11AndOlderAreRefused(int version) throws IOException {
    URI server = URI.create(wire.devices());
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(clientHello((short) version));
      socket.getOutputStream().flush();
      byte[] answer = socket.getInputStream().readNBytes(7);

      assertEquals(7, answer.length);
      assertEquals(ALERT, answer[0]);
      assertEquals(2, answer[5], "not fatal");
    }
  }

  @Test
  void tls12IsAnswered() throws IOException {
    URI server = URI.create(wire.devices());
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(clientHello((short) 0x0303));
      socket.getOutputStream().flush();

      assertNotEquals(ALERT, socket.getInputStream().read());
    }
  }

  /** RFC 5246 §7.4.1.2, with the cipher suites and curves of that time. */
  private static byte[] clientHello(short version) {
    short[] suites = {
      (short) 0xc02b,
      (short) 0xc02f,
      (short) 0xc02c,
      (short) 0xc009,
      (short) 0xc00a,
      (short) 0xc013,
      (short) 0xc014,
      0x002f,
      0x0035
    };
    byte[] extensions = {
      0,
      10,
      0,
      6,
      0,
      4,
      0,
      23,
      0,
      24, // supported_groups: P-256, P-384
      0,
      11,
      0,
      2,
      1,
      0, // ec_point_formats: uncompressed
      0,
      13,
      0,
      8,
      0,
      6,
      4,
      3,
      4,
      1,
      2,
      1 // signature_algorithms
    };
    int length = 2 + 32 + 1 + 2 + suites.length * 2 + 2 + 2 + extensions.length;
    ByteBuffer hello = ByteBuffer.allocate(5 + 4 + length);
    hello.put((byte) 22).putShort((short) Math.min(version, 0x0301)).putShort((short) (4 + length));
    hello.put((byte) 1).put((byte) 0).putShort((short) length);
    hello.putShort(version).put(new byte[32]).put((byte) 0).putShort((short) (suites.length * 2));
    for (short suite : suites) {
      hello.putShort(suite);
    }
    hello.put((byte) 1).put((byte) 0).putShort((short) extensions.length).put(extensions);
    return hello.array();
  }
}
