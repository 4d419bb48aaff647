package io.sallyport.cli;

import static io.sallyport.cli.Narrator.expect;
import static io.sallyport.cli.Narrator.refused;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.BooleanSupplier;

/** The demo's chapters about a firewall that only sees addresses, and about what others say of a device. */
final class DemoNetwork implements AutoCloseable {
  private static final String POINT = "edge-1";
  private static final String ADDRESS = "192.0.2.77";
  private static final String RECORDER = "192.0.2.10";
  private static final long PATIENCE_NANOS = 10_000_000_000L;
  private static final int POLL_MILLIS = 50;

  private final Options options;
  private final Narrator narrator;
  private final ApiClient api;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final DeviceFolder folder;
  private Web edge;

  DemoNetwork(Options options, Narrator narrator, ApiClient api, Path scratch) {
    this.options = options;
    this.narrator = narrator;
    this.api = api;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.folder = new DeviceFolder(scratch.resolve(POINT));
    this.edge = new Web(roots, null);
  }

  /** A device that holds a grant is let through by its address, and only while it is bound to it. */
  void feed(String device) {
    narrator.chapter("Feed");
    narrator.step(
        "A firewall that only sees addresses, " + POINT, "POST /api/v1/enforcement-points", () -> {
          ObjectNode wanted = Json.object().put("name", POINT).put("kind", "nftables");
          ObjectNode settings = wanted.putObject("settings");
          settings.putArray("sites").add("plant-1");
          settings.putObject("hosts").putArray("vms.plant.example").add(RECORDER);
          EnforcementPointCommands.add(api, wanted, folder, roots);
          edge.close();
          edge = new Web(roots, folder.identity());
          return "201 kind nftables, guards plant-1";
        });
    narrator.step(
        POINT + " without an address for cam-2: nothing passes",
        "GET /feed/v1/" + POINT + "/snapshot",
        () -> {
          expect("entries", 0, snapshot().path("entries").size());
          return "200 no entry";
        });
    narrator.step("cam-2 has the address " + ADDRESS, "POST /api/v1/devices/{id}/addresses", () -> {
      api.post("/devices/" + device + "/addresses", Json.object().put("address", ADDRESS));
      return "201 bound";
    });
    narrator.step(
        POINT + ": what cam-2 was granted, for its address",
        "GET /feed/v1/" + POINT + "/snapshot",
        () -> {
          until(() -> snapshot().path("entries").size() == 1);
          JsonNode entry = snapshot().path("entries").path(0);
          expect("source", ADDRESS, entry.path("source").asText());
          expect("destination", RECORDER, entry.path("destination").asText());
          return "200 " + ADDRESS + " → " + RECORDER + " tcp/"
              + entry.path("ports").asText() + " until "
              + entry.path("expires_at").asText();
        });
  }

  /** A source lowers the posture of a device for a while. */
  void signal(String device, BooleanSupplier permitted) {
    narrator.chapter("Signal");
    String[] token = {""};
    String[] signal = {""};
    narrator.step(
        "An intrusion detection system, for plant-1 only", "POST /api/v1/operators", () -> {
          ObjectNode source = Json.object().put("name", "ids-1");
          source.putArray("roles").add("signal-source");
          source.putArray("sites").add("plant-1");
          token[0] = api.post("/operators", source).path("token").asText();
          return "201 with a token of its own";
        });
    narrator.step("It saw cam-2 scan ports", "POST /api/v1/signals", () -> {
      try (ApiClient source =
          new ApiClient(options.front("people"), token[0], new Web(roots, null))) {
        signal[0] = source.post("/signals", report(device)).path("id").asText();
      }
      expect("decision", false, permitted.getAsBoolean());
      return "201 high; cam-2 is denied from now on";
    });
    narrator.step(POINT + " hears of it", "GET /feed/v1/" + POINT + "/snapshot", () -> {
      until(() -> snapshot().path("entries").isEmpty());
      return "200 no entry";
    });
    narrator.step("It tries to do more than that", "GET /api/v1/devices", () -> {
      try (ApiClient source =
          new ApiClient(options.front("people"), token[0], new Web(roots, null))) {
        return refused(source.tryGet("/devices"), 403);
      }
    });
    narrator.step("It was mistaken", "DELETE /api/v1/signals/{id}", () -> {
      try (ApiClient source =
          new ApiClient(options.front("people"), token[0], new Web(roots, null))) {
        source.delete("/signals/" + signal[0]);
      }
      expect("decision", true, permitted.getAsBoolean());
      return "204 cam-2 is permitted again, and asks for its grant anew";
    });
  }

  /** The firewall confirms what it has put in force, which ends the run of a decommissioning. */
  void confirm(String device) {
    narrator.step(
        POINT + " has nothing of cam-1 any more and confirms it",
        "POST /feed/v1/" + POINT + "/acknowledgements",
        () -> {
          until(() -> {
            edge.send(Web.to(devices.resolve("/feed/v1/" + POINT + "/acknowledgements"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofByteArray(Json.octets(Json.object()
                        .put("position", snapshot().path("position").asLong()))))
                    .build())
                .orFail();
            return told(device).equals("done");
          });
          return "told: done";
        });
    narrator.step("The run has come to its end", "GET /api/v1/devices/{id}/decommission", () -> {
      until(() -> !run(device).path("finished_at").isNull());
      return "200 " + run(device).at("/steps/3/detail").asText();
    });
  }

  private String told(String device) {
    return run(device).at("/steps/2/state").asText();
  }

  private JsonNode run(String device) {
    return api.get("/devices/" + device + "/decommission");
  }

  @Override
  public void close() {
    edge.close();
  }

  private static ObjectNode report(String device) {
    return Json.object()
        .put("device", device)
        .put("kind", "port-scan")
        .put("severity", "high")
        .put("reason", "asked every port of a controller")
        .put("lifetime", "PT1H");
  }

  private JsonNode snapshot() {
    return edge.send(Web.to(devices.resolve("/feed/v1/" + POINT + "/snapshot")).build())
        .orFail()
        .json();
  }

  private static void until(BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!holds.getAsBoolean() && System.nanoTime() < end) {
      Thread.sleep(POLL_MILLIS);
    }
    expect(holds.getAsBoolean(), "a change of the feed within ten seconds", "none");
  }
}
