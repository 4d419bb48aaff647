package io.sallyport.cli;

import static io.sallyport.cli.Narrator.expect;
import static io.sallyport.cli.Narrator.refused;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The demo's steps, each through a public network interface and each with the outcome that it must have. */
final class DemoStory implements AutoCloseable {
  private static final String MAKER = "Optica";
  static final String SIMPLEENROLL = "POST /.well-known/est/simpleenroll";
  private static final String EVIDENCE = "POST /attest/v1/evidence";
  static final String TOKEN = "POST /oauth2/token";
  static final String EVALUATION = "POST /access/v1/evaluation";
  static final Flow VIDEO = new Flow("vms.plant.example", "tcp", 8554);
  private static final Flow SHELL = new Flow("vms.plant.example", "tcp", 22);
  private static final Flow ELSEWHERE = new Flow("files.office.example", "tcp", 8554);

  private final Narrator narrator;
  private final Path scratch;
  private final Clock clock;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final ApiClient api;
  private final StatusClient status;
  private final ManufacturingLine line;
  private final Map<String, Camera> cameras = new TreeMap<>();
  private final Map<String, String> ids = new TreeMap<>();

  private final DemoNetwork network;
  private final DemoTpm hardware;
  private AccessClient firewall;
  private String replayable = "";

  DemoStory(Options options, Path scratch, Narrator narrator, Clock clock) {
    this.narrator = narrator;
    this.scratch = scratch;
    this.clock = clock;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.api = options.api();
    this.status = new StatusClient(options.front("status"), new Web(List.of(), null));
    this.firewall = new AccessClient(devices, new Web(roots, null));
    this.line = new ManufacturingLine(MAKER, clock);
    this.network = new DemoNetwork(options, narrator, api, scratch);
    this.hardware = new DemoTpm(options, narrator, api, scratch);
  }

  void tell() {
    register();
    enroll();
    attest();
    grant();
    decide();
    recover();
    hardware.tell(camera(line.make("Gate 2", "gateway-1"), "gateway-1"), this::gateway);
    network.feed(id("cam-2"));
    network.signal(id("cam-2"), () -> permitted("cam-2"));
    JsonNode earlier = api.get("/audit/checkpoints/latest");
    quarantine();
    renew();
    decommission();
    prove(earlier);
  }

  @Override
  public void close() {
    network.close();
    firewall.close();
    status.close();
    api.close();
  }

  private void register() {
    narrator.chapter("Register");
    narrator.step(
        "Manufacturer " + MAKER + " with the CA of its line", "POST /api/v1/manufacturers", () -> {
          var body = Json.object().put("name", MAKER);
          body.putArray("anchors").add(Pem.of(line.anchor()));
          return "201 " + api.post("/manufacturers", body).path("name").asText();
        });
    narrator.step(
        "Device profile camera, firmware 1.4.0 known as good",
        "PUT /api/v1/profiles/camera",
        () -> {
          api.put("/profiles/camera", DemoDocuments.PROFILE);
          return "200";
        });
    narrator.step(
        "Access policy: video to the recorder, nothing else",
        "PUT /api/v1/policies/cameras",
        () -> {
          api.put("/policies/cameras", DemoDocuments.POLICY);
          return "200";
        });
    narrator.step("A policy with an unknown field", "PUT /api/v1/policies/typo", () -> {
      Answer answer = api.tryPut("/policies/typo", DemoDocuments.BAD_POLICY);
      return refused(answer, 400, 422);
    });
    narrator.step(
        "Enforcement point firewall-1, its key stays with it",
        "POST /api/v1/enforcement-points",
        () -> {
          DeviceFolder folder = new DeviceFolder(scratch.resolve("firewall-1"));
          EnforcementPointCommands.add(api, "firewall-1", folder, roots);
          firewall.close();
          firewall = new AccessClient(devices, new Web(roots, folder.identity()));
          return "201 certificate " + folder.identity().leaf().getSerialNumber().toString(16);
        });
    for (String name : List.of("cam-1", "cam-2")) {
      narrator.step("Camera " + name, "POST /api/v1/devices", () -> {
        JsonNode device = api.post("/devices", device(name, "Eye 4", "camera"));
        ids.put(name, device.path("id").asText());
        cameras.put(name, camera(line.make("Eye 4", name), name));
        expect("state", "expected", device.path("state").asText());
        return "201 " + device.path("state").asText() + " " + id(name);
      });
    }
  }

  private void gateway() {
    api.put("/profiles/gateway", DemoTpm.profile());
    api.put("/policies/gateways", DemoTpm.policy());
    api.post("/devices", device("gateway-1", "Gate 2", "gateway"));
  }

