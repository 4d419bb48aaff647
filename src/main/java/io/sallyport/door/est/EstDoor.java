package io.sallyport.door.est;

import io.sallyport.door.Callers;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.RefusalWriter;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.enrollment.Enrollments;
import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.enrollment.Enrollments.Outcome;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.Credential;
import io.sallyport.pki.PkiProblem;
import io.sallyport.pki.TrustBundles;
import io.sallyport.pki.TrustBundles.Bundle;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** EST (RFC 7030): all of its operations but {@code fullcmc}. */
@ApplicationScoped
class EstDoor implements Door {
  /** A request with an RSA-8192 key and its attributes stays far below this, in base64 with line breaks too. */
  private static final int MOST_BYTES = 64 * 1024;

  private static final String BASE = "/.well-known/est/";
  private static final Set<String> OPERATIONS =
      Set.of("cacerts", "simpleenroll", "simplereenroll", "csrattrs", "serverkeygen", "fullcmc");
  /** No line of base64 begins with two hyphens. */
  private static final String BOUNDARY = "sallyport-est";

  private static final String SEALED_KEY =
      "application/pkcs7-mime; smime-type=server-generated-key";

  private static final String CERTS_ONLY = "application/pkcs7-mime; smime-type=certs-only";

  private final Exchanges exchanges;
  private final Callers callers;
  private final Enrollments enrollments;
  private final TrustBundles bundles;
  private final CertificateProfiles profiles;
  private final RenewalHints hints;

  EstDoor(
      Exchanges exchanges,
      Callers callers,
      Enrollments enrollments,
      TrustBundles bundles,
      CertificateProfiles profiles,
      RenewalHints hints) {
    this.hints = hints;
    this.exchanges = exchanges;
    this.callers = callers;
    this.enrollments = enrollments;
    this.bundles = bundles;
    this.profiles = profiles;
  }

  @Override
  public void mount(Router router) {
    for (String prefix : List.of(BASE, BASE + ":label/")) {
      route(router, prefix + "cacerts", HttpMethod.GET, this::cacerts);
      route(router, prefix + "csrattrs", HttpMethod.GET, this::csrattrs);
      handle(
          router,
          prefix + "simpleenroll",
          HttpMethod.POST,
          issuing(request -> issue(request, enrollments::enroll)));
      handle(
          router,
          prefix + "simplereenroll",
          HttpMethod.POST,
          issuing(request -> issue(request, enrollments::reenroll)));
      handle(
          router,
          prefix + "serverkeygen",
          HttpMethod.POST,
          issuing(request -> issue(request, enrollments::generate)));
      route(router, prefix + "fullcmc", HttpMethod.POST, request -> notSupported("fullcmc"));
    }
    router.route(BASE + "*").handler(answering(request -> {
      throw new Refusal(CommonProblem.NOT_FOUND, "No such EST operation.");
    }));
  }

  private Handler<RoutingContext> issuing(UseCase useCase) {
    return refusing(refusals -> exchanges.issuing(MOST_BYTES, useCase, refusals));
  }

  private Handler<RoutingContext> answering(UseCase useCase) {
    return refusing(refusals -> exchanges.handler(MOST_BYTES, useCase, refusals));
  }

  private static Handler<RoutingContext> refusing(
      Function<RefusalWriter, Handler<RoutingContext>> handler) {
    Handler<RoutingContext> saying = handler.apply(EstDoor::refusal);
    Handler<RoutingContext> bare = handler.apply(EstDoor::bareRefusal);
    return context ->
        (readsBodies(context.request().getHeader("User-Agent")) ? saying : bare).handle(context);
  }

  private void route(Router router, String path, HttpMethod method, UseCase useCase) {
    handle(router, path, method, answering(useCase));
  }

  private void handle(
      Router router, String path, HttpMethod method, Handler<RoutingContext> handler) {
    router.route(method, path).handler(handler);
    router.route(path).handler(exchanges.methodNotAllowed(method.name(), EstDoor::refusal));
  }

  private Reply cacerts(Request request) {
    String label = label(request);
    String issuer =
        label == null ? Authorities.DEVICES : profiles.find(label).orElseThrow().authority();
    Bundle bundle = bundles.of(issuer);
    // Whoever administers authorities wants to know when everybody has the new ones.
    Optional<Credential> shown = callers.knownCredential(request);
    shown.ifPresent(
        credential -> bundles.fetched(UUID.fromString(credential.subject().id()), bundle));
    Reply reply = certificates(request, "application/pkcs7-mime", bundle.certificates());
    return shown.map(credential -> hints.on(reply, credential)).orElse(reply);
  }

  /** In one line (RFC 8951 §3.2), or nothing when the profile announces nothing (RFC 7030 §4.5.2). */
  private Reply csrattrs(Request request) {
    return enrollments
        .announced(label(request), request.chain())
        .map(announced -> Reply.of(
                200,
                "application/csrattrs",
                EstEncoding.encode(CsrAttributes.encode(announced), false))
            .with("Content-Transfer-Encoding", "base64"))
        .orElseGet(() -> new Reply(204, Map.of(), new byte[0]));
  }

