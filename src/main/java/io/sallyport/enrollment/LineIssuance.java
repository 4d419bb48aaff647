package io.sallyport.enrollment;

import io.sallyport.devices.Batch;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Credential;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Certificates for a batch, as fast as a line sends requests. Law 2 by the key of the row: a row that comes again, on this
 * stream or any other, gets the certificate that it has; one with another key gets none.
 */
public interface LineIssuance {
  /**
   * What a line asks for one device.
   *
   * @param key names the row in its batch, 1 to 64 characters
   * @param labels of a device that is not registered yet
   * @param request PKCS #10
   */
  record Row(String key, String serialNumber, Map<String, String> labels, Der request) {
    public Row {
      labels = Map.copyOf(labels);
    }
  }

  /** What became of a row. */
  sealed interface Answer {
    String row();

    /** @param again whether it was issued for an earlier request */
    record Issued(String row, boolean again, UUID device, Credential credential)
        implements Answer {}

    /** Nothing was issued for this request. */
    record Refused(String row, Refusal refusal) implements Answer {}
  }

  /** Rows on their way. One thread offers. */
  interface Stream {
    /** Waits while too many are on their way. */
    void offer(Row row);

    /** A row that could not be read, which the caller has answered. */
    void refused(Answer.Refused refused);

    /** Waits until every row that was offered is answered. */
    void close();
  }

  /**
   * Opens a stream; refuses with {@code batch-closed}.
   *
   * @param station null for an operator
   * @param standing refuses when whoever sends may not any more; asked before each block, for a stream may last
   * @param answers told in any order, from several threads
   */
  Stream open(
      Batch batch,
      @Nullable String station,
      Actor actor,
      Runnable standing,
      Consumer<Answer> answers);
}
