package io.sallyport.door.status;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.StatusDoor;
import io.sallyport.door.UseCase;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateStatus;
import io.sallyport.pki.CertificateStatus.Crl;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** OCSP (RFC 6960 appendix A), CRLs and CA certificates (RFC 5280 §4.2.1.13, §4.2.2.1), cacheable by anybody. */
@ApplicationScoped
class CertificateStatusDoor implements StatusDoor {
  /** Thirty-two CertIDs with a nonce stay below this. */
  private static final int MOST_BYTES = 16 * 1024;

  private static final Pattern LIST = Pattern.compile("(0|[1-9][0-9]{0,5})(-delta)?\\.crl");
  private static final String OCSP_PATH = "/ocsp/";
  private static final String OCSP_REQUEST = "request";

  private final Exchanges exchanges;
  private final CertificateStatus status;
  private final Authorities authorities;
  private final OcspCache answers;
  private final Clock clock;
  private final MeterRegistry meters;
  /** A registry looks tags up slowly; there are few of these. */
  private final Map<String, Counter> told = new ConcurrentHashMap<>();

  CertificateStatusDoor(
      Exchanges exchanges,
      CertificateStatus status,
      Authorities authorities,
      Clock clock,
      MeterRegistry meters) {
    this.exchanges = exchanges;
    this.status = status;
    this.authorities = authorities;
    this.answers = new OcspCache(status);
    this.clock = clock;
    this.meters = meters;
  }

  @PreDestroy
  void close() {
    answers.close();
  }

  @Override
  public void mount(Router router) {
    // First, as it is what most ask for, and by prefix, which is cheaper than a pattern.
    router.get("/ocsp/*").handler(this::keptByGet);
    router
        .post("/ocsp")
        .handler(
            exchanges.asynchronous(MOST_BYTES, this::ocspByPost, CertificateStatusDoor::refusal));
    router
        .route("/ocsp")
        .handler(exchanges.methodNotAllowed("POST", CertificateStatusDoor::refusal));
    router
        .routeWithRegex(HttpMethod.GET, "/ocsp/.+")
        .handler(CertificateStatusDoor::keepRequestAsSent)
        .handler(
            exchanges.asynchronous(MOST_BYTES, this::ocspByGet, CertificateStatusDoor::refusal));
    router
        .routeWithRegex(HttpMethod.HEAD, "/ocsp/.+")
        .handler(CertificateStatusDoor::keepRequestAsSent)
        .handler(
            exchanges.asynchronous(MOST_BYTES, this::ocspByGet, CertificateStatusDoor::refusal));
    handle(router, HttpMethod.GET, "/crl/:authority/:file", this::crl);
    handle(router, HttpMethod.GET, "/ca/:file", this::certificate);
    router
        .route()
        .handler(exchanges.handler(
            MOST_BYTES,
            request -> {
              throw new Refusal(
                  CommonProblem.NOT_FOUND,
                  "Here are /ocsp, /crl/{authority}/{shard}.crl and /ca/{authority}.cer.");
            },
            CertificateStatusDoor::refusal));
  }

  private void handle(Router router, HttpMethod method, String path, UseCase useCase) {
    router
        .route(method, path)
        .handler(exchanges.handler(MOST_BYTES, useCase, CertificateStatusDoor::refusal));
    if (method.equals(HttpMethod.GET)) {
      router
          .route(HttpMethod.HEAD, path)
          .handler(exchanges.handler(MOST_BYTES, useCase, CertificateStatusDoor::refusal));
    }
    router
        .route(path)
        .handler(exchanges.methodNotAllowed(method.name(), CertificateStatusDoor::refusal));
  }

  /** The router makes one slash of two, which base64 may well have. */
  private static void keepRequestAsSent(RoutingContext context) {
    String path = context.request().path();
    context.pathParams().put(OCSP_REQUEST, path.substring(OCSP_PATH.length()));
    context.next();
  }

  private CompletableFuture<Reply> ocspByPost(Request request) {
    if (!request.mediaType().equals("application/ocsp-request")) {
      throw new Refusal(
          CommonProblem.UNSUPPORTED_MEDIA_TYPE,
          "Send the request as Content-Type: application/ocsp-request.");
    }
    return ocsp(request.body(), null);
  }

  private CompletableFuture<Reply> ocspByGet(Request request) {
    return ocsp(
        decoded(Objects.requireNonNullElse(request.path().get(OCSP_REQUEST), "")),
        request.header("If-None-Match"));
  }

