package io.sallyport.door.attest;

import io.sallyport.attestation.Attestations;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.door.Callers;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import jakarta.inject.Singleton;

/** {@code /attest/v1}: a device asks for a challenge and answers it with evidence, over mutual TLS. */
@Singleton
final class AttestDoor implements Door {
  /** Room for {@code {}} and some space; nothing else is read there. */
  private static final int MOST_FOR_CHALLENGE = 64;

  /** As much as a verifier of evidence takes. */
  private static final int MOST_EVIDENCE = 64 * 1024;

  private final Exchanges exchanges;
  private final Callers callers;
  private final AttestUseCases useCases;

  AttestDoor(Exchanges exchanges, Callers callers, Attestations attestations) {
    this.exchanges = exchanges;
    this.callers = callers;
    this.useCases =
        new AttestUseCases(request -> callers.device(request, Operation.ATTEST), attestations);
  }

  @Override
  public void mount(Router router) {
    post(router, "/attest/v1/challenges", MOST_FOR_CHALLENGE, this::challenge);
    post(router, "/attest/v1/evidence", MOST_EVIDENCE, useCases::evidence);
  }

  /** Other refusals are recorded where they are made. */
  private Reply challenge(Request request) {
    try {
      return useCases.challenge(request);
    } catch (Refusal refusal) {
      if (refusal.problem() == CommonProblem.MALFORMED) {
        callers.recordRefusedDevice(request, refusal);
      }
      throw refusal;
    }
  }

  private void post(Router router, String path, int mostBytes, UseCase useCase) {
    router
        .route(HttpMethod.POST, path)
        .handler(exchanges.handler(mostBytes, useCase, Reply::problem));
    router.route(path).handler(exchanges.methodNotAllowed("POST", Reply::problem));
  }
}
