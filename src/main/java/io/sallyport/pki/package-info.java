/**
 * Certification authorities: issuance, linting, revocation, CRL and OCSP.
 *
 * <p>Doors: {@link io.sallyport.pki.Authorities}, {@link io.sallyport.pki.Issuance}, {@link
 * io.sallyport.pki.Credentials}, {@link io.sallyport.pki.CertificateStatus}. Must not know enrollment protocols.
 */
@NullMarked
package io.sallyport.pki;

import org.jspecify.annotations.NullMarked;
