package io.sallyport.enrollment;

import io.sallyport.devices.Batch;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import java.io.InputStream;
import java.util.UUID;

/** What a batch came to: a list of every device and its certificate, signed when the batch is closed. */
public interface BatchManifests {
  /**
   * Takes nothing more for the batch, waits for what is under way, and signs the manifest. Refuses with {@code batch-busy}
   * when something stays under way: then it is called again. A batch that is closed stays as it is.
   */
  Batch close(UUID batch, Actor actor);

  /** Lines of JSON, the same octets each time: the order, then a device a line in the order of the rows' keys. Read by pages. */
  InputStream manifest(UUID batch);

  /** The detached CMS signature over it (RFC 5652). */
  Der signature(UUID batch);
}
