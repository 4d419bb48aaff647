/**
 * The use case that every enrollment protocol calls: who asks, for which device, and what it gets.
 *
 * <p>Doors: {@link io.sallyport.enrollment.Enrollments}, {@link io.sallyport.enrollment.EnrollmentTokens}, {@link io.sallyport.enrollment.Approvals}, {@link
 * io.sallyport.enrollment.FirstContacts}, {@link io.sallyport.enrollment.Ownerships}, {@link
 * io.sallyport.enrollment.Vouchers}, {@link io.sallyport.enrollment.DecryptionKeys}, {@link io.sallyport.enrollment.RegistrationAuthorities}, {@link io.sallyport.enrollment.AccountBindings}, {@link io.sallyport.enrollment.Accounts}, {@link
 * io.sallyport.enrollment.Orders}, {@link io.sallyport.enrollment.RenewalWaivers}, {@link
 * io.sallyport.enrollment.ReplayNonces}. Must not know how EST or ACME are written
 * on the wire.
 */
@NullMarked
package io.sallyport.enrollment;

import org.jspecify.annotations.NullMarked;
