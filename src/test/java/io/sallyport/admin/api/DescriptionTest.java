package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.ServerTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DescriptionTest extends ServerTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  /** A build writes the present one to target/openapi; commit it with the change. */
  @Test
  void theServerServesTheDescriptionThatIsCommittedToAnybody() throws IOException {
    byte[] served = wire.send(
            null,
            HttpRequest.newBuilder(URI.create(wire.people() + "/api/v1/openapi"))
                .build())
        .body();
    byte[] committed = Files.readAllBytes(Path.of("openapi", "sallyport.yaml"));
    assertEquals(YAML.readTree(committed), YAML.readTree(served));
  }

  @Test
  void everyOperationHasANameASummaryAndProblems() throws IOException {
    JsonNode paths =
        YAML.readTree(Path.of("openapi", "sallyport.yaml").toFile()).get("paths");
    paths
        .properties()
        .forEach(path -> path.getValue().properties().forEach(operation -> {
          String where = operation.getKey() + " " + path.getKey();
          assertTrue(operation.getValue().hasNonNull("operationId"), where);
          assertTrue(operation.getValue().hasNonNull("summary"), where);
          assertTrue(operation.getValue().at("/responses/default").has("$ref"), where);
        }));
  }
}
