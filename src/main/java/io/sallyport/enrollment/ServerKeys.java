package io.sallyport.enrollment;

import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.enrollment.Enrollments.Outcome;
import io.sallyport.enrollment.KeyProtection.Protection;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.ClientKeys;
import io.sallyport.keys.ClientKeys.Made;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.Credential;
import io.sallyport.pki.KeyKind;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The key that a client asks the server to make (RFC 7030 §4.4). */
@Singleton
final class ServerKeys {
  private final ClientKeys clientKeys;
  private final GeneratedKeys kept;
  private final KeyProtection protection;

  ServerKeys(ClientKeys clientKeys, GeneratedKeys kept, KeyProtection protection) {
    this.clientKeys = clientKeys;
    this.kept = kept;
    this.protection = protection;
  }

  /**
   * A key and how it goes to its client.
   *
   * @param protection null for TLS alone
   */
  record Generated(Made key, @Nullable Protection protection) {}

  /**
   * The same for whoever proves the same under the same profile within an hour. Refuses with {@code
   * key-generation-not-allowed}, and with {@code key-encryption-not-supported} whoever wants it encrypted in a way that
   * cannot be: it gets none rather than one in the clear.
   */
  Generated made(CertificateProfile profile, Proven proven, Enrollment enrollment) {
    if (!profile.enrollment().serverKeyGeneration()) {
      throw new Refusal(
          EnrollmentProblem.KEY_GENERATION_NOT_ALLOWED,
          "Certificate profile \"" + profile.name()
              + "\" is for keys that devices make themselves.");
    }
    Protection wish = protection.asked(enrollment, proven.device().id());
    Digest of = Digest.of(("serverkeygen\n" + proven.authentication() + "\n"
            + proven.device().id() + "\n" + profile.name())
        .getBytes(StandardCharsets.UTF_8));
    return new Generated(
        kept.find(of).orElseGet(() -> kept.keep(of, clientKeys.make(algorithm(profile)))), wish);
  }

  /** The key with its certificate, as the client wished. */
  Outcome answer(Credential credential, Generated generated) {
    if (generated.protection == null) {
      return new Outcome.WithKey(credential, generated.key.privateKeyInfo());
    }
    Der sealed = protection.protect(generated.key.privateKeyInfo(), generated.protection);
    generated.key.forget();
    return new Outcome.WithSealedKey(credential, sealed);
  }

  /** The first kind that the profile certifies. */
  private static KeyAlgorithm algorithm(CertificateProfile profile) {
    return switch (profile.keys().stream().sorted().findFirst().orElse(KeyKind.EC_P256)) {
      case EC_P256 -> KeyAlgorithm.EC_P256;
      case EC_P384 -> KeyAlgorithm.EC_P384;
      case ED25519 -> KeyAlgorithm.ED25519;
      case RSA_2048, RSA_3072 -> KeyAlgorithm.RSA_3072;
      case RSA_4096 -> KeyAlgorithm.RSA_4096;
      case ML_DSA_44 -> KeyAlgorithm.ML_DSA_44;
      case ML_DSA_65 -> KeyAlgorithm.ML_DSA_65;
      case ML_DSA_87 -> KeyAlgorithm.ML_DSA_87;
    };
  }
}
