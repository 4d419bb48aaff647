/**
 * Certificate status over plain HTTP: OCSP (RFC 6960, RFC 5019), CRL and CA certificates (RFC 5280).
 */
@NullMarked
package io.sallyport.door.status;

import org.jspecify.annotations.NullMarked;
