package io.sallyport.cli;

import static io.sallyport.cli.Narrator.expect;
import static io.sallyport.cli.Narrator.refused;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The demo's chapter about a gateway whose word rests on hardware: a TPM that quotes what was booted. */
final class DemoTpm {
  private static final Flow CONTROL = new Flow("control.plant.example", "tcp", 4840);
  private static final int BOOT_LOADER = 4;
  private static final int SECURE_BOOT = 7;
  private static final String ZERO = "0".repeat(64);

  private final Narrator narrator;
  private final ApiClient api;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final Path scratch;
  private @Nullable String attestationKey;

  DemoTpm(Options options, Narrator narrator, ApiClient api, Path scratch) {
    this.narrator = narrator;
    this.api = api;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.scratch = scratch;
  }

  /** Says on one line why it was left out, where the programs are not installed. */
  void tell(Camera gateway, Runnable registerProfile) {
    narrator.chapter("Hardware");
    List<String> missing = SoftwareTpm.missing();
    if (!missing.isEmpty()) {
      narrator.remark("Left out, not installed: " + String.join(", ", missing) + ".");
      return;
    }
    try (SoftwareTpm tpm = SoftwareTpm.start(scratch.resolve("tpm"))) {
      narrator.step("The TPM's maker is trusted", "PUT /api/v1/tpm-roots/optica", () -> {
        ObjectNode body = Json.object();
        body.putArray("anchors").add(Pem.of(tpm.root()));
        api.putJson("/tpm-roots/optica", body);
        return "200";
      });
      narrator.step(
          "Profile gateway: PCR 4 and 7 as they are now", "PUT /api/v1/profiles/gateway", () -> {
            registerProfile.run();
            return "200";
          });
      narrator.step(
          "gateway-1 shows its IDevID",
          "POST /.well-known/est/simpleenroll",
          () -> "200 certificate " + gateway.enroll());
      try (Web web = new Web(roots, gateway.identity())) {
        narrator.step(
            "Its TPM proves that an attestation key lives in it",
            "POST /attest/v1/aks",
            () -> activate(web, tpm));
        narrator.step(
            "gateway-1 quotes what it booted",
            "POST /attest/v1/evidence",
            () -> quoted(web, tpm, "affirming"));
        narrator.step("gateway-1 asks for " + CONTROL, "POST /oauth2/token", () -> {
          try (DeviceClient client = gateway.client()) {
            client.tryGrant(List.of(CONTROL)).orFail();
          }
          return "200 granted, by hardware";
        });
        narrator.step(
            "A changed boot loader: PCR 4 is extended", "POST /attest/v1/evidence", () -> {
              tpm.extend(BOOT_LOADER);
              return quoted(web, tpm, "contraindicated");
            });
        narrator.step("gateway-1 asks for " + CONTROL, "POST /oauth2/token", () -> {
          try (DeviceClient client = gateway.client()) {
            return refused(client.tryGrant(List.of(CONTROL)), 403);
          }
        });
      }
    }
  }

  static String profile() {
    return """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: gateway}
        spec:
          certificateProfiles: [device]
          attestation:
            validity: PT15M
            tpm:
              pcrs:
                sha256: {"%d": ["%s"], "%d": ["%s"]}
        """.formatted(BOOT_LOADER, ZERO, SECURE_BOOT, ZERO);
  }

  static String policy() {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: gateways}
        spec:
          selector: {profile: gateway}
          posture:
            executables: {tier: affirming, assurance: hardware}
          allow:
            - {peer: control.plant.example, protocol: tcp, ports: [4840]}
          grant: {ttl: PT10M}
        """;
  }

  private String activate(Web web, SoftwareTpm tpm) {
    ObjectNode body = Json.object()
        .put("ek_certificate", base64(encoded(tpm.ekCertificate())))
        .put("ak_public", base64(tpm.attestationKey()));
    body.putArray("ek_chain").add(base64(encoded(tpm.issuer())));
    JsonNode offer =
        post(web, "/attest/v1/aks", "application/json", body).orFail().json();
    byte[] secret =
        tpm.activate(Base64.getDecoder().decode(offer.path("credential").asText()));
    JsonNode activated = post(
            web,
            "/attest/v1/aks/" + offer.path("id").asText() + "/activate",
            "application/json",
            Json.object().put("secret", base64(secret)))
        .orFail()
        .json();
    attestationKey = body(activated.path("certificate").asText());
    return "200 certified";
  }

  private String quoted(Web web, SoftwareTpm tpm, String expected) {
    String nonce = post(web, "/attest/v1/challenges", "application/json", Json.object())
        .orFail()
        .json()
        .path("nonce")
        .asText();
    SoftwareTpm.Quote quote =
        tpm.quote(Base64.getUrlDecoder().decode(nonce), BOOT_LOADER, SECURE_BOOT);
    ObjectNode evidence = Json.object()
        .put("nonce", nonce)
        .put("ak_certificate", attestationKey)
        .put("quote", base64(quote.message()))
        .put("signature", base64(quote.signature()));
    ObjectNode bank = evidence.putObject("pcrs").putObject("sha256");
    quote.pcrs().forEach(bank::put);
    JsonNode result = post(
            web, "/attest/v1/evidence", "application/vnd.sallyport.tpm-quote+json", evidence)
        .orFail()
        .json();
    JsonNode executables = result.at("/claims/executables");
    expect("executables", expected, executables.path("tier").asText());
    return "200 executables " + expected + " by "
        + executables.path("assurance").asText();
  }

  private Answer post(Web web, String path, String mediaType, JsonNode body) {
    return web.send(Web.to(devices.resolve(path))
        .header("Content-Type", mediaType)
        .POST(BodyPublishers.ofByteArray(Json.octets(body)))
        .build());
  }

  /** The base64 of a PEM block: the evidence carries the same octets without the lines around them. */
  private static String body(String pem) {
    return pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
  }

  private static String base64(byte[] octets) {
    return Base64.getEncoder().encodeToString(octets);
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }
}
