package io.sallyport.enrollment;

import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Envelopes;
import io.sallyport.keys.Envelopes.Cipher;
import io.sallyport.keys.Envelopes.Recipient;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.DocumentSigner;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.jspecify.annotations.Nullable;

/** A key that the server made, signed and encrypted for its client (RFC 7030 §4.4.1 and §4.4.2). */
@Singleton
final class KeyProtection {
  /** AsymmetricDecryptKeyIdentifier (RFC 7030 §4.4.1.2). */
  private static final String BY_CERTIFICATE = "1.2.840.113549.1.9.16.2.54";
  /** DecryptKeyIdentifier (RFC 4108 §2.2.5). */
  private static final String BY_SECRET = "1.2.840.113549.1.9.16.2.37";
  /** SMIMECapabilities (RFC 8551 §2.5.2). */
  private static final String CAPABILITIES = "1.2.840.113549.1.9.15";
  /** id-ct-KP-aKeyPackage (RFC 5958 §2). */
  private static final String KEY_PACKAGE = "2.16.840.1.101.2.1.2.78.5";

  private static final int LONGEST_IDENTIFIER = 64;
  private static final int MOST_CAPABILITIES = 32;
  private static final int KEY_ENCIPHERMENT = 2;
  private static final int KEY_AGREEMENT = 4;

  private final DecryptionKeys secrets;
  private final Credentials credentials;
  private final DocumentSigner signer;
  private final Envelopes envelopes;
  private final Clock clock;

  KeyProtection(
      DecryptionKeys secrets,
      Credentials credentials,
      DocumentSigner signer,
      Envelopes envelopes,
      Clock clock) {
    this.secrets = secrets;
    this.credentials = credentials;
    this.signer = signer;
    this.envelopes = envelopes;
    this.clock = clock;
  }

  /** For whom, and how. */
  record Protection(Recipient recipient, Cipher cipher) {}

  /**
   * What the request asks for; null when TLS is enough for it. Refuses with {@code key-encryption-not-supported} a wish that
   * cannot be met: nobody gets in the clear what was to be encrypted.
   */
  @Nullable
  Protection asked(Enrollment enrollment, UUID device) {
    List<ASN1Encodable> byCertificate =
        CertificateRequest.values(enrollment.request(), BY_CERTIFICATE);
    List<ASN1Encodable> bySecret = CertificateRequest.values(enrollment.request(), BY_SECRET);
    List<ASN1Encodable> capabilities =
        CertificateRequest.values(enrollment.request(), CAPABILITIES);
    if (byCertificate.isEmpty() && bySecret.isEmpty()) {
      if (capabilities.isEmpty()) {
        return null;
      }
      throw refused("The request has S/MIME capabilities and does not say which key to encrypt for"
          + " (AsymmetricDecryptKeyIdentifier or DecryptKeyIdentifier).");
    }
    if (!byCertificate.isEmpty() && !bySecret.isEmpty()) {
      throw refused("The request names two keys to encrypt for; name one.");
    }
    return new Protection(
        bySecret.isEmpty()
            ? holder(identifier(byCertificate), enrollment, device)
            : secrets
                .find(device, identifier(bySecret))
                .orElseThrow(() ->
                    refused("No key with this DecryptKeyIdentifier is known for the device.")),
        cipher(capabilities));
  }

  private static byte[] identifier(List<ASN1Encodable> values) {
    if (values.size() != 1
        || !(values.getFirst() instanceof ASN1OctetString octets)
        || octets.getOctetsLength() == 0
        || octets.getOctetsLength() > LONGEST_IDENTIFIER) {
      throw refused("The identifier of the key to encrypt for must be one OCTET STRING of 1 to "
          + LONGEST_IDENTIFIER + " octets.");
    }
    return octets.getOctets();
  }

