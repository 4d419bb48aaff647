package io.sallyport.door.radius;

import io.sallyport.door.Callers;
import io.sallyport.door.Deciding;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.kernel.Refusal;
import io.vertx.ext.web.Router;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;

/**
 * What FreeRADIUS asks and tells by {@code rlm_rest}, from points of kind {@code radius}. A deny is 403, whose body
 * FreeRADIUS does not read; it would take attributes from that of a 401, and accept on 404, 204 and {@code {}}.
 */
@ApplicationScoped
class RadiusDoor implements Door {
  private static final String AUTHORIZE = "/radius/authorize";
  private static final String ACCOUNTING = "/radius/accounting";

  private final Authorization authorization;
  private final Accounting accounting;
  private final Callers callers;
  private final Exchanges exchanges;
  private final Deciding deciding;

  RadiusDoor(
      Authorization authorization,
      Accounting accounting,
      Callers callers,
      Exchanges exchanges,
      Deciding deciding) {
    this.authorization = authorization;
    this.accounting = accounting;
    this.callers = callers;
    this.exchanges = exchanges;
    this.deciding = deciding;
  }

  @Override
  public void mount(Router router) {
    router
        .post(AUTHORIZE)
        .handler(deciding.handler(
            RadiusAttributes.MOST_BYTES,
            request -> authorization.answer(point(request), RadiusAttributes.read(request)),
            Reply::problem));
    router
        .post(ACCOUNTING)
        .handler(exchanges.handler(RadiusAttributes.MOST_BYTES, this::account, Reply::problem));
    router.route(AUTHORIZE).handler(exchanges.methodNotAllowed("POST", Reply::problem));
    router.route(ACCOUNTING).handler(exchanges.methodNotAllowed("POST", Reply::problem));
  }

  private Reply account(Request request) {
    try {
      accounting.note(point(request), RadiusAttributes.read(request));
      return new Reply(204, Map.of(), new byte[0]);
    } catch (Refusal refusal) {
      callers.recordRefusedPoint(request, refusal);
      throw refusal;
    }
  }

  private EnforcementPoint point(Request request) {
    EnforcementPoint point = callers.enforcementPoint(request);
    if (point.kind() != PointKind.RADIUS) {
      throw new Refusal(
          RadiusProblem.NOT_A_RADIUS_POINT,
          "Register this enforcement point with the kind radius, or ask at the door of its kind.");
    }
    return point;
  }
}
