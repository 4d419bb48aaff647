/**
 * ACME (RFC 8555) with device attestation (draft-ietf-acme-device-attest).
 */
@NullMarked
package io.sallyport.door.acme;

import org.jspecify.annotations.NullMarked;
