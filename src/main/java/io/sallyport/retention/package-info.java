/**
 * How long records are kept: partitions by time are made ahead, and dropped whole when their term has ended.
 *
 * <p>Door: {@link io.sallyport.retention.Retention}. Must not know what a record says; never deletes a row, and never
 * touches key digests, serial numbers and issuance requests, which stand in no partition.
 */
@NullMarked
package io.sallyport.retention;

import org.jspecify.annotations.NullMarked;
