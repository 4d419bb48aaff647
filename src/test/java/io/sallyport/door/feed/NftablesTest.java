package io.sallyport.door.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.Namespaces;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.Relay;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent as a process, a kernel's nftables, and real TCP through it. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Set before the first test.
class NftablesTest extends ServerTest {
  private static final String POINT = "nft-wall";
  private static final Plant.Flow FLOW = Plant.VIDEO;
  private static final int OTHER_PORT = 9999;

  @TempDir
  static Path folder;

  private Plant plant;
  private Namespaces network;
  private Relay relay;
  private Process agent;
  private Path said;
  private Unit camera;
  private int units;

  @BeforeEach
  void open() throws IOException {
    Peers.need("nft", "ip", "conntrack", "id");
    Peers.needRoot();
    if (plant == null) {
      plant = Plant.open(wire, "nft");
      network = new Namespaces(folder, FLOW.port(), OTHER_PORT);
      relay = new Relay(wire.devices());
      Identity point = plant.enforcementPoint(
          POINT,
          "nftables",
          Map.of(
              "hosts",
              Map.of(FLOW.peer(), List.of(Namespaces.SERVER)),
              "worst_case_delay",
              "PT1S",
              "parameters",
              Map.of("segment", "nft")));
      Files.writeString(
          folder.resolve("key.pem"),
          TestPki.pem("PRIVATE KEY", point.keys().getPrivate().getEncoded()));
      Files.writeString(folder.resolve("cert.pem"), TestPki.pem(point.certificate()));
      Files.writeString(folder.resolve("root.pem"), TestPki.pem(wire.root()));
      launch();
    }
    plant.policy("PT10M");
    camera = plant.attested("nft-" + ++units);
    camera.bind(Namespaces.DEVICE, "nft");
  }

  @AfterEach
  void leaveTheAddress() {
    if (camera != null) {
      plant
          .person("GET", "/api/v1/devices/" + camera.id() + "/addresses", null)
          .json()
          .get("items")
          .forEach(binding -> {
            if (binding.get("live").asBoolean()) {
              plant.person(
                  "DELETE",
                  "/api/v1/devices/" + camera.id() + "/addresses/"
                      + binding.get("id").asText(),
                  null);
            }
          });
    }
  }

  @AfterAll
  void close() {
    if (agent != null) {
      agent.destroyForcibly().onExit().join();
    }
    if (relay != null) {
      relay.close();
    }
    if (network != null) {
      network.close();
    }
    if (plant != null) {
      plant.close();
    }
  }

  /** The agent, and waits until it has taken its first snapshot. */
  private void launch() throws IOException {
    said = Files.createTempFile(folder, "agent", ".txt");
    List<String> command = new ArrayList<>(Namespaces.java("io.sallyport.cli.Sallyport"));
    command.addAll(List.of(
        "enforce",
        "nft",
        "--server",
        relay.url(),
        "--point",
        POINT,
        "--dir",
        folder.toString(),
        "--netns",
        network.firewall()));
    agent = new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(said.toFile())
        .start();
    Eventually.holds(
        Duration.ofSeconds(60), "the agent takes a snapshot", () -> says("Took a snapshot"));
  }

  private boolean says(String words) {
    return count(words) > 0;
  }

