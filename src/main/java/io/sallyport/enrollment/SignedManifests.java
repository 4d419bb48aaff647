package io.sallyport.enrollment;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.BulkIssuance;
import io.sallyport.pki.DocumentSigner;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Manifests made of the rows of batches, whenever they are asked for; only their signatures are kept. */
@Singleton
final class SignedManifests implements BatchManifests {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Batches batches;
  private final BulkIssuance bulk;
  private final DocumentSigner signer;

  SignedManifests(Batches batches, BulkIssuance bulk, DocumentSigner signer) {
    this.batches = batches;
    this.bulk = bulk;
    this.signer = signer;
  }

  @Override
  public Batch close(UUID batch, Actor actor) {
    Batch closing = batches.closing(batch, actor);
    if (closing.state() == Batch.State.CLOSED) {
      return closing;
    }
    awaitEnd(batch);
    try (DigestInputStream content = new DigestInputStream(manifest(batch), sha256())) {
      Der signature = signer.detached(DocumentSigner.DATA, content);
      Digest digest = Digest.ofOctets(content.getMessageDigest().digest());
      return batches.closed(batch, digest, signature, actor);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM has no SHA-256", e);
    }
  }

  /** Whatever is begun after the batch takes nothing more finds that; only what was before can still come. */
  private void awaitEnd(UUID batch) {
    long end = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (bulk.isUnderWay(batch)) {
      if (System.nanoTime() > end) {
        throw new Refusal(
            BatchProblem.BATCH_BUSY,
            "Certificates of this batch are still being made; close it again in a moment.");
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  @Override
  public InputStream manifest(UUID batch) {
    Batch order = batches.get(batch, Set.of());
    if (order.state() == Batch.State.OPEN) {
      throw new Refusal(
          BatchProblem.NOT_CLOSED, "A batch has a manifest once it is closed; close it first.");
    }
    return new Content(order);
  }

  @Override
  public Der signature(UUID batch) {
    return batches.signature(batch);
  }

  /** A page of rows at a time. */
  private final class Content extends InputStream {
    private final UUID batch;
    private byte[] chunk;
    private int at;
    private @Nullable String after;
    private boolean last;

    Content(Batch order) {
      batch = order.id();
      ObjectNode head = JSON.createObjectNode();
      head.putObject("batch")
          .put("id", order.id().toString())
          .put("name", order.order().name())
          .put("manufacturer", order.order().manufacturer())
          .put("model", order.order().model())
          .put("ordered", order.order().ordered())
          .put("registered", order.registered())
          .put("issued", order.issued())
          .put("given_up", order.givenUp());
      chunk = (head + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private boolean isAtEnd() {
      while (at == chunk.length) {
        if (last) {
          return true;
        }
        Page<Batches.Row> page = batches.list(batch, after, Page.MOST);
        StringBuilder lines = new StringBuilder();
        page.items().forEach(row -> lines.append(line(row)).append('\n'));
        after = page.next();
        last = after == null;
        chunk = lines.toString().getBytes(StandardCharsets.UTF_8);
        at = 0;
      }
      return false;
    }

    private static ObjectNode line(Batches.Row row) {
      HardwareUnit unit = row.device().hardware();
      Digest certificate = row.certificate();
      Digest key = row.keyDigest();
      return JSON.createObjectNode()
          .put("row", row.key())
          .put("manufacturer", unit.manufacturer())
          .put("model", unit.model())
          .put("serial_number", unit.serialNumber())
          .put("device", row.device().id().toString())
          .put("state", row.state())
          .put("certificate_sha256", certificate == null ? null : certificate.hex())
          .put("key_sha256", certificate == null || key == null ? null : key.hex());
    }

    @Override
    public int read() {
      return isAtEnd() ? -1 : chunk[at++] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (length == 0) {
        return 0;
      }
      if (isAtEnd()) {
        return -1;
      }
      int octets = Math.min(length, chunk.length - at);
      System.arraycopy(chunk, at, into, offset, octets);
      at += octets;
      return octets;
    }
  }
}
