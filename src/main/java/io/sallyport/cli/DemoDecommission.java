package io.sallyport.cli;

import static io.sallyport.cli.Narrator.expect;
import static io.sallyport.cli.Narrator.refused;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** The demo's last act for cam-1: it erases itself, is revoked, and gets nothing any more. */
record DemoDecommission(
    Narrator narrator,
    ApiClient api,
    StatusClient status,
    DemoNetwork network,
    Camera camera,
    String id) {
  /** @param denied that the firewall denies what it permitted before */
  void tell(Narrator.Act denied) {
    narrator.chapter("Decommission");
    narrator.step(
        "An operator decommissions cam-1, which has an hour to wipe",
        "POST /api/v1/devices/{id}/decommission",
        () -> {
          JsonNode device = api.post(
              "/devices/" + id + "/decommission",
              Json.object().put("reason", "demo").put("wipe_within", "PT1H"));
          expect("state", "wiping", device.path("state").asText());
          return "200 wiping: nothing is left to it but the order to wipe";
        });
    narrator.step("cam-1 has erased itself and says so", "POST /wipe/v1/order/done", () -> {
      try (DeviceClient client = camera.client()) {
        return Integer.toString(
            client.wiped("keys and recordings erased").orFail().status());
      }
    });
    narrator.step(
        "Each step, and who confirmed it", "GET /api/v1/devices/{id}/decommission", () -> {
          JsonNode run = api.get("/devices/" + id + "/decommission");
          StringBuilder steps = new StringBuilder();
          run.path("steps")
              .forEach(step -> steps
                  .append(steps.isEmpty() ? "" : ", ")
                  .append(step.path("name").asText())
                  .append(' ')
                  .append(step.path("state").asText()));
          expect("the wipe", "done", run.at("/steps/0/state").asText());
          expect("denial and revocation", "done", run.at("/steps/1/state").asText());
          return "200 " + steps;
        });
    narrator.step(
        "firewall-1: may cam-1 reach " + DemoStory.VIDEO + "?", DemoStory.EVALUATION, denied);
    narrator.step("Its certificate is revoked", "POST /ocsp", () -> {
      String came = status.status(camera.certificate(), camera.issuer());
      expect("status", "revoked (reason 5)", came);
      return came;
    });
    narrator.step(
        "cam-1 tries to enroll again by its IDevID",
        DemoStory.SIMPLEENROLL,
        () -> refused(camera.tryEnroll(), 401, 403));
    narrator.step(
        "cam-1 tries to renew",
        "POST /.well-known/est/simplereenroll",
        () -> refused(camera.tryRenew(), 401, 403));
    narrator.step("cam-1 tries to attest", "POST /attest/v1/challenges", () -> {
      try (DeviceClient client = camera.client()) {
        return refused(client.tryChallenge(), 401, 403);
      }
    });
    narrator.step("cam-1 tries to get a grant", DemoStory.TOKEN, () -> {
      try (DeviceClient client = camera.client()) {
        return refused(client.tryGrant(List.of(DemoStory.VIDEO)), 401, 403);
      }
    });
    network.confirm(id);
  }
}
