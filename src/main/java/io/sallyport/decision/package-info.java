/**
 * The policy decision point (NIST SP 800-207): the fleet in memory, questions answered with reasons.
 *
 * <p>Door: {@link io.sallyport.decision.DecisionPoint}. Must not touch the database while it answers.
 */
@NullMarked
package io.sallyport.decision;

import org.jspecify.annotations.NullMarked;