  private CompletableFuture<Reply> ocsp(byte[] octets, @Nullable String known) {
    String key = key(octets);
    StatusReply kept = answers.kept(key, clock.instant());
    return (kept != null ? CompletableFuture.completedFuture(kept) : answers.answer(key, octets))
        .thenApply(reply -> counted(reply).reply(known, clock.instant()));
  }

  /** Each certificate asked about, and each request that could not be answered. */
  private StatusReply counted(StatusReply reply) {
    for (String word : reply.told()) {
      Counter counter = told.get(word);
      (counter == null ? told.computeIfAbsent(word, this::counter) : counter).increment();
    }
    return reply;
  }

  private Counter counter(String word) {
    return Counter.builder("sallyport.ocsp.answers")
        .description("OCSP answers by status")
        .tag("status", word)
        .register(meters);
  }

  /** What most ask for, without reading a body that GET has not got; anything else goes on. */
  private void keptByGet(RoutingContext context) {
    Instant now = clock.instant();
    String path = context.request().path();
    StatusReply kept = path.startsWith(OCSP_PATH)
        ? answers.kept(key(decoded(path.substring(OCSP_PATH.length()))), now)
        : null;
    if (kept == null) {
      context.next();
    } else {
      counted(kept).write(context.response(), context.request().getHeader("If-None-Match"), now);
    }
  }

  private static String key(byte[] octets) {
    return new String(octets, StandardCharsets.ISO_8859_1);
  }

  /** Standard base64, URL-escaped or not (RFC 6960 appendix A.1); slashes inside it are its own. Nothing when it is not. */
  private static byte[] decoded(String path) {
    byte[] base64 = new byte[path.length()];
    int length = 0;
    try {
      for (int i = 0; i < path.length(); i++) {
        char next = path.charAt(i);
        if (next == '%') {
          next = (char) HexFormat.fromHexDigits(path, i + 1, i + 3);
          i += 2;
        }
        // Some clients make a space of the plus.
        base64[length++] = next == ' ' ? (byte) '+' : next > 127 ? 0 : (byte) next;
      }
      return Base64.getDecoder().decode(Arrays.copyOf(base64, length));
    } catch (IllegalArgumentException | IndexOutOfBoundsException notBase64) {
      return new byte[0];
    }
  }

  private Reply crl(Request request) {
    Matcher file = LIST.matcher(String.valueOf(request.path().get("file")));
    if (!file.matches()) {
      throw new Refusal(CommonProblem.NOT_FOUND, "Lists are named 0.crl and 0-delta.crl.");
    }
    String authority =
        authorities.get(String.valueOf(request.path().get("authority"))).name();
    int shard = Integer.parseInt(file.group(1));
    Crl crl = (file.group(2) == null
            ? status.crl(authority, shard)
            : status.delta(authority, shard))
        .orElseThrow(() -> new Refusal(CommonProblem.NOT_FOUND, "There is no such list."));
    Reply reply = Reply.of(200, "application/pkix-crl", crl.der().octets());
    Reply whole = cacheable(reply, crl.thisUpdate(), crl.nextUpdate());
    String since = request.header("If-Modified-Since");
    // RFC 9110 §13.1.3: not looked at beside If-None-Match; and no time tells lists of one second
    // apart.
    return since != null
            && request.header("If-None-Match") == null
            && crl.dated()
            && StatusReply.notModified(since, crl.thisUpdate())
        ? new Reply(304, whole.headers(), new byte[0])
        : conditional(request, whole);
  }

  private Reply certificate(Request request) {
    String file = String.valueOf(request.path().get("file"));
    if (!file.endsWith(".cer")) {
      throw new Refusal(CommonProblem.NOT_FOUND, "No such certificate.");
    }
    byte[] der =
        authorities.get(file.substring(0, file.length() - 4)).certificate().octets();
    Reply reply = Reply.of(200, "application/pkix-cert", der)
        .with("Cache-Control", "public, max-age=86400")
        .with("ETag", StatusReply.etag(der));
    return conditional(request, reply);
  }

  private Reply cacheable(Reply reply, Instant thisUpdate, Instant nextUpdate) {
    return reply
        .with("Last-Modified", StatusReply.date(thisUpdate))
        .with("Expires", StatusReply.date(nextUpdate))
        .with("Cache-Control", StatusReply.cacheControl(clock.instant(), nextUpdate))
        .with("ETag", StatusReply.etag(reply.body()));
  }

  private static Reply conditional(Request request, Reply reply) {
    String known = request.header("If-None-Match");
    return known != null && StatusReply.names(known, reply.headers().get("ETag"))
        ? new Reply(304, reply.headers(), new byte[0])
        : reply;
  }

  private static Reply refusal(Problem problem, String detail) {
    return Reply.text(problem.status(), detail);
  }
}
