package io.sallyport.door.acme;

import java.util.Base64;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.challenge.TokenChallenge;
import org.shredzone.acme4j.toolbox.JSON;
import org.shredzone.acme4j.toolbox.JSONBuilder;

/** device-attest-01 for acme4j, which does not know it. */
final class DeviceAttestChallenge extends TokenChallenge {
  static final String TYPE = "device-attest-01";

  private static final long serialVersionUID = 1L;

  private byte[] attestation = {};

  DeviceAttestChallenge(Login login, JSON data) {
    super(login, data);
  }

  /** What {@link #trigger} sends. */
  void attest(byte[] object) {
    attestation = object.clone();
  }

  @Override
  protected void prepareResponse(JSONBuilder response) {
    response.put("attObj", Base64.getUrlEncoder().withoutPadding().encodeToString(attestation));
  }

  @Override
  protected boolean acceptable(String type) {
    return TYPE.equals(type);
  }
}
