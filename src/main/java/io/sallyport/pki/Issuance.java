package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.util.List;

/** Makes certificates, by laws 1 and 2. */
public interface Issuance {
  /**
   * What is to be certified.
   *
   * @param certificateProfile name of a certificate profile
   * @param subjectPublicKeyInfo the key, whose possession was proven
   * @param authentication digest of what authenticated the request: the certificate's thumbprint or the token's digest
   * @param distinguishedName in RFC 4514 form
   */
  record Order(
      CertificateSubject subject,
      String certificateProfile,
      Der subjectPublicKeyInfo,
      Digest authentication,
      String distinguishedName,
      List<Name> names) {
    public Order {
      names = List.copyOf(names);
    }
  }

  /** A subject alternative name. */
  record Name(Kind kind, String value) {
    /** The kinds that profiles allow. */
    public enum Kind {
      DNS,
      IP,
      URI
    }
  }

  /**
   * Runs in the transaction that records serial and TBSCertificate, before that is written: consumes a token, checks the
   * state again, claims the key. May refuse; then nothing is recorded.
   */
  interface Guard {
    void check();
  }

  /**
   * The certificate for this order: a new one, or the one already issued for the same order while law 2 says so. Opens
   * its own transactions; must be called outside one.
   */
  Credential issue(Order order, Guard guard, Actor actor);
}
