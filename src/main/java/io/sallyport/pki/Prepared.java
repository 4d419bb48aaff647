package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Drafts.Draft;
import io.sallyport.pki.IssuanceStore.Preparation;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The token between prepare and issue: serial and TBSCertificate are recorded (law 1). Redeemed once, by the only
 * signature that is ever made over it.
 */
final class Prepared implements Preparation {
  private final AtomicBoolean redeemed = new AtomicBoolean();
  private final Draft draft;
  private final long revocationCounter;

  /** Made by {@link IssuanceStore} alone, in the transaction that records the draft. */
  Prepared(Draft draft, long revocationCounter) {
    this.draft = draft;
    this.revocationCounter = revocationCounter;
  }

  /** A certificate that was signed and is what was recorded, octet for octet. */
  record Signed(Draft draft, long revocationCounter, Der certificate) {}

  Draft draft() {
    return draft;
  }

  byte[] tbsCertificate() {
    return draft.tbsCertificate().octets();
  }

  KeyHandle issuerKey() {
    return draft.issuer().key();
  }

  /** Signs what was recorded. Throws {@link IllegalStateException} when it was signed before, or tried to be. */
  Signed sign(Keys keys) {
    if (!redeemed.compareAndSet(false, true)) {
      throw new IllegalStateException("a prepared certificate is signed at most once (law 1)");
    }
    byte[] tbs = tbsCertificate();
    byte[] signature = keys.sign(issuerKey().id(), tbs);
    Der certificate = CertificateParts.assemble(
        tbs, issuerKey().algorithm(), signature, issuerKey().subjectPublicKeyInfo());
    return new Signed(draft, revocationCounter, certificate);
  }
}
