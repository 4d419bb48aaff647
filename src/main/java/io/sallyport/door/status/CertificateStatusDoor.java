package io.sallyport.door.status;

import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.StatusDoor;
import io.sallyport.door.UseCase;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateStatus;
import io.sallyport.pki.CertificateStatus.Crl;
import io.sallyport.pki.CertificateStatus.OcspAnswer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** OCSP (RFC 6960 appendix A), CRLs and CA certificates (RFC 5280 §4.2.1.13, §4.2.2.1), cacheable by anybody. */
@ApplicationScoped
class CertificateStatusDoor implements StatusDoor {
  /** Thirty-two CertIDs with a nonce stay below this. */
  private static final int MOST_BYTES = 16 * 1024;
  /** IMF-fixdate (RFC 9110 §5.6.7). */
  private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern(
          "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
      .withZone(ZoneOffset.UTC);

  private static final Pattern LIST = Pattern.compile("(0|[1-9][0-9]{0,5})(-delta)?\\.crl");
  private static final String OCSP_REQUEST = "request";

  private final Exchanges exchanges;
  private final CertificateStatus status;
  private final Authorities authorities;
  private final Clock clock;

  CertificateStatusDoor(
      Exchanges exchanges, CertificateStatus status, Authorities authorities, Clock clock) {
    this.exchanges = exchanges;
    this.status = status;
    this.authorities = authorities;
    this.clock = clock;
  }

  @Override
  public void mount(Router router) {
    handle(router, HttpMethod.POST, "/ocsp", this::ocspByPost);
    router
        .routeWithRegex(HttpMethod.GET, "/ocsp/.+")
        .handler(CertificateStatusDoor::keepRequestAsSent)
        .handler(exchanges.handler(MOST_BYTES, this::ocspByGet, CertificateStatusDoor::refusal));
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
    context.pathParams().put(OCSP_REQUEST, path.substring("/ocsp/".length()));
    context.next();
  }

  private Reply ocspByPost(Request request) {
    if (!request.mediaType().equals("application/ocsp-request")) {
      throw new Refusal(
          CommonProblem.UNSUPPORTED_MEDIA_TYPE,
          "Send the request as Content-Type: application/ocsp-request.");
    }
    return ocsp(request.body());
  }

  /** Standard base64 in the path, URL-escaped or not (RFC 6960 appendix A.1); slashes inside it are its own. */
  private Reply ocspByGet(Request request) {
    String escaped =
        Objects.requireNonNullElse(request.path().get(OCSP_REQUEST), "").replace("+", "%2B");
    byte[] decoded;
    try {
      decoded = Base64.getDecoder()
          .decode(URLDecoder.decode(escaped, StandardCharsets.UTF_8).replace(' ', '+'));
    } catch (IllegalArgumentException notBase64) {
      decoded = new byte[0];
    }
    return ocsp(decoded);
  }

  private Reply ocsp(byte[] request) {
    OcspAnswer answer = status.ocsp(request);
    Reply reply = Reply.of(200, "application/ocsp-response", answer.der().octets());
    return answer.thisUpdate() == null || answer.nextUpdate() == null
        ? reply.with("Cache-Control", "no-store")
        : cacheable(reply, answer.thisUpdate(), answer.nextUpdate());
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
    return conditional(request, cacheable(reply, crl.thisUpdate(), crl.nextUpdate()));
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
        .with("ETag", etag(der));
    return conditional(request, reply);
  }

  private Reply cacheable(Reply reply, Instant thisUpdate, Instant nextUpdate) {
    long seconds = Math.max(0, Duration.between(clock.instant(), nextUpdate).toSeconds());
    return reply
        .with("Last-Modified", httpDate(thisUpdate))
        .with("Expires", httpDate(nextUpdate))
        .with("Cache-Control", "public, no-transform, must-revalidate, max-age=" + seconds)
        .with("ETag", etag(reply.body()));
  }

  private static Reply conditional(Request request, Reply reply) {
    String known = request.header("If-None-Match");
    return known != null && names(known, reply.headers().get("ETag"))
        ? new Reply(304, reply.headers(), new byte[0])
        : reply;
  }

  /** Weak comparison over a list (RFC 9110 §13.1.2): a cache on the way may have weakened the tag. */
  private static boolean names(String known, @Nullable String etag) {
    return Stream.of(known.split(","))
        .map(String::trim)
        .map(tag -> tag.startsWith("W/") ? tag.substring(2) : tag)
        .anyMatch(tag -> tag.equals("*") || tag.equals(etag));
  }

  private static String etag(byte[] body) {
    return '"' + Digest.of(body).hex() + '"';
  }

  private static String httpDate(Instant time) {
    return HTTP_DATE.format(time);
  }

  private static Reply refusal(Problem problem, String detail) {
    return Reply.text(problem.status(), detail);
  }
}