  private static ObjectNode device(String name, String model, String profile) {
    ObjectNode device = Json.object()
        .put("manufacturer", MAKER)
        .put("model", model)
        .put("serial_number", name)
        .put("profile", profile)
        .put("owner", "security@plant.example")
        .put("site", "plant-1");
    device.putObject("labels").put("zone", "perimeter");
    return device;
  }

  private boolean permitted(String name) {
    return firewall.ask(id(name), VIDEO).orFail().json().path("decision").asBoolean();
  }

  private void enroll() {
    narrator.chapter("Enroll");
    for (String name : List.of("cam-1", "cam-2")) {
      narrator.step(
          name + " shows its IDevID",
          SIMPLEENROLL,
          () -> "200 certificate " + cam(name).enroll());
    }
    narrator.step("cam-1 asks again, as if the answer was lost", SIMPLEENROLL, () -> {
      String first = cam("cam-1").serial();
      expect("the same serial", first, cam("cam-1").enroll());
      return "200 the same certificate " + first;
    });
    narrator.step("A stranger with an IDevID of an unknown maker", SIMPLEENROLL, () -> {
      Identity foreign = new ManufacturingLine(MAKER, clock).make("Eye 4", "cam-1");
      return refused(camera(foreign, "stranger").tryEnroll(), 401, 403);
    });
  }

  private void attest() {
    narrator.chapter("Attest");
    narrator.step(
        "cam-1 reports firmware 1.4.0",
        EVIDENCE,
        () -> attest("cam-1", DemoDocuments.GOOD, "warning"));
    narrator.step(
        "cam-2 reports firmware 1.2.0, which is not known",
        EVIDENCE,
        () -> attest("cam-2", DemoDocuments.OLD, "contraindicated"));
    narrator.step("cam-2 sends cam-1's report as its own", EVIDENCE, () -> {
      try (DeviceClient one = cam("cam-1").client();
          DeviceClient two = cam("cam-2").client()) {
        String nonce = two.tryChallenge().orFail().json().path("nonce").asText();
        return unaccepted(two.tryEvidence(one.evidence(nonce, DemoDocuments.GOOD)));
      }
    });
    narrator.step("The report of cam-1 is replayed", EVIDENCE, () -> {
      try (DeviceClient client = cam("cam-1").client()) {
        return unaccepted(client.tryEvidence(replayable));
      }
    });
  }

  private void grant() {
    narrator.chapter("Grant");
    narrator.step("cam-1 asks for " + VIDEO, TOKEN, () -> granted("cam-1"));
    narrator.step("cam-2 asks for " + VIDEO, TOKEN, () -> {
      try (DeviceClient client = cam("cam-2").client()) {
        Answer answer = client.tryGrant(List.of(VIDEO));
        String came = refused(answer, 403);
        expect("error", "access_denied", answer.slug());
        return came;
      }
    });
  }

  private void decide() {
    narrator.chapter("Decide");
    narrator.step(
        "firewall-1: may cam-1 reach " + VIDEO + "?",
        EVALUATION,
        () -> decided("cam-1", VIDEO, true));
    narrator.step(
        "firewall-1: may cam-1 reach " + SHELL + "?",
        EVALUATION,
        () -> decided("cam-1", SHELL, false));
    narrator.step(
        "firewall-1: may cam-1 reach " + ELSEWHERE + "?",
        EVALUATION,
        () -> decided("cam-1", ELSEWHERE, false));
    narrator.step("firewall-1: may cam-2 reach " + VIDEO + "?", EVALUATION, () -> {
      String came = decided("cam-2", VIDEO, false);
      JsonNode obligations = firewall.ask(id("cam-2"), VIDEO).json().at("/context/obligations");
      int vlan = obligations.path(0).at("/properties/vlan").asInt(-1);
      expect("a quarantine VLAN", 666, vlan);
      return came + "; VLAN " + vlan;
    });
    narrator.step("A camera asks for a decision itself", EVALUATION, () -> {
      try (AccessClient camera =
          new AccessClient(devices, new Web(roots, cam("cam-1").identity()))) {
        return refused(camera.ask(id("cam-2"), VIDEO), 401, 403);
      }
    });
  }

  private void recover() {
    narrator.chapter("Recover");
    narrator.step(
        "cam-2 has updated, reports firmware 1.4.0",
        EVIDENCE,
        () -> attest("cam-2", DemoDocuments.GOOD, "warning"));
    narrator.step("cam-2 asks for " + VIDEO, TOKEN, () -> granted("cam-2"));
    narrator.step(
        "firewall-1: may cam-2 reach " + VIDEO + "?",
        EVALUATION,
        () -> decided("cam-2", VIDEO, true));
  }