  private static Reply notSupported(String operation) {
    throw new Refusal(CommonProblem.NOT_SUPPORTED, operation + " is not supported.");
  }

  private Reply issue(Request request, Function<Enrollment, Outcome> use) {
    Enrollment enrollment;
    try {
      enrollment = read(request);
    } catch (Refusal refusal) {
      callers.recordRefusedDevice(request, refusal);
      throw refusal;
    }
    return switch (use.apply(enrollment)) {
      case Outcome.Issued issued ->
        answered(
            request,
            issued.credential(),
            certificates(request, CERTS_ONLY, List.of(issued.credential().certificate())));
      case Outcome.WithKey withKey ->
        answered(
            request,
            withKey.credential(),
            keyAndCertificate(
                request, "application/pkcs8", withKey.privateKeyInfo(), withKey.credential()));
      case Outcome.WithSealedKey withKey ->
        answered(
            request,
            withKey.credential(),
            keyAndCertificate(request, SEALED_KEY, withKey.key().octets(), withKey.credential()));
      case Outcome.Pending pending ->
        waits(request)
            .with("Retry-After", Long.toString(Math.max(1, pending.retryAfter().toSeconds())));
    };
  }

  private static Reply waits(Request request) {
    return readsBodies(request.header("User-Agent"))
        ? Reply.text(202, "The request waits for approval; send the same one again later.")
        : new Reply(202, Map.of(), new byte[0]);
  }

  /** With when to renew it; and from where it was asked for is noted. */
  private Reply answered(Request request, Credential issued, Reply reply) {
    callers.seen(request, UUID.fromString(issued.subject().id()));
    return hints.on(reply, issued);
  }

  private Enrollment read(Request request) {
    String label = label(request);
    if (!request.mediaType().equals("application/pkcs10")) {
      throw new Refusal(
          CommonProblem.UNSUPPORTED_MEDIA_TYPE,
          "Send the request as Content-Type: application/pkcs10.");
    }
    return new Enrollment(
        label,
        request.chain(),
        BasicCredentials.password(request.header("Authorization")),
        EstEncoding.decode(request.body()),
        request.remote(),
        request.binding()::base64);
  }

  /** The profile that the path names; an operation's name is no label (RFC 7030 §3.2.2). */
  private @Nullable String label(Request request) {
    String label = request.path().get("label");
    if (label != null && (OPERATIONS.contains(label) || profiles.find(label).isEmpty())) {
      throw new Refusal(
          PkiProblem.UNKNOWN_CERTIFICATE_PROFILE, "No certificate profile has this label.");
    }
    return label;
  }

  private static Reply certificates(Request request, String mediaType, List<Der> certificates) {
    boolean lines = EstEncoding.wantsLines(request.header("User-Agent"));
    return Reply.of(200, mediaType, EstEncoding.encode(EstEncoding.certsOnly(certificates), lines))
        .with("Content-Transfer-Encoding", "base64");
  }

  /** RFC 7030 §4.4.2; base64 in one line (RFC 8951), or in several for those who need them. */
  private static Reply keyAndCertificate(
      Request request, String keyType, byte[] key, Credential issued) {
    boolean lines = EstEncoding.wantsLines(request.header("User-Agent"));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    part(body, keyType, EstEncoding.encode(key, lines));
    part(
        body,
        CERTS_ONLY,
        EstEncoding.encode(EstEncoding.certsOnly(List.of(issued.certificate())), lines));
    body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
    return Reply.of(200, "multipart/mixed; boundary=" + BOUNDARY, body.toByteArray())
        .with("Cache-Control", "no-store");
  }

  private static void part(ByteArrayOutputStream body, String mediaType, byte[] content) {
    body.writeBytes(("--" + BOUNDARY + "\r\nContent-Type: " + mediaType
            + "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII));
    body.writeBytes(content);
    body.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Bouncy Castle's client closes an answer 401 or 202 unread, and fails when that had a body. It does not say its name;
   * whoever does is told in words.
   */
  private static boolean readsBodies(@Nullable String userAgent) {
    return userAgent != null;
  }

  private static Reply refusal(Problem problem, String detail) {
    return challenging(problem, Reply.text(problem.status(), detail));
  }

  private static Reply bareRefusal(Problem problem, String detail) {
    return problem.status() == CommonProblem.UNAUTHENTICATED.status()
        ? challenging(problem, new Reply(problem.status(), Map.of(), new byte[0]))
        : refusal(problem, detail);
  }

  private static Reply challenging(Problem problem, Reply reply) {
    return problem.status() == CommonProblem.UNAUTHENTICATED.status()
        ? reply.with("WWW-Authenticate", "Basic realm=\"sallyport\"")
        : reply;
  }
}
