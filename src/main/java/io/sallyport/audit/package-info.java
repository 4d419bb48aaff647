/**
 * Facts, the Merkle tree over them, and the signed checkpoints that make the log tamper-evident.
 *
 * <p>Doors: {@link io.sallyport.audit.Audit} to record, {@link io.sallyport.audit.AuditLog} to read back. Must not know what a fact is about.
 */
@NullMarked
package io.sallyport.audit;

import org.jspecify.annotations.NullMarked;
