package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.kernel.Digest;
import org.jspecify.annotations.Nullable;

/**
 * Who a first request comes from.
 *
 * @param authentication digest of the IDevID certificate or of the token
 * @param manufacturerKey digest of the IDevID's public key, or null without one
 * @param token the token to be spent, or null without one
 */
record Proven(
    Device device,
    Digest authentication,
    @Nullable Digest manufacturerKey,
    @Nullable EnrollmentToken token) {}