  /** The client's first choice of those that there are. */
  private static Cipher cipher(List<ASN1Encodable> capabilities) {
    if (capabilities.isEmpty()) {
      return Cipher.AES_256_CBC;
    }
    List<String> wanted = new ArrayList<>();
    try {
      if (capabilities.size() != 1) {
        throw new IllegalArgumentException();
      }
      ASN1Sequence listed = ASN1Sequence.getInstance(capabilities.getFirst());
      if (listed.size() > MOST_CAPABILITIES) {
        throw new IllegalArgumentException();
      }
      for (ASN1Encodable one : listed) {
        wanted.add(
            ASN1ObjectIdentifier.getInstance(ASN1Sequence.getInstance(one).getObjectAt(0))
                .getId());
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      throw refused("The request's S/MIME capabilities cannot be read.");
    }
    return wanted.stream()
        .flatMap(oid -> Arrays.stream(Cipher.values()).filter(one -> one.oid().equals(oid)))
        .findFirst()
        .orElseThrow(
            () -> refused(
                "Of the request's S/MIME capabilities none is AES in CBC mode with 128, 192 or 256 bits."));
  }

  /** By the certificate that the client has shown, or another live one of the device's. */
  private Recipient holder(byte[] identifier, Enrollment enrollment, UUID device) {
    List<X509Certificate> candidates = new ArrayList<>();
    if (!enrollment.chain().isEmpty()) {
      candidates.add(enrollment.chain().getFirst());
    }
    credentials.of(CertificateSubject.device(device)).stream()
        .filter(one -> one.liveAt(clock.instant()))
        .map(one -> certificate(one.certificate()))
        .forEach(candidates::add);
    X509Certificate found = candidates.stream()
        .filter(one -> isNamed(one, identifier))
        .findFirst()
        .orElseThrow(
            () -> refused("The AsymmetricDecryptKeyIdentifier is the subject key identifier of"
                + " neither the client's certificate nor another one of the device's."));
    boolean[] usage = found.getKeyUsage();
    String algorithm = found.getPublicKey().getAlgorithm();
    int needed = algorithm.equals("RSA") ? KEY_ENCIPHERMENT : KEY_AGREEMENT;
    if (!Envelopes.opens(algorithm) || usage != null && !usage[needed]) {
      throw refused("The certificate's key is not for encryption: it must be RSA with"
          + " keyEncipherment, or EC with keyAgreement, or have no key usage.");
    }
    try {
      return new Recipient.Holder(Der.of(found.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw refused("The client's certificate cannot be read.");
    }
  }

  /** By the extension, or where there is none by either of the two usual digests (RFC 5280 §4.2.1.2, RFC 7093 §2). */
  private static boolean isNamed(X509Certificate certificate, byte[] identifier) {
    byte[] extension = certificate.getExtensionValue(Extension.subjectKeyIdentifier.getId());
    if (extension != null) {
      return Arrays.equals(
          identifier,
          SubjectKeyIdentifier.getInstance(
                  ASN1OctetString.getInstance(extension).getOctets())
              .getKeyIdentifier());
    }
    byte[] key = SubjectPublicKeyInfo.getInstance(certificate.getPublicKey().getEncoded())
        .getPublicKeyData()
        .getOctets();
    try {
      return Arrays.equals(identifier, MessageDigest.getInstance("SHA-1").digest(key))
          || Arrays.equals(
              identifier,
              MessageDigest.getInstance("SHA-256")
                  .digest(certificate.getPublicKey().getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no SHA-1", e);
    }
  }

  private static X509Certificate certificate(Der encoded) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(encoded.octets()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a stored certificate cannot be read", e);
    }
  }

  /** EnvelopedData around the SignedData of the key; outside of any transaction. */
  Der protect(byte[] privateKeyInfo, Protection protection) {
    try {
      byte[] keys =
          new DERSequence(ASN1Primitive.fromByteArray(privateKeyInfo)).getEncoded(ASN1Encoding.DER);
      Der signed = signer.attached(KEY_PACKAGE, keys);
      Arrays.fill(keys, (byte) 0);
      byte[] content = ContentInfo.getInstance(signed.octets())
          .getContent()
          .toASN1Primitive()
          .getEncoded(ASN1Encoding.DER);
      return envelopes.seal(
          CMSObjectIdentifiers.signedData.getId(),
          content,
          protection.cipher(),
          protection.recipient());
    } catch (IOException e) {
      throw new IllegalStateException("a key could not be written", e);
    }
  }

  private static Refusal refused(String detail) {
    return new Refusal(EnrollmentProblem.KEY_ENCRYPTION_NOT_SUPPORTED, detail);
  }
}
