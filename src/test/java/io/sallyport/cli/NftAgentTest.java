package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NftAgentTest {
  private static final String CHANGE =
      "event: change\nid: c2\ndata: {\"position\":2,\"put\":[],\"removed\":[],\"quarantined\":[\"10.9.8.7\"],\"released\":[]}\n\n";
  private static final String ADDRESS = "10.9.8.7";

  @TempDir
  Path folder;

  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private final CompletableFuture<@Nullable Void> acknowledged = new CompletableFuture<>();

  @Test
  void whatTheKernelNeverGotIsNeitherAcknowledgedNorResumed() throws Exception {
    Path program = Files.writeString(folder.resolve("program"), """
        cd "$(dirname "$0")"
        [ "$1 $2" = "nft -j" ] || exit 0
        cat > asked
        if [ -e broken ]; then echo broken; exit 1; fi
        mv asked held
        """);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/feed/v1/wall/changes", this::changes);
    server.createContext("/feed/v1/wall/acknowledgements", this::acknowledgements);
    server.start();
    URI address = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    Web web = new Web(List.of(), null);
    FeedClient feed = new FeedClient(address, web, "wall");
    NftAgent agent = new NftAgent(
        "sallyport",
        feed,
        new Ruleset("sallyport", List.of(), List.of()),
        new Netfilter(List.of("sh", program.toString())),
        new Output(new PrintWriter(new StringWriter()), false),
        Clock.systemUTC());
    Thread running = Thread.ofPlatform().daemon().start(() -> {
      try {
        agent.forever();
      } catch (Failure interrupted) {
        // The end of the test.
      }
    });
    try {
      assertEquals("from null", next());
      assertEquals("acknowledged 1, quarantined false", next());
      assertEquals("from null", next());
      assertEquals("acknowledged 2, quarantined true", next());
    } finally {
      running.interrupt();
      server.stop(0);
    }
  }

  private String next() throws InterruptedException {
    String next = heard.poll(20, TimeUnit.SECONDS);
    assertTrue(next != null, "the agent says nothing more");
    return next;
  }

  /** The kernel breaks between the snapshot and the change, and is mended when the agent comes back. */
  private void changes(HttpExchange exchange) throws IOException {
    String from = exchange.getRequestHeaders().getFirst("Last-Event-ID");
    Path broken = folder.resolve("broken");
    boolean again = Files.deleteIfExists(broken);
    heard.add("from " + from);
    exchange.sendResponseHeaders(200, 0);
    if (from != null) {
      send(exchange, CHANGE);
    } else if (again) {
      send(exchange, snapshot(2, "\"" + ADDRESS + "\""));
    } else {
      send(exchange, snapshot(1, ""));
      acknowledged.join();
      Files.createFile(broken);
      send(exchange, CHANGE);
    }
  }

  private void acknowledgements(HttpExchange exchange) throws IOException {
    String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    heard.add("acknowledged " + asked.replaceAll("[^0-9]", "") + ", quarantined "
        + Files.readString(folder.resolve("held")).contains(ADDRESS));
    exchange.sendResponseHeaders(204, -1);
    exchange.close();
    acknowledged.complete(null);
  }

  private static String snapshot(int position, String quarantined) {
    return "event: snapshot\nid: c" + position + "\ndata: {\"position\":" + position
        + ",\"at\":\"" + Clock.systemUTC().instant() + "\",\"entries\":[],\"quarantined\":["
        + quarantined + "],\"unresolved\":[]}\n\n";
  }

  private static void send(HttpExchange exchange, String event) throws IOException {
    exchange.getResponseBody().write(event.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }
}
