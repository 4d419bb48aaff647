package io.sallyport.testing;

import io.quarkus.test.common.WithTestResource;
import java.nio.file.Path;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** Base of the tests over the wire: one application and one database for all of them. Annotate with QuarkusTest too. */
@WithTestResource(PostgresResource.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ServerTest {
  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  protected Wire wire;

  @BeforeEach
  void findServer() {
    wire = Wire.of(
        Path.of(ConfigProvider.getConfig().getValue("sallyport.data", String.class)),
        PostgresResource.ADMIN_TOKEN);
  }
}
