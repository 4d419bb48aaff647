package io.sallyport.door;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Clock;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangesTest {
  private static final int MOST_FAILURES = 3;

  private static final SimpleMeterRegistry METERS = new SimpleMeterRegistry();
  private static final Vertx VERTX = Vertx.vertx();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static volatile UseCase useCase = request -> Reply.text(200, "ok");
  private static volatile int port;

  @BeforeAll
  static void listen() {
    Router router = Router.router(VERTX);
    router
        .post("/slow")
        .handler(exchanges().handler(16, request -> useCase.answer(request), Reply::problem));
    router
        .post("/quick")
        .handler(exchanges().direct(16, request -> useCase.answer(request), Reply::problem));
    HttpServer server = VERTX
        .createHttpServer()
        .requestHandler(router)
        .listen(0, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .join();
    port = server.actualPort();
  }

  @AfterAll
  static void close() {
    CLIENT.close();
    VERTX.close().toCompletionStage().toCompletableFuture().join();
  }

  static Stream<Arguments> outages() {
    return Stream.of("/slow", "/quick")
        .flatMap(path -> Stream.of(
            Arguments.of(
                path, "connection refused", new SQLException("refused at 10.0.0.7", "08001")),
            Arguments.of(path, "connection lost", new SQLException("lost", "08006")),
            Arguments.of(path, "too many connections", new SQLException("full", "53300")),
            Arguments.of(path, "the database shuts down", new SQLException("terminating", "57P01")),
            Arguments.of(path, "the pool ran dry", new SQLException("Sorry, acquisition timeout!")),
            Arguments.of(
                path, "a transient failure", new SQLTransientConnectionException("away"))));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("outages")
  void aDatabaseThatIsAwayIs503WithRetryAfter(String path, String what, SQLException cause)
      throws Exception {
    useCase = request -> {
      throw new IllegalStateException("could not be stored", new RuntimeException(cause));
    };

    HttpResponse<String> response = post(path, "x");

    assertEquals(503, response.statusCode());
    assertEquals("2", response.headers().firstValue("Retry-After").orElse(""));
    assertFalse(
        response.body().contains("10.0.0.7") || response.body().contains("Exception"),
        response.body());
  }

  @Test
  void aDefectIs500AndTellsNothingOfTheInside() throws Exception {
    useCase = request -> {
      throw new IllegalStateException(
          "secret of io.sallyport.Inside", new SQLException("syntax error", "42601"));
    };

    HttpResponse<String> response = post("/slow", "x");

    assertEquals(500, response.statusCode());
    assertFalse(
        response.body().contains("secret") || response.body().contains("io.sallyport"),
        response.body());
  }

  /** Nobody else would ever answer. */
  @ParameterizedTest
  @ValueSource(strings = {"/slow", "/quick"})
  void anErrorIs500Too(String path) throws Exception {
    useCase = request -> {
      throw new StackOverflowError("secret");
    };

    HttpResponse<String> response = post(path, "x");

    assertEquals(500, response.statusCode());
    assertFalse(response.body().contains("secret"), response.body());
  }

  @Test
  void aRefusalIsToldAndCounted() throws Exception {
    useCase = request -> {
      throw new Refusal(CommonProblem.CONFLICT, "Do it otherwise.");
    };
    double before = counted("conflict");

    HttpResponse<String> response = post("/slow", "x");

    assertEquals(409, response.statusCode());
    assertEquals(before + 1, counted("conflict"));
  }

  @Test
  void aBodyIsReadUpToItsBoundAndNoFurther() throws Exception {
    useCase = request -> Reply.text(200, Integer.toString(request.body().length));

    assertEquals("16\n", post("/slow", "x".repeat(16)).body());
    assertEquals(413, post("/slow", "x".repeat(17)).statusCode());
    assertEquals(413, post("/quick", "x".repeat(1 << 20)).statusCode());
  }

  @Test
  void whoFailsToAuthenticateTooOftenHasToWait() throws Exception {
    Exchanges strict = new Exchanges(METERS, Clock.systemUTC(), () -> MOST_FAILURES);
    Router router = Router.router(VERTX);
    router
        .post("/")
        .handler(strict.handler(
            16,
            request -> {
              throw new Refusal(CommonProblem.UNAUTHENTICATED, "Who are you?");
            },
            Reply::problem));
    HttpServer server = VERTX
        .createHttpServer()
        .requestHandler(router)
        .listen(0, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .join();

    int refused = 0;
    HttpResponse<String> response;
    do {
      response = post(server.actualPort(), "/", "x");
      refused++;
    } while (response.statusCode() == 401 && refused < 10 * MOST_FAILURES);

    assertEquals(429, response.statusCode());
    assertEquals("60", response.headers().firstValue("Retry-After").orElse(""));
  }

  private static Exchanges exchanges() {
    return new Exchanges(METERS, Clock.systemUTC(), () -> 1000);
  }

  private static double counted(String problem) {
    return METERS.counter("sallyport_refusals", "problem", problem).count();
  }

  private static HttpResponse<String> post(String path, String body)
      throws IOException, InterruptedException {
    return post(port, path, body);
  }

  private static HttpResponse<String> post(int at, String path, String body)
      throws IOException, InterruptedException {
    return CLIENT.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + at + path))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
