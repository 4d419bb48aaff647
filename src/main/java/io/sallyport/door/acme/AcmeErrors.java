package io.sallyport.door.acme;

import static java.util.Map.entry;

import io.sallyport.devices.DeviceProblem;
import io.sallyport.door.Reply;
import io.sallyport.enrollment.EnrollmentProblem;
import io.sallyport.enrollment.Orders.Fault;
import io.sallyport.enrollment.Orders.Identifier;
import io.sallyport.kernel.Problem;
import io.sallyport.pki.PkiProblem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;

/** Problems in ACME's own words (RFC 8555 §6.7). */
final class AcmeErrors {
  private static final String URN = "urn:ietf:params:acme:error:";
  private static final int BAD_REQUEST = 400;
  private static final String RETRY_SECONDS = "60";

  /** Those whose name says more than their status does. */
  private static final Map<Problem, String> NAMES = Map.ofEntries(
      entry(AcmeProblem.BAD_SIGNATURE_ALGORITHM, "badSignatureAlgorithm"),
      entry(AcmeProblem.BAD_PUBLIC_KEY, "badPublicKey"),
      entry(AcmeProblem.EXTERNAL_ACCOUNT_REQUIRED, "externalAccountRequired"),
      entry(EnrollmentProblem.BAD_NONCE, "badNonce"),
      entry(EnrollmentProblem.ACCOUNT_UNKNOWN, "accountDoesNotExist"),
      entry(EnrollmentProblem.INVALID_CONTACT, "invalidContact"),
      entry(EnrollmentProblem.ORDER_NOT_READY, "orderNotReady"),
      entry(EnrollmentProblem.UNSUPPORTED_IDENTIFIER, "unsupportedIdentifier"),
      entry(EnrollmentProblem.REJECTED_IDENTIFIER, "rejectedIdentifier"),
      entry(EnrollmentProblem.INVALID_HOST_NAME, "rejectedIdentifier"),
      entry(EnrollmentProblem.OTHER_THAN_ORDERED, "badCSR"),
      entry(EnrollmentProblem.OTHER_NAMES, "badCSR"),
      entry(PkiProblem.BAD_REQUEST, "badCSR"),
      entry(PkiProblem.WEAK_KEY, "badCSR"),
      entry(DeviceProblem.DUPLICATE_KEY, "badCSR"),
      entry(DeviceProblem.COMPROMISED_KEY, "badCSR"),
      entry(EnrollmentProblem.NO_ADDRESS, "dns"),
      entry(EnrollmentProblem.NETWORK_NOT_ALLOWED, "connection"),
      entry(EnrollmentProblem.NO_CONNECTION, "connection"),
      entry(EnrollmentProblem.WRONG_RESPONSE, "incorrectResponse"),
      entry(EnrollmentProblem.BAD_ATTESTATION, "badAttestationStatement"),
      entry(EnrollmentProblem.ALREADY_REVOKED, "alreadyRevoked"),
      entry(PkiProblem.INVALID_REASON, "badRevocationReason"));

  private AcmeErrors() {}

  /** The answer that refuses a request. */
  static Reply refusal(Problem problem, String detail) {
    String name = name(problem);
    int status = switch (name) {
      case "badCSR", "rejectedIdentifier", "badRevocationReason" -> BAD_REQUEST;
      default -> problem.status();
    };
    JsonObject body = new JsonObject()
        .put("type", URN + name)
        .put("title", problem.title())
        .put("status", status)
        .put("detail", detail);
    if (problem == AcmeProblem.BAD_SIGNATURE_ALGORITHM) {
      body.put("algorithms", new JsonArray(SigningKey.Algorithm.words()));
    }
    Reply reply = Reply.of(status, "application/problem+json", body.toBuffer().getBytes());
    return name.equals("rateLimited") ? reply.with("Retry-After", RETRY_SECONDS) : reply;
  }

  /** Why a challenge is invalid, as part of it. */
  static JsonObject fault(Fault fault, Identifier identifier) {
    JsonObject body = new JsonObject()
        .put("type", URN + name(fault.problem()))
        .put("status", fault.problem().status())
        .put("detail", fault.detail());
    if (fault.problem() == EnrollmentProblem.BAD_ATTESTATION) {
      body.put(
          "subproblems",
          new JsonArray()
              .add(new JsonObject()
                  .put("type", URN + name(fault.problem()))
                  .put("detail", fault.detail())
                  .put("identifier", Views.identifier(identifier))));
    }
    return body;
  }

  private static String name(Problem problem) {
    String known = NAMES.get(problem);
    if (known != null) {
      return known;
    }
    return switch (problem.status()) {
      case 401, 403 -> "unauthorized";
      case 429 -> "rateLimited";
      default -> problem.status() < 500 ? "malformed" : "serverInternal";
    };
  }
}