  private void quarantine() {
    narrator.chapter("Watch");
    narrator.step(
        "An operator quarantines cam-1",
        "POST /api/v1/devices/{id}/quarantine",
        () -> act("cam-1", "quarantine", "quarantined"));
    narrator.step(
        "firewall-1: may cam-1 reach " + VIDEO + "?",
        EVALUATION,
        () -> decided("cam-1", VIDEO, false));
    narrator.step(
        "cam-1 in quarantine can still attest",
        EVIDENCE,
        () -> attest("cam-1", DemoDocuments.GOOD, "warning"));
    narrator.step(
        "The operator releases cam-1",
        "POST /api/v1/devices/{id}/release",
        () -> act("cam-1", "release", "active"));
    narrator.step(
        "firewall-1: may cam-1 reach " + VIDEO + "?",
        EVALUATION,
        () -> decided("cam-1", VIDEO, true));
  }

  private void renew() {
    narrator.chapter("Renew");
    narrator.step("cam-1 renews with a new key", "POST /.well-known/est/simplereenroll", () -> {
      String before = cam("cam-1").serial();
      String after = cam("cam-1").renew();
      expect(!before.equals(after), "another serial than " + before, after);
      return "200 certificate " + after;
    });
    narrator.step("The new certificate is good", "POST /ocsp", () -> {
      String came = status.status(cam("cam-1").certificate(), cam("cam-1").issuer());
      expect("status", "good", came);
      return came;
    });
    narrator.step(
        "cam-1 attests with it", EVIDENCE, () -> attest("cam-1", DemoDocuments.GOOD, "warning"));
    narrator.step("cam-1 asks for " + VIDEO, TOKEN, () -> granted("cam-1"));
  }

  private void decommission() {
    new DemoDecommission(narrator, api, status, network, cam("cam-1"), id("cam-1"))
        .tell(() -> decided("cam-1", VIDEO, false));
    narrator.step("cam-2 is not touched by it", EVALUATION, () -> decided("cam-2", VIDEO, true));
  }

  private void prove(JsonNode earlier) {
    narrator.chapter("Prove");
    narrator.step(
        "The log, against the checkpoint taken before",
        "GET /api/v1/audit/facts",
        () -> DemoProof.verify(api, earlier, id("cam-1")));
  }

  private String attest(String name, DeviceClient.Report report, String expected) {
    try (DeviceClient client = cam(name).client()) {
      String nonce = client.tryChallenge().orFail().json().path("nonce").asText();
      String evidence = client.evidence(nonce, report);
      JsonNode result = client.tryEvidence(evidence).orFail().json();
      expect("status", expected, result.path("status").asText());
      JsonNode executables = result.at("/claims/executables");
      replayable = name.equals("cam-1") ? evidence : replayable;
      return "200 " + expected + ", executables " + executables.path("value").asText() + " by "
          + executables.path("assurance").asText();
    }
  }

  private String granted(String name) {
    try (DeviceClient client = cam(name).client();
        Web plain = new Web(roots, null)) {
      JsonNode grant = client.tryGrant(List.of(VIDEO)).orFail().json();
      return "200 " + DemoProof.grant(plain, devices, grant, VIDEO, cam(name).identity());
    }
  }

  private String decided(String name, Flow flow, boolean expected) {
    JsonNode answer = firewall.ask(id(name), flow).orFail().json();
    expect("decision", expected, answer.path("decision").asBoolean());
    return "200 " + (expected ? "permit" : "deny") + ": "
        + Json.plain(answer.at("/context/reasons"));
  }

  private String act(String name, String action, String expected) {
    JsonNode device =
        api.post("/devices/" + id(name) + "/" + action, Json.object().put("reason", "demo"));
    expect("state", expected, device.path("state").asText());
    return "200 " + expected;
  }

  /** Evidence that is not believed: refused, or appraised with every claim contraindicated. */
  private static String unaccepted(Answer answer) {
    if (answer.good()) {
      expect("status", "contraindicated", answer.json().path("status").asText());
      return answer.status() + " contraindicated";
    }
    return refused(answer, 400, 401, 403, 409, 422);
  }

  private Camera camera(Identity idevid, String name) {
    return new Camera(idevid, new DeviceFolder(scratch.resolve(name)), devices, roots, clock);
  }

  private Camera cam(String name) {
    return Objects.requireNonNull(cameras.get(name));
  }

  private String id(String name) {
    return Objects.requireNonNull(ids.get(name));
  }
}
