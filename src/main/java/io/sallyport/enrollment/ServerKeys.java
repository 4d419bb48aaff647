package io.sallyport.enrollment;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.ClientKeys;
import io.sallyport.keys.ClientKeys.Made;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.KeyKind;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The key that a client asks the server to make (RFC 7030 §4.4). */
@Singleton
final class ServerKeys {
  /** DecryptKeyIdentifier, AsymmetricDecryptKeyIdentifier, and the S/MIME capabilities that go with them. */
  private static final List<String> ENCRYPTION =
      List.of("1.2.840.113549.1.9.16.2.37", "1.2.840.113549.1.9.16.2.54", "1.2.840.113549.1.9.15");

  private final ClientKeys clientKeys;
  private final GeneratedKeys kept;

  ServerKeys(ClientKeys clientKeys, GeneratedKeys kept) {
    this.clientKeys = clientKeys;
    this.kept = kept;
  }

  /**
   * The same for whoever proves the same under the same profile within an hour. Refuses with {@code
   * key-generation-not-allowed}, and with {@code key-encryption-not-supported} whoever wants it encrypted: it gets none
   * rather than one in the clear.
   */
  Made made(CertificateProfile profile, Proven proven, Der request) {
    if (!profile.enrollment().serverKeyGeneration()) {
      throw new Refusal(
          EnrollmentProblem.KEY_GENERATION_NOT_ALLOWED,
          "Certificate profile \"" + profile.name()
              + "\" is for keys that devices make themselves.");
    }
    if (CertificateRequest.readFor(request, request).attributes().stream()
        .anyMatch(ENCRYPTION::contains)) {
      throw new Refusal(
          EnrollmentProblem.KEY_ENCRYPTION_NOT_SUPPORTED,
          "Encrypting the key for the client is not supported; ask without a decryption key"
              + " identifier, and it is protected by TLS alone.");
    }
    Digest of = Digest.of(("serverkeygen\n" + proven.authentication() + "\n"
            + proven.device().id() + "\n" + profile.name())
        .getBytes(StandardCharsets.UTF_8));
    return kept.find(of).orElseGet(() -> kept.keep(of, clientKeys.make(algorithm(profile))));
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
