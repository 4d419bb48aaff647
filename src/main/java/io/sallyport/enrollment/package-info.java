/**
 * The use case that every enrollment protocol calls: who asks, for which device, and what it gets.
 *
 * <p>Door: {@link io.sallyport.enrollment.Enrollments}. Must not know EST, ACME or HTTP.
 */
@NullMarked
package io.sallyport.enrollment;

import org.jspecify.annotations.NullMarked;
