package io.sallyport.decision;

import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Network;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What another set of policies would change, device by device, over the fleet in memory as it is now. Reads no database, and
 * nothing of it is logged as a decision.
 */
public interface Rehearsal {
  /** The most devices that are told one by one; all are counted. */
  int MOST_TOLD = 1000;

  /**
   * One device.
   *
   * @param permitted what it may open or accept only with the candidate. A prefix that was permitted in part so far is told
   *     whole
   * @param denied what it may open or accept only now, likewise
   * @param before how an access network attaches it now, null when not at all or not said
   * @param after how it would
   */
  record Difference(
      UUID device,
      String serialNumber,
      String profile,
      String site,
      List<AllowedFlow> permitted,
      List<AllowedFlow> denied,
      @Nullable Network before,
      @Nullable Network after) {
    public Difference {
      permitted = List.copyOf(permitted);
      denied = List.copyOf(denied);
    }
  }

  /**
   * All devices that may connect at all.
   *
   * @param base the set that was compared with
   * @param devices how many were looked at
   * @param changed how many of them would see a difference
   * @param gaining how many would be permitted something more
   * @param losing how many would be denied something
   * @param told at most {@link #MOST_TOLD} of those that are changed, those that lose something first
   */
  record Comparison(
      String base, long devices, long changed, long gaining, long losing, List<Difference> told) {
    public Comparison {
      told = List.copyOf(told);
    }
  }

  /**
   * Compares what is in force with {@code candidate}. What a policy asks of the place is answered as nowhere. Refuses with
   * {@code unavailable} while the fleet in memory is not known to be current.
   *
   * @param sites the only ones to look at, empty for all
   */
  Comparison compare(PolicySet candidate, Set<String> sites);
}
