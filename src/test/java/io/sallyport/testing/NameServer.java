package io.sallyport.testing;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A DNS server (RFC 1035) that reads its answers from the question: every label such as {@code 127-0-0-1} is an A record,
 * the label {@code loopback6} is {@code ::1}. Other names have no address.
 */
public final class NameServer implements AutoCloseable {
  private static final int LONGEST = 512;
  private static final int A = 1;
  private static final int AAAA = 28;
  private static final short ANSWER = (short) 0x8180;

  private final DatagramSocket socket;

  private NameServer(DatagramSocket socket) {
    this.socket = socket;
  }

  public static NameServer start() throws IOException {
    NameServer server = new NameServer(new DatagramSocket(0, InetAddress.getLoopbackAddress()));
    Thread.ofVirtual().name("name-server").start(server::serve);
    return server;
  }

  public int port() {
    return socket.getLocalPort();
  }

  @Override
  public void close() {
    socket.close();
  }

  private void serve() {
    try {
      while (true) {
        DatagramPacket question = new DatagramPacket(new byte[LONGEST], LONGEST);
        socket.receive(question);
        byte[] answer = answer(ByteBuffer.wrap(question.getData(), 0, question.getLength()));
        socket.send(new DatagramPacket(answer, answer.length, question.getSocketAddress()));
      }
    } catch (SocketException closed) {
      // The end.
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] answer(ByteBuffer question) throws IOException {
    short id = question.getShort();
    question.position(12);
    List<String> labels = new ArrayList<>();
    for (int length = question.get(); length > 0; length = question.get()) {
      byte[] label = new byte[length];
      question.get(label);
      labels.add(new String(label, StandardCharsets.US_ASCII));
    }
    int kind = question.getShort();
    byte[] asked = new byte[question.position() + 2 - 12];
    question.get(12, asked);
    List<byte[]> addresses = addresses(labels, kind);
    ByteBuffer answer = ByteBuffer.allocate(LONGEST)
        .putShort(id)
        .putShort(ANSWER)
        .putShort((short) 1)
        .putShort((short) addresses.size())
        .putInt(0)
        .put(asked);
    for (byte[] address : addresses) {
      answer
          .putShort((short) 0xc00c)
          .putShort((short) kind)
          .putShort((short) 1)
          .putInt(1)
          .putShort((short) address.length)
          .put(address);
    }
    byte[] octets = new byte[answer.position()];
    answer.get(0, octets);
    return octets;
  }

  private static List<byte[]> addresses(List<String> labels, int kind) {
    List<byte[]> found = new ArrayList<>();
    for (String label : labels) {
      if (kind == A && label.matches("\\d+-\\d+-\\d+-\\d+")) {
        found.add(InetAddress.ofLiteral(label.replace('-', '.')).getAddress());
      } else if (kind == AAAA && label.equals("loopback6")) {
        found.add(InetAddress.ofLiteral("::1").getAddress());
      }
    }
    return found;
  }
}
