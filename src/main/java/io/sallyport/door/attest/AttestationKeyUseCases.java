package io.sallyport.door.attest;

import io.sallyport.attestation.AttestationKeys;
import io.sallyport.attestation.AttestationKeys.Offer;
import io.sallyport.door.DeviceCaller;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Credential;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/** What the paths of attestation keys do with a request that was read. Safe for any thread. */
final class AttestationKeyUseCases {
  /** In octets; a certificate with post-quantum keys is the largest that may come. */
  private static final int LONGEST_CERTIFICATE = 12 * 1024;

  private static final int LONGEST_PUBLIC_AREA = 1024;

  /** What is sealed here has 32; a TPM's digest has 64 at most. */
  private static final int LONGEST_SECRET = 64;

  private static final int LONGEST_CHAIN = 4;
  private static final Base64.Encoder BASE64 = Base64.getEncoder();

  private final Function<Request, DeviceCaller> callers;
  private final AttestationKeys keys;
  private final Authorities authorities;

  /** @param callers the device on the connection; refuses when there is none that may attest */
  AttestationKeyUseCases(
      Function<Request, DeviceCaller> callers, AttestationKeys keys, Authorities authorities) {
    this.callers = callers;
    this.keys = keys;
    this.authorities = authorities;
  }

  /** 201 with what TPM2_ActivateCredential takes. */
  Reply offer(Request request) {
    UUID device = callers.apply(request).device().id();
    StrictBody body = StrictBody.read(request.body(), "ek_certificate", "ek_chain", "ak_public");
    Offer offer = keys.offer(
        device,
        Der.of(body.octets("ek_certificate", LONGEST_CERTIFICATE)),
        body.list("ek_chain", LONGEST_CHAIN, LONGEST_CERTIFICATE).stream()
            .map(Der::of)
            .toList(),
        body.octets("ak_public", LONGEST_PUBLIC_AREA),
        Actor.device(device));
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("id", offer.id().toString());
    answer.put("credential_blob", BASE64.encodeToString(offer.credentialBlob()));
    answer.put("encrypted_secret", BASE64.encodeToString(offer.encryptedSecret()));
    answer.put("credential", BASE64.encodeToString(offer.credential()));
    answer.put("expires_at", offer.expiresAt().toString());
    return Reply.json(201, answer).with("Cache-Control", "no-store");
  }

  /** 200 with the certificate of the attestation key, and the authorities above it. */
  Reply activate(Request request) {
    UUID device = callers.apply(request).device().id();
    byte[] secret = StrictBody.read(request.body(), "secret").octets("secret", LONGEST_SECRET);
    Credential credential = keys.activate(device, id(request), secret, Actor.device(device));
    List<String> chain = authorities.chain(credential.authority()).stream()
        .map(authority -> authority.pem("CERTIFICATE"))
        .toList();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("certificate", credential.certificate().pem("CERTIFICATE"));
    answer.put("chain", chain);
    return Reply.json(200, answer).with("Cache-Control", "no-store");
  }

  private static UUID id(Request request) {
    String text = request.path().getOrDefault("id", "");
    try {
      UUID id = UUID.fromString(text);
      if (id.toString().equals(text)) {
        return id;
      }
    } catch (IllegalArgumentException e) {
      // refused below
    }
    throw new Refusal(
        CommonProblem.NOT_FOUND, "The path must hold the id that the attestation key was given.");
  }
}
