/**
 * Facts, the Merkle tree over them, and the signed checkpoints that make the log tamper-evident.
 * 
 * <p>Door: {@link io.sallyport.audit.Audit}. Must not know what a fact is about.
 */
@NullMarked
package io.sallyport.audit;

import org.jspecify.annotations.NullMarked;
