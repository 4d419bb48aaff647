/**
 * Access policies: documents, compiling, evaluating, explaining. The evaluator is pure.
 *
 * <p>Doors: {@link io.sallyport.policy.Policies} keeps the documents, {@link io.sallyport.policy.PolicySet} answers. Must not know the fleet.
 *
 * <p>What a document may say is in {@code PolicyReader}, what a condition may name in {@code Conditions}.
 */
@NullMarked
package io.sallyport.policy;

import org.jspecify.annotations.NullMarked;
