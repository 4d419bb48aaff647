package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;

/**
 * A manufacturer, a profile, a policy and an enforcement point with names of their own, so that tests do not meet in the
 * application that they share. Over the network interfaces only.
 */
public final class Plant implements AutoCloseable {
  /** Firmware that the profile accepts, and one that it does not. */
  public static final String GOOD = "1.3.0";

  public static final String OLD = "1.2.0";

  /** What the policy allows. */
  public static final Flow VIDEO = new Flow("vms.plant.example", "tcp", 8554);

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A connection that a device wants. */
  public record Flow(String peer, String protocol, int port) {}

  private final Map<Identity, HttpClient> clients = new ConcurrentHashMap<>();
  private final HttpClient stranger;
  private final Wire wire;
  private final String name;
  private final Manufacturer manufacturer;
  private final Identity enforcementPoint;

  private Plant(Wire wire, String name) {
    this.wire = wire;
    this.name = name;
    this.stranger = wire.client(null);
    this.manufacturer = TestPki.manufacturer(name + " works");
    wire.register(manufacturer);
    profile("PT15M");
    policy("PT10M");
    this.enforcementPoint = enforcementPoint(name + "-gate");
  }

  /** @param name lower-case letters, digits and hyphens; used once in all tests */
  public static Plant open(Wire wire, String name) {
    return new Plant(wire, name);
  }

  public String name() {
    return name;
  }

  public Manufacturer manufacturer() {
    return manufacturer;
  }

  public Identity enforcementPoint() {
    return enforcementPoint;
  }

