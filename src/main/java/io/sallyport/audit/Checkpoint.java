package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import java.time.Instant;

/**
 * What the log committed to.
 *
 * @param size how many facts it covers, from the first
 * @param root the tree's hash (RFC 6962 §2.1)
 * @param note the signed text (C2SP tlog-checkpoint)
 */
public record Checkpoint(long size, Digest root, Instant at, String note) {}
