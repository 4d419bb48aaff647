package io.sallyport.testing;

import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.Tpm.AttestationKey;
import io.sallyport.testing.Tpm.Certification;
import io.sallyport.testing.Tpm.DeviceKey;
import io.sallyport.testing.Tpm.Quote;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A device with a TPM, which does what the agent of a real one would do. Over the network interfaces only. */
public final class TpmUnit {
  public static final String QUOTE = "application/vnd.sallyport.tpm-quote+json";

  private static final Base64.Encoder BASE64 = Base64.getEncoder();

  private final Plant plant;
  private final Unit unit;
  private final Tpm tpm;
  private final DeviceKey key;
  private @Nullable AttestationKey ak;
  private @Nullable X509Certificate akCertificate;

  private TpmUnit(Plant plant, Unit unit, Tpm tpm, DeviceKey key) {
    this.plant = plant;
    this.unit = unit;
    this.tpm = tpm;
    this.key = key;
  }

  /** A device whose certificate's key is in the TPM. */
  public static TpmUnit enrolled(Plant plant, String serialNumber, Tpm tpm) {
    Unit unit = plant.registered(serialNumber);
    DeviceKey key = tpm.deviceKey();
    unit.enroll(key.keys());
    return new TpmUnit(plant, unit, tpm, key);
  }

  public Unit unit() {
    return unit;
  }

  public Tpm tpm() {
    return tpm;
  }

  public DeviceKey key() {
    return key;
  }

  public AttestationKey ak() {
    return Optional.ofNullable(ak).orElseThrow();
  }

  public X509Certificate akCertificate() {
    return Optional.ofNullable(akCertificate).orElseThrow();
  }

  /** The body of {@code POST /attest/v1/aks} for this TPM. */
  public Map<String, Object> offer(AttestationKey of) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("ek_certificate", Tpm.base64(tpm.ekCertificate()));
    body.put("ek_chain", List.of(Tpm.base64(tpm.issuer())));
    body.put("ak_public", BASE64.encodeToString(of.publicArea()));
    return body;
  }

  /** {@code POST /attest/v1/...} with JSON. */
  public Answer post(String path, Object body) {
    return plant.post(
        unit.identity(),
        "/attest/v1/" + path,
        "application/json",
        BodyPublishers.ofByteArray(Plant.bytes(body)));
  }

  public Answer answer(String offer, byte[] secret) {
    return post("aks/" + offer + "/activate", Map.of("secret", BASE64.encodeToString(secret)));
  }

  /** Makes an attestation key and has it certified. */
  public TpmUnit activate() {
    return activate(tpm.attestationKey("ecc"));
  }

  public TpmUnit activate(AttestationKey of) {
    var offer = post("aks", offer(of)).expect(201).json();
    byte[] secret =
        tpm.activate(of, Base64.getDecoder().decode(offer.get("credential").asText()));
    var activated = answer(offer.get("id").asText(), secret).expect(200).json();
    ak = of;
    akCertificate = Plant.certificate(activated.get("certificate").asText());
    return this;
  }

  /** A quote over {@code selection} for this nonce, with the device's key certified. */
  public Map<String, Object> quote(String nonce, String selection) {
    byte[] data = Base64.getUrlDecoder().decode(nonce);
    Map<String, Object> body = evidence(nonce, tpm.quote(ak(), data, selection));
    Certification certification = tpm.certify(key, ak(), data);
    body.put(
        "key_certification",
        Map.of(
            "certify_info", BASE64.encodeToString(certification.info()),
            "signature", BASE64.encodeToString(certification.signature()),
            "public", BASE64.encodeToString(key.publicArea())));
    return body;
  }

  /** Evidence without a certified key. */
  public Map<String, Object> evidence(String nonce, Quote quote) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("nonce", nonce);
    try {
      body.put("ak_certificate", BASE64.encodeToString(akCertificate().getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    body.put("quote", BASE64.encodeToString(quote.message()));
    body.put("signature", BASE64.encodeToString(quote.signature()));
    body.put("pcrs", quote.pcrs());
    return body;
  }

  public Answer send(Object evidence) {
    return plant.post(
        unit.identity(),
        "/attest/v1/evidence",
        QUOTE,
        BodyPublishers.ofByteArray(Plant.bytes(evidence)));
  }

  /** Challenge, quote, evidence. */
  public Answer attest(String selection) {
    return send(quote(unit.nonce(), selection));
  }
}
