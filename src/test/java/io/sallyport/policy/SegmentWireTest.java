package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import org.junit.jupiter.api.Test;

/** A segment and what names it are never parted. */
@QuarkusTest
class SegmentWireTest extends ServerTest {
  private static final String SEGMENT = """
      apiVersion: sallyport.io/v1
      kind: Segment
      metadata: {name: parted-servers}
      spec: {peers: [10.66.0.0/16]}
      """;

  @Test
  void aSegmentStaysWhileAPolicyNamesIt() {
    try (Plant plant = Plant.open(wire, "parted");
        HttpClient stranger = wire.client(null)) {
      String policy = """
          apiVersion: sallyport.io/v1
          kind: AccessPolicy
          metadata: {name: parted-flows}
          spec:
            selector: {profile: %s}
            allow: [{peer: {segment: parted-servers}, protocol: tcp, ports: [4840]}]
          """.formatted(plant.name());
      assertEquals(
          "policy parted-flows names the segment \"parted-servers\", which no document describes; apply both together",
          put(stranger, "/parted-flows", policy)
              .expect(422)
              .json()
              .get("detail")
              .asText());
      put(stranger, "", policy + "---\n" + SEGMENT).expect(200);
      Unit unit = plant.attested("parted-1");
      Plant.Flow inside = new Plant.Flow("10.66.7.8", "tcp", 4840);
      assertTrue(unit.may(inside));

      plant.person("DELETE", "/api/v1/policies/parted-servers", null).expect(422);
      assertTrue(unit.may(inside));
      put(stranger, "/parted-servers", SEGMENT.replace("10.66", "10.67")).expect(200);
      assertFalse(unit.may(inside), "the segment is another now");

      plant.person("DELETE", "/api/v1/policies/parted-flows", null).expect(204);
      plant.person("DELETE", "/api/v1/policies/parted-servers", null).expect(204);
    }
  }

  private Answer put(HttpClient stranger, String path, String documents) {
    return Answer.to(
        stranger,
        wire.person("/api/v1/policies" + path)
            .header("Content-Type", "application/yaml")
            .PUT(BodyPublishers.ofString(documents))
            .build());
  }
}
