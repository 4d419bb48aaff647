/**
 * Challenges, evidence and its appraisal against reference values (RFC 9334).
 *
 * <p>Door: {@link io.sallyport.attestation.Attestations}. Must not know what follows from a result.
 */
@NullMarked
package io.sallyport.attestation;

import org.jspecify.annotations.NullMarked;
