package io.sallyport.attestation;

/**
 * What a device says of itself, checked for form only.
 *
 * @param source the format that it came in, for instance {@code eat+jwt}
 * @param assurance what its word rests on
 * @param digest {@code sha-256:} and 64 lower-case hexadecimal digits
 */
record DeviceReport(
    String source,
    Assurance assurance,
    String firmware,
    String version,
    String digest,
    boolean secureBoot) {}
