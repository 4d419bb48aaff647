package io.sallyport.pki;

import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Issuance.Order;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Makes many certificates by one pair of transactions, by all the laws that hold for one. Law 2 is for the caller to keep,
 * by a record that its guard locks.
 */
public interface BulkIssuance {
  /** The most in one block: a commit costs little beside what it commits, and a power cut costs no more than this. */
  int MOST = 256;

  /**
   * One certificate of a block.
   *
   * @param claims keys that the certificate's hardware unit must own; else it alone is refused with {@code duplicate-key}
   */
  record Piece(Order order, List<KeyClaim> claims) {
    public Piece {
      claims = List.copyOf(claims);
    }
  }

  /** What became of a piece. */
  sealed interface Outcome {
    /** Signed and recorded. */
    record Issued(Credential credential) implements Outcome {}

    /** Nothing was signed for it, or its device was revoked meanwhile. */
    record Refused(Refusal refusal) implements Outcome {}
  }

  /** The caller's part of the two transactions. */
  interface BlockGuard {
    /**
     * Before anything is recorded, with those devices locked that exist: registers what is missing, checks states, notes
     * {@code block} in the caller's records. Answers refusals by index; they cost the others nothing.
     *
     * @param asked the pieces by their index
     */
    Map<Integer, Refusal> prepare(UUID block, Map<Integer, Piece> asked);

    /** With what records the certificates, the devices locked. */
    void issued(UUID block, Map<Integer, Credential> issued);
  }

  /**
   * In the order of {@code pieces}, at most {@link #MOST}, no two for one device. Opens its own transactions; must be called
   * outside one. When it throws, nothing was handed out and what was recorded is closed.
   *
   * @param scope on whose behalf; see {@link #isUnderWay}
   */
  List<Outcome> issue(UUID scope, List<Piece> pieces, BlockGuard guard, Actor actor);

  /** Those of these blocks from which certificates may still come; in the caller's transaction. */
  Set<UUID> underWay(Collection<UUID> blocks);

  /** Whether certificates may still come on behalf of {@code scope}. */
  boolean isUnderWay(UUID scope);
}
