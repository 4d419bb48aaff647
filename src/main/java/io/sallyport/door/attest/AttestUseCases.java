package io.sallyport.door.attest;

import io.sallyport.attestation.Appraisal;
import io.sallyport.attestation.Attestations;
import io.sallyport.door.DeviceCaller;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;

/** What the two paths do with a request that was read. Safe for any thread. */
final class AttestUseCases {
  private static final Pattern EMPTY = Pattern.compile("\\s*(\\{\\s*\\}\\s*)?");

  private final Function<Request, DeviceCaller> callers;
  private final Attestations attestations;

  /** @param callers the device on the connection; refuses when there is none that may attest */
  AttestUseCases(Function<Request, DeviceCaller> callers, Attestations attestations) {
    this.callers = callers;
    this.attestations = attestations;
  }

  /** 201 with {@code nonce} and {@code expires_at}. */
  Reply challenge(Request request) {
    DeviceCaller caller = callers.apply(request);
    if (!EMPTY.matcher(new String(request.body(), StandardCharsets.UTF_8)).matches()) {
      throw new Refusal(
          CommonProblem.MALFORMED, "A challenge is asked for with an empty body or {}.");
    }
    Attestations.Challenge challenge = attestations.challenge(caller.device().id());
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("nonce", challenge.nonce());
    body.put("expires_at", challenge.expiresAt().toString());
    return Reply.json(201, body).with("Cache-Control", "no-store");
  }

  /** 200 with the appraisal, its claims and the signed result. */
  Reply evidence(Request request) {
    DeviceCaller caller = callers.apply(request);
    UUID device = caller.device().id();
    Appraisal appraisal = attestations.appraise(
        device, caller.credential(), request.mediaType(), request.body(), Actor.device(device));
    Map<String, Object> claims = new TreeMap<>();
    appraisal.claims().forEach((name, claim) -> claims.put(name, claim(claim)));
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("status", appraisal.status().word());
    body.put("expires_at", appraisal.expiresAt().toString());
    body.put("claims", claims);
    body.put("ear", appraisal.ear());
    return Reply.json(200, body).with("Cache-Control", "no-store");
  }

  /** 200 with the keys that sign results, for whoever checks them (RFC 7517). */
  Reply keySet(Request request) {
    return Reply.of(
            200, "application/jwk-set+json", attestations.keySet().getBytes(StandardCharsets.UTF_8))
        .with("Cache-Control", "max-age=300");
  }

  private static Map<String, Object> claim(Appraisal.Claim claim) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("value", claim.value());
    body.put("tier", claim.tier().word());
    body.put("assurance", claim.assurance().word());
    body.put("source", claim.source());
    body.put("reason", claim.reason());
    return body;
  }
}
