/**
 * Measurements inside a server: each figure beside the same work done by a bare loop in the same run.
 *
 * <p>No door: {@link io.sallyport.bench.Probe} is implemented here and nobody imports this package. It does nothing unless
 * {@code sallyport.bench} names what to measure, which the command line does for a server of its own on a scratch folder.
 */
@NullMarked
package io.sallyport.bench;

import org.jspecify.annotations.NullMarked;
