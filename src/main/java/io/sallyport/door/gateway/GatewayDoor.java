package io.sallyport.door.gateway;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.door.Callers;
import io.sallyport.door.Deciding;
import io.sallyport.door.Door;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import io.vertx.ext.web.Router;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * {@code /gateway/v1/authorize…} for nginx {@code auth_request} and Envoy's HTTP {@code ext_authz}: 200 allows, 401 and 403
 * deny. Asked over mutual TLS by a registered point of kind {@code gateway}, which ended the device's TLS connection and
 * says whose certificate was on it; nobody else's word for that counts. Answered from memory on the event loop.
 *
 * <p>Serial number and issuer alone do not name a certificate here: not supported, the gateway sends the certificate.
 */
@Singleton
final class GatewayDoor implements Door {
  /** Envoy sends the path of the request that it asks about behind this one. */
  private static final String PATH = "/gateway/v1/authorize*";
  /** A gateway asks about a request, it does not send it. */
  private static final int MOST_BYTES = 0;

  private static final int LONGEST_REASON = 200;

  private final DecisionPoint decisions;
  private final Callers callers;
  private final Deciding deciding;

  GatewayDoor(DecisionPoint decisions, Callers callers, Deciding deciding) {
    this.decisions = decisions;
    this.callers = callers;
    this.deciding = deciding;
  }

  @Override
  public void mount(Router router) {
    router.route(PATH).handler(deciding.handler(MOST_BYTES, this::authorize, GatewayDoor::refuse));
  }

  private Reply authorize(Request request) {
    EnforcementPoint gateway = callers.enforcementPoint(request);
    if (gateway.kind() != PointKind.GATEWAY) {
      throw new Refusal(
          CommonProblem.FORBIDDEN,
          "A point of kind " + gateway.kind().word() + " may not speak for devices.");
    }
    RequestedFlow flow = AskedFlow.of(request, gateway.settings());
    Optional<Digest> certificate = ForwardedCertificate.thumbprint(request);
    if (certificate.isEmpty()) {
      return deny(401, "no certificate: the device showed none to the gateway");
    }
    if (!guards(gateway, certificate.get(), flow)) {
      return deny(403, "not guarded: this gateway does not guard that device and peer");
    }
    Decision decision =
        decisions.decide(certificate.get(), flow, Actor.enforcementPoint(gateway.name()));
    UUID device = decision.device();
    Reply reply = decision.permit()
        ? new Reply(200, Map.of("Cache-Control", "no-store"), new byte[0])
        : deny(403, decision.reasons().getFirst());
    if (device != null) {
      reply = reply.with("X-Sallyport-Device", device.toString());
    }
    return reply.with("X-Sallyport-Decision", decision.id().toString());
  }

  /** A point sees only what it guards. An unknown certificate is for the decision to name. */
  private boolean guards(EnforcementPoint gateway, Digest certificate, RequestedFlow flow) {
    return gateway.settings().guardsPeer(flow.peer())
        && gateway
            .settings()
            .guardsSite(decisions.holder(certificate).flatMap(decisions::site).orElse(null));
  }

  /** nginx takes 401 and 403 for a deny and everything else for an error, which it also denies. */
  private static Reply refuse(Problem problem, String detail) {
    int status = switch (problem.status()) {
      case 401, 429, 500, 503 -> problem.status();
      default -> 403;
    };
    return deny(status, problem.slug() + ": " + detail);
  }

  private static Reply deny(int status, String reason) {
    return Reply.text(status, printable(reason))
        .with("Cache-Control", "no-store")
        .with("X-Sallyport-Reason", printable(reason));
  }

  /** What may stand in a header field (RFC 9110 §5.5), whoever wrote it. */
  static String printable(String text) {
    String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
    return clean.length() <= LONGEST_REASON ? clean : clean.substring(0, LONGEST_REASON);
  }
}
