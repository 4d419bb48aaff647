package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.time.Clock;
import java.util.List;

/** A device with its certificate: attestation and grants, over mutual TLS. */
final class DeviceClient implements AutoCloseable {
  static final String PROFILE = "tag:sallyport.io,2026:device-report";

  private final URI server;
  private final Web web;
  private final Identity identity;
  private final Clock clock;

  /** @param web shows {@code identity} */
  DeviceClient(URI server, Web web, Identity identity, Clock clock) {
    this.server = server;
    this.web = web;
    this.identity = identity;
    this.clock = clock;
  }

  /**
   * What a device says of itself.
   *
   * @param digest {@code sha-256:} and 64 hexadecimal digits
   */
  record Report(String firmware, String version, String digest, boolean secureBoot) {}

  Answer tryChallenge() {
    return web.send(Web.to(server.resolve("/attest/v1/challenges"))
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString("{}"))
        .build());
  }

  /** Signs {@code report} with the device's key as an EAT (RFC 9711) that answers {@code nonce}. */
  String evidence(String nonce, Report report) {
    JWTClaimsSet claims = new JWTClaimsSet.Builder()
        .claim("eat_nonce", nonce)
        .claim("eat_profile", PROFILE)
        .claim("iat", clock.instant().getEpochSecond())
        .claim("swname", report.firmware())
        .claim("swversion", List.of(report.version()))
        .claim("swdigest", report.digest())
        .claim("oemboot", report.secureBoot())
        .build();
    try {
      JWSSigner signer = signer(identity.key());
      JWSHeader header = new JWSHeader.Builder(algorithm(signer))
          .type(new JOSEObjectType("eat+jwt"))
          .build();
      SignedJWT jwt = new SignedJWT(header, claims);
      jwt.sign(signer);
      return jwt.serialize();
    } catch (JOSEException e) {
      throw Failure.usage("The device's key cannot sign evidence: " + e.getMessage());
    }
  }

  Answer tryEvidence(String evidence) {
    return web.send(Web.to(server.resolve("/attest/v1/evidence"))
        .header("Content-Type", "application/eat+jwt")
        .POST(BodyPublishers.ofString(evidence))
        .build());
  }

  JsonNode attest(Report report) {
    String nonce = tryChallenge().orFail().json().path("nonce").asText();
    return tryEvidence(evidence(nonce, report)).orFail().json();
  }

  /** Asks for a grant (RFC 6749 §4.4, RFC 9396) of {@code flows}, or of all that policy allows when there are none. */
  Answer tryGrant(List<Flow> flows) {
    StringBuilder form = new StringBuilder("grant_type=client_credentials");
    if (!flows.isEmpty()) {
      var details = Json.array();
      flows.forEach(flow -> details.add(flow.authorizationDetail()));
      form.append("&authorization_details=").append(ApiClient.encode(details.toString()));
    }
    return web.send(Web.to(server.resolve("/oauth2/token"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(BodyPublishers.ofString(form.toString()))
        .build());
  }

  /** Tells that the order to wipe was carried out. */
  Answer wiped(String detail) {
    return web.send(Web.to(server.resolve("/wipe/v1/order/done"))
        .header("Content-Type", "text/plain")
        .POST(BodyPublishers.ofString(detail))
        .build());
  }

  @Override
  public void close() {
    web.close();
  }

  private static JWSSigner signer(PrivateKey key) throws JOSEException {
    return key instanceof ECPrivateKey ec ? new ECDSASigner(ec) : new RSASSASigner(key);
  }

  private static JWSAlgorithm algorithm(JWSSigner signer) {
    return signer instanceof ECDSASigner ec
        ? ec.supportedJWSAlgorithms().iterator().next()
        : JWSAlgorithm.RS256;
  }

  /** SHA-256 over a certificate, as grants are bound to it (RFC 8705 §3.1). */
  static String thumbprint(Identity identity) {
    try {
      return Base64URL.encode(
              io.sallyport.kernel.Digest.of(identity.leaf().getEncoded()).octets())
          .toString();
    } catch (java.security.cert.CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }
}
