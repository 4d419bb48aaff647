package io.sallyport.pki;

import io.sallyport.keys.KeyHandle;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/** Who certifies; the certificates from it to the root. */
record ParentAuthority(
    String name, @Nullable KeyHandle key, TBSCertificate tbs, List<TBSCertificate> chain) {
  Instant end() {
    return tbs.getEndDate().getDate().toInstant();
  }
}
