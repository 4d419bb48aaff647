package io.sallyport.grants;

import io.sallyport.audit.Fact;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where grants are recorded. */
interface GrantStore {
  /** Records a grant and the fact {@code grant.issued} in one transaction, which those share that come together. */
  void issued(NetworkGrant grant, Actor actor);

  /** Grants of these devices that are neither at their end nor withdrawn, for each the {@code most} that end last. */
  List<LiveGrant> open(Collection<UUID> devices, int most);

  /** Such grants of these devices after {@code last}, or from the first with null, by their end. */
  List<LiveGrant> openAfter(Collection<UUID> devices, @Nullable LiveGrant last, int limit);

  /** All such grants after {@code last}, or from the first with null, by their end. */
  List<LiveGrant> openAfter(@Nullable LiveGrant last, int limit);

  Optional<LiveGrant> open(UUID grant);

  Map<UUID, UUID> holders(Collection<UUID> grants);

  /** Withdraws what is not over yet and records the fact {@code grant.withdrawn}, in one transaction. */
  void withdraw(UUID grant, String because, Actor actor);

  /** Withdraws all open grants of a device that were made at or before {@code instant}. */
  void withdrawAll(UUID device, Instant instant, String because);

  /** The same for those that are bound to one certificate. */
  void withdrawAll(UUID device, Digest thumbprint, Instant instant, String because);

  /** Takes the next block of places on status lists, for nobody else. */
  long takeStatusBlock();

  /** Lists of which a block was taken since then. */
  List<Integer> statusLists(Instant since);

  /** The places on a list of withdrawn grants that would not be at their end now. */
  List<Integer> withdrawnOn(int list);

  /** The position in the change feed up to which {@link GrantWithdrawal} looked, on whichever node; -1 before the first. */
  long withdrawnTo();

  /** Records that something was not granted, in a transaction of its own. */
  void refused(Fact fact);
}
