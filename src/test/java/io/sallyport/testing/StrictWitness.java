package io.sallyport.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleProof;
import io.sallyport.kernel.SignedNote;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A witness (C2SP tlog-witness) that takes nothing on trust, and on demand one that is not to be trusted itself. */
public final class StrictWitness implements AutoCloseable {
  /** In what way it misbehaves. */
  public enum Manner {
    STRICT,
    BAD_SIGNATURE,
    OTHER_KEY,
    FROM_THE_FUTURE,
    EMPTY,
    NOT_A_LINE,
    FLOOD,
    DRIP,
    SILENT,
    ALWAYS_STALE,
    SEEN_MORE,
    NO_SIZE,
    REDIRECT,
    BROKEN
  }

  private static final long TIME = 1_700_000_000L;
  private static final String ED25519 = "Ed25519";
  private static final String JDK = "SUN";

  private final String name;
  private final SignedNote.VerifierKey log;
  private final KeyPair pair;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Long> sizes = new ArrayList<>();
  private volatile Manner manner = Manner.STRICT;
  private volatile CountDownLatch change = new CountDownLatch(1);
  private volatile int asked;
  private MerkleCheckpoint latest;

  public StrictWitness(String name, SignedNote.VerifierKey log) {
    this(name, log, ED25519);
  }

  /** @param algorithm Ed25519 or ML-DSA-44 */
  public StrictWitness(String name, SignedNote.VerifierKey log, String algorithm) {
    this.name = name;
    this.log = log;
    this.latest = new MerkleCheckpoint(log.name(), 0, Digest.of());
    try {
      this.pair = (algorithm.equals(ED25519)
              ? KeyPairGenerator.getInstance(algorithm)
              // One provider makes, reads and uses private keys of ML-DSA.
              : KeyPairGenerator.getInstance(algorithm, JDK))
          .generateKeyPair();
      this.server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
    server.createContext("/log/add-checkpoint", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/log";
  }

  /** {@code name+id+key} as C2SP tlog-cosignature has it, made here once more. */
  public String vkey() {
    byte[] typed = typed();
    return name + "+" + HexFormat.of().formatHex(id(name, typed)) + "+"
        + Base64.getEncoder().encodeToString(typed);
  }

  private byte[] typed() {
    byte[] spki = pair.getPublic().getEncoded();
    int length = ed25519() ? 32 : 1312;
    return ByteBuffer.allocate(1 + length)
        .put((byte) (ed25519() ? 4 : 6))
        .put(spki, spki.length - length, length)
        .array();
  }

  private boolean ed25519() {
    return pair.getPublic().getAlgorithm().equals("EdDSA");
  }

  /** Those that it keeps waiting find the connection closed. */
  public void become(Manner next) {
    manner = next;
    CountDownLatch held = change;
    change = new CountDownLatch(1);
    held.countDown();
  }

  /** The sizes that it signed, in order. */
  public synchronized List<Long> signed() {
    return List.copyOf(sizes);
  }

  public int asked() {
    return asked;
  }

  @Override
  public void close() {
    change.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    asked++;
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      switch (manner) {
        case STRICT, BAD_SIGNATURE, OTHER_KEY, FROM_THE_FUTURE -> judge(exchange, body);
        case EMPTY -> say(exchange, 200, "");
        case NOT_A_LINE -> say(exchange, 200, "<html>\u0007 welcome</html>\n".repeat(20));
        case ALWAYS_STALE -> say(exchange, 409, "0\n");
        case SEEN_MORE -> say(exchange, 409, "999999999999\n");
        case NO_SIZE -> say(exchange, 409, "-1\n");
        case BROKEN -> say(exchange, 500, "Traceback\n");
        case REDIRECT -> {
          exchange.getResponseHeaders().set("Location", "http://127.0.0.1:1/elsewhere");
          say(exchange, 307, "");
        }
        case FLOOD -> flood(exchange);
        case DRIP -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write('x');
          exchange.getResponseBody().flush();
          hold();
        }
        case SILENT -> hold();
      }
    } catch (UncheckedIOException gone) {
      // Whoever asked did not wait, which is right.
    }
  }

