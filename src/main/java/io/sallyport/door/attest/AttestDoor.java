package io.sallyport.door.attest;

import io.sallyport.attestation.AttestationKeys;
import io.sallyport.attestation.Attestations;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.door.Callers;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.UseCase;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import jakarta.inject.Singleton;

/**
 * {@code /attest/v1}: a device asks for a challenge and answers it with evidence, and activates the attestation key of its
 * TPM, over mutual TLS.
 */
@Singleton
final class AttestDoor implements Door {
  /** Room for {@code {}} and some space; nothing else is read there. */
  private static final int MOST_FOR_CHALLENGE = 64;

  /** As much as a verifier of evidence takes. */
  private static final int MOST_EVIDENCE = 64 * 1024;

  /** An EK certificate with its chain in base64, and room for what the largest of them may be. */
  private static final int MOST_ATTESTATION_KEY = 96 * 1024;

  private static final int MOST_SECRET = 256;

  private final Exchanges exchanges;
  private final Callers callers;
  private final AttestUseCases useCases;
  private final AttestationKeyUseCases keyUseCases;

  AttestDoor(
      Exchanges exchanges,
      Callers callers,
      Attestations attestations,
      AttestationKeys keys,
      Authorities authorities) {
    this.exchanges = exchanges;
    this.callers = callers;
    this.useCases =
        new AttestUseCases(request -> callers.device(request, Operation.ATTEST), attestations);
    this.keyUseCases = new AttestationKeyUseCases(
        request -> callers.device(request, Operation.ATTEST), keys, authorities);
  }

  @Override
  public void mount(Router router) {
    post(router, "/attest/v1/challenges", MOST_FOR_CHALLENGE, recorded(useCases::challenge));
    post(router, "/attest/v1/evidence", MOST_EVIDENCE, useCases::evidence);
    post(router, "/attest/v1/aks", MOST_ATTESTATION_KEY, recorded(keyUseCases::offer));
    post(router, "/attest/v1/aks/:id/activate", MOST_SECRET, recorded(keyUseCases::activate));
    router
        .route(HttpMethod.GET, "/attest/v1/jwks")
        .handler(exchanges.handler(0, useCases::keySet, Reply::problem));
    router.route("/attest/v1/jwks").handler(exchanges.methodNotAllowed("GET", Reply::problem));
  }

  /** Other refusals are recorded where they are made. */
  private UseCase recorded(UseCase useCase) {
    return request -> {
      try {
        return useCase.answer(request);
      } catch (Refusal refusal) {
        if (refusal.problem() == CommonProblem.MALFORMED) {
          callers.recordRefusedDevice(request, refusal);
        }
        throw refusal;
      }
    };
  }

  private void post(Router router, String path, int mostBytes, UseCase useCase) {
    router
        .route(HttpMethod.POST, path)
        .handler(exchanges.handler(mostBytes, useCase, Reply::problem));
    router.route(path).handler(exchanges.methodNotAllowed("POST", Reply::problem));
  }
}
