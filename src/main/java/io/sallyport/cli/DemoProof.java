package io.sallyport.cli;

import static io.sallyport.cli.Narrator.expect;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What the demo checks with its own eyes: a grant's signature and binding, the log's tree. */
final class DemoProof {
  private static final Duration SEALING = Duration.ofSeconds(10);
  private static final int POLL_MILLIS = 100;

  private DemoProof() {}

  /** Checks that a grant is signed by a published key, bound to the device's certificate and for {@code flow} alone. */
  static String grant(Web web, URI server, JsonNode answer, Flow flow, Identity device) {
    try {
      SignedJWT jwt = SignedJWT.parse(answer.path("access_token").asText());
      JWKSet published = JWKSet.parse(
          web.send(Web.to(server.resolve("/oauth2/jwks")).build()).orFail().text());
      JWK key = published.getKeyByKeyId(jwt.getHeader().getKeyID());
      if (!(key instanceof AsymmetricJWK asymmetric)) {
        throw new Failure(
            ExitCode.REFUSED,
            "expected a published key " + jwt.getHeader().getKeyID() + ", came none");
      }
      boolean signed = jwt.verify(new DefaultJWSVerifierFactory()
          .createJWSVerifier(jwt.getHeader(), asymmetric.toPublicKey()));
      expect(signed, "a signature by the published key", "another");
      Map<String, Object> binding = jwt.getJWTClaimsSet().getJSONObjectClaim("cnf");
      expect(
          "cnf.x5t#S256",
          DeviceClient.thumbprint(device),
          binding == null ? "none" : String.valueOf(binding.get("x5t#S256")));
      JsonNode flows = answer.path("authorization_details");
      expect("flows", 1, flows.size());
      expect("port", flow.port(), flows.path(0).path("port").asInt());
      expect("peer", flow.peer(), flows.path(0).path("peer").asText());
      return "grant for " + flow + ", " + answer.path("expires_in").asText()
          + " s, bound to its certificate";
    } catch (ParseException | JOSEException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "expected a signed JWT, came one that cannot be read: " + e.getMessage());
    }
  }

  /** Waits until the end of {@code device} is under a checkpoint, then verifies everything against an earlier one. */
  static String verify(ApiClient api, JsonNode earlier, String device) throws InterruptedException {
    long end = System.nanoTime() + SEALING.toNanos();
    long last = lastPosition(api);
    while (api.get("/audit/checkpoints/latest").path("size").asLong() < last
        && System.nanoTime() < end) {
      Thread.sleep(POLL_MILLIS);
    }
    String vkey = api.get("/audit/key").path("vkey").asText();
    LogVerdict verdict =
        AuditCommands.verify(api, vkey, true, List.of(earlier.path("note").asText()));
    LogVerdict.Finding finding = verdict.finding();
    expect(finding == null, "a log that fits", finding == null ? "" : finding.sentence());
    expect(verdict.covered() >= last, "a checkpoint over " + last + " facts", verdict.covered());
    expect(
        earlier.path("size").asLong() > 0,
        "an earlier checkpoint of some facts",
        earlier.path("size"));
    expect(
        recorded(api, "device.decommissioned", device), "the fact device.decommissioned", "none");
    return "fits: " + verdict.facts() + " facts, also with the checkpoint of "
        + earlier.path("size").asLong();
  }

  private static long lastPosition(ApiClient api) {
    AuditFeed<Long> facts =
        new AuditFeed<>(api, "facts", "position", fact -> fact.path("position").asLong());
    long last = 0;
    while (facts.hasNext()) {
      last = facts.next();
    }
    return last;
  }

  private static boolean recorded(ApiClient api, String kind, String subject) {
    AuditFeed<Boolean> facts = new AuditFeed<>(
        api,
        "facts",
        "position",
        fact -> fact.path("kind").asText().equals(kind)
            && fact.path("subject").asText().equals(subject));
    boolean found = false;
    while (facts.hasNext() && !found) {
      found = facts.next();
    }
    return found;
  }
}