  private void hold() {
    try {
      change.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void flood(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    byte[] some = new byte[1 << 20];
    Arrays.fill(some, (byte) 'x');
    try (OutputStream out = exchange.getResponseBody()) {
      for (int i = 0; i < 64; i++) {
        out.write(some);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized void judge(HttpExchange exchange, byte[] body) throws IOException {
    String text = new String(body, StandardCharsets.UTF_8);
    int gap = text.indexOf("\n\n");
    String[] head = text.substring(0, gap).split("\n");
    if (!exchange.getRequestMethod().equals("POST")
        || !head[0].matches("old (0|[1-9][0-9]*)")
        || head.length > 64) {
      say(exchange, 400, "");
      return;
    }
    SignedNote note = SignedNote.parse(text.substring(gap + 2));
    MerkleCheckpoint checkpoint = MerkleCheckpoint.parse(note.text());
    if (!checkpoint.origin().equals(log.name())) {
      say(exchange, 404, "");
      return;
    }
    if (!log.signed(note)) {
      say(exchange, 403, "");
      return;
    }
    long old = Long.parseLong(head[0].substring(4));
    if (old > checkpoint.size()) {
      say(exchange, 400, "");
      return;
    }
    if (old != latest.size()) {
      say(exchange, 409, latest.size() + "\n");
      return;
    }
    if (old == checkpoint.size() && !checkpoint.root().equals(latest.root())) {
      say(exchange, 409, latest.size() + "\n");
      return;
    }
    List<Digest> proof = Arrays.stream(head)
        .skip(1)
        .map(line -> Digest.ofOctets(Base64.getDecoder().decode(line)))
        .toList();
    if (!MerkleProof.consistent(old, latest.root(), checkpoint.size(), checkpoint.root(), proof)) {
      say(exchange, 422, "");
      return;
    }
    latest = checkpoint;
    sizes.add(checkpoint.size());
    say(
        exchange,
        200,
        "— somebody.else/else AAAAAAAAAAAAAAAAAAAAAA==\n" + cosignature(note.text()) + "\n");
  }

  private String cosignature(String text) {
    long time = manner == Manner.FROM_THE_FUTURE ? 100 * TIME : TIME;
    String signedAs = manner == Manner.OTHER_KEY ? "another.example/w" : name;
    try {
      Signature signer =
          ed25519() ? Signature.getInstance(ED25519) : Signature.getInstance("ML-DSA-44", JDK);
      signer.initSign(pair.getPrivate());
      signer.update(
          ed25519()
              ? ("cosignature/v1\ntime " + time + "\n" + text).getBytes(StandardCharsets.UTF_8)
              : subtree(signedAs, time, text));
      byte[] signature = signer.sign();
      if (manner == Manner.BAD_SIGNATURE) {
        signature[5] ^= 1;
      }
      byte[] value = ByteBuffer.allocate(4 + 8 + signature.length)
          .put(id(signedAs, typed()))
          .putLong(time)
          .put(signature)
          .array();
      return "— " + signedAs + " " + Base64.getEncoder().encodeToString(value);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** cosigned_message of a checkpoint, as the specification writes it. */
  private static byte[] subtree(String name, long time, String text) {
    String[] lines = text.split("\n");
    ByteBuffer message = ByteBuffer.allocate(1024);
    message.put("subtree/v1".getBytes(StandardCharsets.US_ASCII)).put((byte) 10).put((byte) 0);
    message.put((byte) name.length()).put(name.getBytes(StandardCharsets.US_ASCII));
    message.putLong(time);
    message.put((byte) lines[0].length()).put(lines[0].getBytes(StandardCharsets.US_ASCII));
    message.putLong(0).putLong(Long.parseLong(lines[1]));
    message.put(Base64.getDecoder().decode(lines[2]));
    return Arrays.copyOf(message.array(), message.position());
  }

  private static byte[] id(String name, byte[] typed) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update((name + "\n").getBytes(StandardCharsets.UTF_8));
      return Arrays.copyOf(sha256.digest(typed), 4);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void say(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    if (status == 409) {
      exchange.getResponseHeaders().set("Content-Type", "text/x.tlog.size");
    }
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }
}