  private int count(String words) {
    try {
      return Files.readString(said).split(words, -1).length - 1;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void grant() {
    camera.token(FLOW).expect(200);
    Patience.untilTrue(
        "the granted port passes", () -> network.passes(Namespaces.DEVICE, FLOW.port()));
  }

  private void awaitSilence() {
    Eventually.holds(Duration.ofSeconds(30), "the flow dies", () -> network.silentMillis() > 1500);
  }

  @Test
  void aGrantedPortPassesAndNothingElseDoes() {
    assertFalse(network.passes(Namespaces.DEVICE, FLOW.port()), "before the grant");
    grant();
    assertFalse(network.passes(Namespaces.DEVICE, OTHER_PORT), "another port");
    assertFalse(network.passes(Namespaces.NEIGHBOR, FLOW.port()), "another source");
  }

  @Test
  void aLiveFlowDiesWithinASecondOfQuarantineAndThePointConfirmsIt() {
    grant();
    assertTrue(network.opens(Namespaces.DEVICE, FLOW.port()));
    Patience.untilTrue("echoes come", () -> network.silentMillis() < 200);
    camera.become("quarantine").expect(200);
    long from = System.nanoTime();
    awaitSilence();
    long sinceQuarantine = (System.nanoTime() - from) / 1_000_000;
    long lived = sinceQuarantine - network.silentMillis();
    System.out.println("The flow lived " + lived + " ms after its device's quarantine.");
    assertTrue(lived < 1000, "it lived " + lived + " ms");
    assertFalse(network.passes(Namespaces.DEVICE, FLOW.port()));
    assertFalse(
        network.onFirewall("conntrack", "-L", "-s", Namespaces.DEVICE).contains("dport=8554"),
        "its connections are forgotten");
    Patience.untilTrue("the point confirmed it", () -> {
      JsonNode items = plant
          .person("GET", "/api/v1/devices/" + camera.id() + "/enforcements", null)
          .json()
          .get("items");
      for (JsonNode item : items) {
        if (item.get("point").asText().equals(POINT)) {
          return item.get("outcome").asText().equals("acknowledged");
        }
      }
      return false;
    });
  }

  @Test
  void withTheServerLostAFlowStaysUntilItsElementTimesOut() {
    plant.policy("PT20S");
    long asked = System.nanoTime();
    long granted = camera.token(FLOW).expect(200).json().get("expires_in").asLong();
    Patience.untilTrue(
        "the granted port passes", () -> network.passes(Namespaces.DEVICE, FLOW.port()));
    assertTrue(network.opens(Namespaces.DEVICE, FLOW.port()));
    relay.cut();
    try {
      Eventually.holds(
          Duration.ofSeconds(10), "it says so", () -> says("Lost the server; what stands stays"));
      assertTrue(network.silentMillis() < 1000, "the flow stays");
      awaitSilence();
      long lived = (System.nanoTime() - asked) / 1_000_000 - network.silentMillis();
      // Law 4; a round trip and a tick of the machine's clock aside.
      assertTrue(lived <= granted * 1000 + 500, "it lived " + lived + " ms of " + granted + " s");
      assertFalse(network
          .onFirewall("nft", "list", "set", "inet", "sallyport", "grants")
          .contains(Namespaces.DEVICE));
    } finally {
      relay.mend();
    }
    Eventually.holds(
        Duration.ofSeconds(20), "it follows again", () -> says("Follows the feed again"));
  }

  @Test
  void aCutFeedIsResumedByItsCursorWithoutLoss() {
    int snapshots = count("Took a snapshot");
    int again = count("Follows the feed again");
    relay.cut();
    camera.token(FLOW).expect(200);
    assertFalse(network.passes(Namespaces.DEVICE, FLOW.port()), "nothing comes through the cut");
    relay.mend();
    Patience.untilTrue(
        "the granted port passes", () -> network.passes(Namespaces.DEVICE, FLOW.port()));
    assertEquals(snapshots, count("Took a snapshot"), "it went on, it did not begin anew");
    assertEquals(again + 1, count("Follows the feed again"));
  }

  @Test
  void aKilledAgentLeavesTheTableAndItsSuccessorTakesItOver() throws IOException {
    grant();
    assertTrue(network.opens(Namespaces.DEVICE, FLOW.port()));
    agent.destroyForcibly().onExit().join();
    camera.become("quarantine").expect(200);
    assertTrue(network.passes(Namespaces.DEVICE, FLOW.port()), "nobody tells the kernel");
    assertFalse(network.passes(Namespaces.DEVICE, OTHER_PORT), "nothing is open either");
    launch();
    awaitSilence();
    assertFalse(network.passes(Namespaces.DEVICE, FLOW.port()));
  }

  @Test
  void aTableThatSomebodyRemovedIsMadeAnew() {
    grant();
    network.onFirewall("nft", "delete", "table", "inet", "sallyport");
    Patience.untilTrue("it is closed again", () -> !network.passes(Namespaces.DEVICE, OTHER_PORT));
    assertTrue(network.passes(Namespaces.DEVICE, FLOW.port()), "what was granted is there again");
  }
}
