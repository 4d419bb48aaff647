package io.sallyport.attestation;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The makers of TPMs whose endorsement key certificates are trusted. Facts are about subject type {@code tpm-root}. */
public interface TpmRoots {
  /** Trust anchors under one name. */
  record TpmRoot(String name, List<Der> anchors, Instant appliedAt) {
    public TpmRoot {
      anchors = List.copyOf(anchors);
    }
  }

  /**
   * Trusts these CA certificates, 1 to 16, in place of those that had the name. Refuses with {@code invalid-tpm-root} what
   * is no CA certificate, or one of this server's own (law 10).
   */
  TpmRoot apply(String name, List<Der> anchors, Actor actor);

  Optional<TpmRoot> find(String name);

  Page<TpmRoot> list(@Nullable String cursor, int limit);

  /** Trusts them no longer for new attestation keys; those that were activated stay. Refuses with {@code unknown-tpm-root}. */
  void remove(String name, Actor actor);
}
