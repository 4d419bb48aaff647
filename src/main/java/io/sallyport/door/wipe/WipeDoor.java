package io.sallyport.door.wipe;

import io.sallyport.decommission.DecommissionProblem;
import io.sallyport.decommission.Decommissions;
import io.sallyport.decommission.Decommissions.WipeOrder;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.door.Callers;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.ext.web.Router;
import jakarta.inject.Singleton;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * {@code /wipe/v1/order}: GET gives the open order or 404; POST to {@code …/done} or {@code …/failed} ends it, the body
 * saying in plain text what was done. After that the device's certificate is revoked.
 */
@Singleton
final class WipeDoor implements Door {
  private static final String ORDER = "/wipe/v1/order";
  /** One sentence for the record. */
  private static final int MOST_BYTES = 1024;

  private final Exchanges exchanges;
  private final Callers callers;
  private final Decommissions decommissions;

  WipeDoor(Exchanges exchanges, Callers callers, Decommissions decommissions) {
    this.exchanges = exchanges;
    this.callers = callers;
    this.decommissions = decommissions;
  }

  @Override
  public void mount(Router router) {
    router.get(ORDER).handler(exchanges.handler(MOST_BYTES, this::order, Reply::problem));
    router.route(ORDER).handler(exchanges.methodNotAllowed("GET", Reply::problem));
    ending(router, ORDER + "/done", true);
    ending(router, ORDER + "/failed", false);
  }

  private void ending(Router router, String path, boolean success) {
    router
        .post(path)
        .handler(exchanges.handler(MOST_BYTES, request -> ended(request, success), Reply::problem));
    router.route(path).handler(exchanges.methodNotAllowed("POST", Reply::problem));
  }

  private Reply order(Request request) {
    UUID device = device(request);
    WipeOrder order = decommissions
        .wipeOrder(device)
        .orElseThrow(() -> new Refusal(
            DecommissionProblem.NO_WIPE_ORDER, "There is no open order to wipe this device."));
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("order", "wipe");
    body.put("ordered_at", order.orderedAt().toString());
    body.put("deadline", order.deadline().toString());
    return Reply.json(200, body).with("Cache-Control", "no-store");
  }

  private Reply ended(Request request, boolean success) {
    UUID device = device(request);
    decommissions.wiped(device, success, sentence(request.body()), Actor.device(device));
    return new Reply(204, Map.of(), new byte[0]);
  }

  private UUID device(Request request) {
    return callers.device(request, Operation.WIPE).device().id();
  }

  private static String sentence(byte[] body) {
    try {
      String text = StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(body))
          .toString()
          .strip();
      if (text.chars().noneMatch(Character::isISOControl)) {
        return text.isEmpty() ? "no detail given" : text;
      }
    } catch (CharacterCodingException e) {
      // Told below.
    }
    throw new Refusal(
        CommonProblem.MALFORMED, "The body, if any, is one line of plain text in UTF-8.");
  }
}
