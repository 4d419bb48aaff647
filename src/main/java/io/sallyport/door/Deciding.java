package io.sallyport.door;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;

/** How enforcement points' questions are run: on the event loop, unless an answer may wait for the decision log. */
@Singleton
public final class Deciding {
  private final DecisionPoint decisions;
  private final Callers callers;
  private final Exchanges exchanges;

  Deciding(DecisionPoint decisions, Callers callers, Exchanges exchanges) {
    this.decisions = decisions;
    this.callers = callers;
    this.exchanges = exchanges;
  }

  /** For use cases that ask the decision point and touch memory only besides; refusals to a known point are recorded. */
  public Handler<RoutingContext> handler(int mostBytes, UseCase useCase, RefusalWriter refusals) {
    return decisions.mayWait()
        ? exchanges.granting(mostBytes, recorded(useCase), refusals)
        : exchanges.direct(mostBytes, useCase, refusals, callers::recordRefusedPoint);
  }

  /** The use case with its refusals recorded, for one that may block. */
  public UseCase recorded(UseCase useCase) {
    return request -> {
      try {
        return useCase.answer(request);
      } catch (Refusal refusal) {
        callers.recordRefusedPoint(request, refusal);
        throw refusal;
      }
    };
  }
}
