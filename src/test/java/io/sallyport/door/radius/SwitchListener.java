package io.sallyport.door.radius;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** A NAS that hears Disconnect-Requests and answers those for a station as it was told to, one after the other, then ACK. */
final class SwitchListener implements AutoCloseable {
  /** What comes back for one request. */
  enum Way {
    SILENT,
    ACK,
    NAK_503,
    NAK_506,
    NAK_WITHOUT_CAUSE,
    /** An ACK by one who does not know the secret. */
    FORGED_ACK,
    /** An ACK with the right secret from another port. */
    ACK_FROM_ELSEWHERE
  }

  private final DatagramSocket socket;
  private final DatagramSocket elsewhere;
  private final byte[] secret;
  private final Map<String, Queue<Way>> ways = new ConcurrentHashMap<>();
  private final List<byte[]> heard = new CopyOnWriteArrayList<>();
  private final Thread thread;

  SwitchListener(String secret) throws IOException {
    this.socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"));
    this.elsewhere = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"));
    this.secret = secret.getBytes(StandardCharsets.US_ASCII);
    this.thread = Thread.ofPlatform().daemon().start(this::listen);
  }

  int port() {
    return socket.getLocalPort();
  }

  /** How the next requests for a station are answered; the last way stands for all that follow. */
  void answer(String station, Way... next) {
    ways.put(station, new ConcurrentLinkedQueue<>(List.of(next)));
  }

  /** The requests for a station. */
  List<byte[]> heard(String station) {
    return heard.stream().filter(request -> isFor(station, request)).toList();
  }

  private static boolean isFor(String station, byte[] request) {
    return new String(request, StandardCharsets.ISO_8859_1).contains(station);
  }

  private Way way(byte[] request) {
    return ways.entrySet().stream()
        .filter(station -> isFor(station.getKey(), request))
        .flatMap(station -> Stream.ofNullable(next(station.getValue())))
        .findFirst()
        .orElse(Way.ACK);
  }

  private static Way next(Queue<Way> ways) {
    return ways.size() > 1 ? ways.poll() : ways.peek();
  }

  private void listen() {
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
        socket.receive(packet);
        byte[] request = Arrays.copyOf(packet.getData(), packet.getLength());
        heard.add(request);
        Way way = way(request);
        byte[] answer = switch (way) {
          case SILENT -> new byte[0];
          case ACK, ACK_FROM_ELSEWHERE -> response(41, request, secret);
          case NAK_503 -> response(42, request, secret, 101, 6, 0, 0, 1, 0xF7);
          case NAK_506 -> response(42, request, secret, 101, 6, 0, 0, 1, 0xFA);
          case NAK_WITHOUT_CAUSE -> response(42, request, secret);
          case FORGED_ACK -> response(41, request, new byte[] {1});
        };
        if (answer.length > 0) {
          (way == Way.ACK_FROM_ELSEWHERE ? elsewhere : socket)
              .send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
        }
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  /** RFC 2866 §3: MD5 over code, identifier, length, the request's authenticator, attributes and secret. */
  static byte[] response(int code, byte[] request, byte[] secret, int... attributes) {
    ByteBuffer answer = ByteBuffer.allocate(20 + attributes.length)
        .put((byte) code)
        .put(request[1])
        .putShort((short) (20 + attributes.length))
        .put(request, 4, 16);
    for (int octet : attributes) {
      answer.put((byte) octet);
    }
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5");
      md5.update(answer.array());
      answer.position(4).put(md5.digest(secret));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    return answer.array();
  }

  @Override
  public void close() throws InterruptedException {
    socket.close();
    elsewhere.close();
    thread.join();
  }
}
