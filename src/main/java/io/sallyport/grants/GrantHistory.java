package io.sallyport.grants;

import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The grants that were handed out, read back. */
public interface GrantHistory {
  /**
   * A grant, without its token.
   *
   * @param thumbprint of the certificate that alone can use it, in hex
   */
  record IssuedGrant(
      UUID id,
      String thumbprint,
      List<GrantedFlow> flows,
      Instant issuedAt,
      Instant expiresAt,
      String policyHash) {
    public IssuedGrant {
      flows = List.copyOf(flows);
    }
  }

  /** A device's grants, the one that ends last first, those before {@code cursor}. */
  Page<IssuedGrant> of(UUID device, @Nullable String cursor, int limit);
}