  /** Good firmware and secure boot; appraisals hold for {@code validity}. */
  public void profile(String validity) {
    wire.document("/api/v1/profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec:
          attestation:
            validity: %s
            secureBoot: true
            firmware:
              camera-os:
                - {version: "%s", digest: "%s"}
        """.formatted(name, validity, GOOD, digest(GOOD)));
  }

  /** Allows {@link #VIDEO} to a device that attested good firmware. */
  public void policy(String ttl) {
    policySpec("""
        posture:
          executables: {tier: warning, assurance: signed-software}
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
        grant: {ttl: %s}
        otherwise: {quarantineVlan: 666}
        """.formatted(ttl));
  }

  /** The plant's policy for its own profile; {@code spec} is everything but the selector. */
  public void policySpec(String spec) {
    wire.document("/api/v1/policies/" + name, """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          selector: {profile: %s}
        """.formatted(name, name) + spec.indent(2));
  }

  /** Registers an enforcement point and answers what it got. */
  public Identity enforcementPoint(String point) {
    KeyPair keys = TestPki.key();
    return new Identity(
        keys,
        List.of(certificate(addEnforcementPoint(point, keys)
            .expect(201)
            .json()
            .get("certificate")
            .asText())));
  }

  /** Registers a point of {@code kind} with these settings and answers what it got. */
  public Identity enforcementPoint(String point, String kind, Map<String, ?> settings) {
    KeyPair keys = TestPki.key();
    JsonNode added = person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                point,
                "kind",
                kind,
                "settings",
                settings,
                "csr",
                TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + point, null))))
        .expect(201)
        .json();
    return new Identity(keys, List.of(certificate(added.get("certificate").asText())));
  }

  public Answer addEnforcementPoint(String point, KeyPair keys) {
    return person(
        "POST",
        "/api/v1/enforcement-points",
        Map.of(
            "name",
            point,
            "kind",
            "authzen",
            "csr",
            TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + point, null))));
  }

  /** A device that is registered and has its IDevID, nothing more. */
  public Unit registered(String serialNumber) {
    return new Unit(
        serialNumber,
        wire.register(manufacturer, serialNumber, name),
        manufacturer.idevid(serialNumber));
  }

  /** A device of this manufacturer that the test registered itself. */
  public Unit known(String serialNumber) {
    String id = person("GET", "/api/v1/devices?text=" + serialNumber, null)
        .expect(200)
        .json()
        .at("/items/0/id")
        .asText();
    return new Unit(serialNumber, id, manufacturer.idevid(serialNumber));
  }

  /** A device with its certificate. */
  public Unit enrolled(String serialNumber) {
    Unit unit = registered(serialNumber);
    unit.enroll();
    return unit;
  }

  /** A device that attested good firmware. */
  public Unit attested(String serialNumber) {
    Unit unit = enrolled(serialNumber);
    unit.attest(GOOD).expect(200);
    return unit;
  }

  /** A JSON request to the front for people, answered as it is. */
  public Answer person(String method, String path, @Nullable Object body, String... headers) {
    var request = wire.person(path)
        .method(
            method,
            body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(bytes(body)));
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return Answer.to(stranger, request.build());
  }

  /** A POST to the front for devices by {@code identity}, or by nobody. */
  public Answer post(
      @Nullable Identity identity, String path, String mediaType, BodyPublisher body) {
    return Answer.to(
        client(identity),
        wire.device(path).header("Content-Type", mediaType).POST(body).build());
  }

  /** Whether introspection (RFC 7662 §2.2) says that a grant's token counts. */
  public boolean isActive(String token) {
    return post(
            enforcementPoint(),
            "/oauth2/introspect",
            "application/x-www-form-urlencoded",
            BodyPublishers.ofString("token=" + token))
        .expect(200)
        .json()
        .get("active")
        .asBoolean();
  }

  public Answer get(@Nullable Identity identity, String path) {
    return Answer.to(client(identity), wire.device(path).GET().build());
  }

  /** Asks as {@code point} whether a subject may open {@code flow}. */
  public Answer evaluate(@Nullable Identity point, String subjectType, String subject, Flow flow) {
    return post(
        point,
        "/access/v1/evaluation",
        "application/json",
        BodyPublishers.ofByteArray(bytes(Map.of(
            "subject", Map.of("type", subjectType, "id", subject),
            "action", Map.of("name", "connect"),
            "resource",
                Map.of(
                    "type", "service",
                    "id", flow.peer(),
                    "properties", Map.of("protocol", flow.protocol(), "port", flow.port()))))));
  }

  /** What the log says about a subject, oldest first. */
  public List<JsonNode> facts(String subject) {
    List<JsonNode> facts = new ArrayList<>();
    String subjectParameter = URLEncoder.encode(subject, StandardCharsets.UTF_8);
    for (long after = 0; ; ) {
      JsonNode items = wire.admin(
              "GET",
              "/api/v1/audit/facts?limit=1000&after=" + after + "&subject=" + subjectParameter,
              null)
          .get("items");
      items.forEach(facts::add);
      if (items.size() < 1000) {
        return facts;
      }
      after = facts.getLast().get("position").asLong();
    }
  }

  /** The newest fact of this kind about a subject; waits until it is numbered. */
  public JsonNode fact(String subject, String kind) {
    return fact(subject, kind, "");
  }

  /** The same, of those with the detail {@code problem}. */
  public JsonNode fact(String subject, String kind, String problem) {
    return Patience.until(
        "a fact " + kind + " " + problem + " about " + subject,
        () -> facts(subject).reversed().stream()
            .filter(fact -> fact.get("kind").asText().equals(kind))
            .filter(
                fact -> problem.isEmpty() || fact.at("/detail/problem").asText().equals(problem))
            .findFirst());
  }

  public Wire wire() {
    return wire;
  }

  /** Closes the connections. */
  @Override
  public void close() {
    clients.values().forEach(HttpClient::close);
    stranger.close();
  }

  /** The digest of a firmware version in the profile. */
  public static String digest(String version) {
    return "sha-256:" + (version.equals(GOOD) ? "a" : "b").repeat(64);
  }

  public static X509Certificate certificate(String pem) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("not a certificate", e);
    }
  }

  private HttpClient client(@Nullable Identity identity) {
    return identity == null ? stranger : clients.computeIfAbsent(identity, wire::client);
  }

  static byte[] bytes(Object body) {
    try {
      return JSON.writeValueAsBytes(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A device of this plant. */
  public final class Unit {
    private final String serialNumber;
    private final String id;
    private final Identity idevid;
    private @Nullable Identity identity;

    private Unit(String serialNumber, String id, Identity idevid) {
      this.serialNumber = serialNumber;
      this.id = id;
      this.idevid = idevid;
    }

    public String id() {
      return id;
    }

    public Identity idevid() {
      return idevid;
    }

    /** The certificate that it enrolled. */
    public Identity identity() {
      return Optional.ofNullable(identity).orElseThrow();
    }

    public String thumbprint() {
      return sha256(identity().certificate());
    }

    public void enroll() {
      enroll(TestPki.key());
    }

    /** With a key of the test's own, for instance one in a TPM. */
    public void enroll(KeyPair keys) {
      identity = wire.enroll(idevid, keys, serialNumber);
    }

    /** simplereenroll with the names of the certificate and a new key; {@code identity} stays what it was. */
    public Answer renew() {
      return renew(TestPki.key());
    }

    public Answer renew(KeyPair keys) {
      String subject = X500Name.getInstance(
              identity().certificate().getSubjectX500Principal().getEncoded())
          .toString();
      return Answer.of(
          wire.est("simplereenroll", identity(), null, TestPki.request(keys, subject, null)));
    }

    /** simpleenroll with the IDevID and a new key. */
    public Answer enrollAgain() {
      return Answer.of(wire.est(
          "simpleenroll",
          idevid,
          null,
          TestPki.request(TestPki.key(), "CN=" + serialNumber, null)));
    }

    /** Answers the status of {@code POST /attest/v1/challenges}. */
    public Answer challenge() {
      return post(
          identity(), "/attest/v1/challenges", "application/json", BodyPublishers.ofString("{}"));
    }

    public String nonce() {
      return challenge().expect(201).json().get("nonce").asText();
    }

    /** A report of {@code version} with its own digest, signed by this device. */
    public String report(String nonce, String version) {
      return sign(claims(nonce, version));
    }

    /** The claims of a report. */
    public Map<String, Object> claims(String nonce, String version) {
      Map<String, Object> claims = new LinkedHashMap<>();
      claims.put("eat_nonce", nonce);
      claims.put("eat_profile", "tag:sallyport.io,2026:device-report");
      claims.put("iat", Instant.now().getEpochSecond());
      claims.put("swname", "camera-os");
      claims.put("swversion", List.of(version));
      claims.put("swdigest", digest(version));
      claims.put("oemboot", true);
      return claims;
    }

    /** Signs claims with the key of the device's certificate. */
    public String sign(Map<String, Object> claims) {
      return jws(claims, identity().keys());
    }

    public Answer evidence(String jws) {
      return post(
          identity(), "/attest/v1/evidence", "application/eat+jwt", BodyPublishers.ofString(jws));
    }

    /** Challenge and evidence. */
    public Answer attest(String version) {
      return evidence(report(nonce(), version));
    }

    /** Asks for a grant of these flows, or of everything. */
    public Answer token(Flow... flows) {
      return form(
          flows.length == 0
              ? "grant_type=client_credentials"
              : "grant_type=client_credentials&authorization_details=" + details(flows));
    }

    public Answer form(String form) {
      return post(
          identity(),
          "/oauth2/token",
          "application/x-www-form-urlencoded",
          BodyPublishers.ofString(form));
    }

    /** What the plant's enforcement point is told about this device. */
    public JsonNode decision(Flow flow) {
      return evaluate(enforcementPoint, "device", id, flow).expect(200).json();
    }

    public boolean may(Flow flow) {
      return decision(flow).get("decision").asBoolean();
    }

    /** Binds an address to this device and answers the binding's id. */
    public String bind(String address, String segment) {
      return person(
              "POST",
              "/api/v1/devices/" + id + "/addresses",
              Map.of("address", address, "segment", segment))
          .expect(201)
          .json()
          .get("id")
          .asText();
    }

    /** Quarantine, release, suspend or decommission. */
    public Answer become(String act) {
      return person("POST", "/api/v1/devices/" + id + "/" + act, Map.of("reason", "a test"));
    }
  }

  /** Authorization details in a form. */
  public static String details(Flow... flows) {
    List<Map<String, Object>> details = new ArrayList<>();
    for (Flow flow : flows) {
      details.add(Map.of(
          "type",
          "network_flow",
          "peer",
          flow.peer(),
          "protocol",
          flow.protocol(),
          "port",
          flow.port()));
    }
    return URLEncoder.encode(
        new String(bytes(details), StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  /** SHA-256 over a certificate in hex. */
  public static String sha256(X509Certificate certificate) {
    try {
      return Digest.of(certificate.getEncoded()).hex();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A compact JWS with ES256. */
  public static String jws(Map<String, Object> claims, KeyPair keys) {
    try {
      Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
      String input = base64.encodeToString(
              "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\"}".getBytes(StandardCharsets.US_ASCII))
          + "." + base64.encodeToString(bytes(claims));
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(keys.getPrivate());
      signature.update(input.getBytes(StandardCharsets.US_ASCII));
      return input + "." + base64.encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
