/**
 * Manufacturer Usage Descriptions (RFC 8520): a signed file to the flows of a policy, and flows to a file. Pure: nothing is
 * fetched, stored or decided here.
 *
 * <p>Doors: {@link io.sallyport.policy.mud.MudFile} reads, {@link io.sallyport.policy.mud.MudSignature} checks, {@link
 * io.sallyport.policy.mud.MudPolicy} and {@link io.sallyport.policy.mud.MudExport} write. Must not know the fleet.
 */
@NullMarked
package io.sallyport.policy.mud;

import org.jspecify.annotations.NullMarked;
