package io.sallyport.keys;

import io.sallyport.kernel.Der;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.Arrays;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.cms.KEKIdentifier;
import org.bouncycastle.asn1.cms.KEKRecipientInfo;
import org.bouncycastle.asn1.cms.KeyAgreeRecipientIdentifier;
import org.bouncycastle.asn1.cms.KeyAgreeRecipientInfo;
import org.bouncycastle.asn1.cms.KeyTransRecipientInfo;
import org.bouncycastle.asn1.cms.OriginatorIdentifierOrKey;
import org.bouncycastle.asn1.cms.OriginatorPublicKey;
import org.bouncycastle.asn1.cms.RecipientEncryptedKey;
import org.bouncycastle.asn1.cms.RecipientIdentifier;
import org.bouncycastle.asn1.cms.RecipientInfo;
import org.bouncycastle.asn1.cms.RecipientKeyIdentifier;
import org.bouncycastle.asn1.cms.ecc.ECCCMSSharedInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAESOAEPparams;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.bc.BcCMSContentEncryptorBuilder;
import org.jspecify.annotations.Nullable;

/** One recipient each. */
@Singleton
final class CmsEnvelopes implements Envelopes {
  private static final AlgorithmIdentifier SHA256 =
      new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256, DERNull.INSTANCE);
  private static final AlgorithmIdentifier OAEP = new AlgorithmIdentifier(
      PKCSObjectIdentifiers.id_RSAES_OAEP,
      new RSAESOAEPparams(
          SHA256,
          new AlgorithmIdentifier(PKCSObjectIdentifiers.id_mgf1, SHA256),
          RSAESOAEPparams.DEFAULT_P_SOURCE_ALGORITHM));
  private static final OAEPParameterSpec OAEP_SPEC = new OAEPParameterSpec(
      "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
  private static final AlgorithmIdentifier AES256_WRAP =
      new AlgorithmIdentifier(NISTObjectIdentifiers.id_aes256_wrap);
  private static final int AES256_BITS = 256;

  @Override
  public Der seal(String contentType, byte[] content, Cipher cipher, Recipient recipient) {
    try {
      CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
      generator.addRecipientInfoGenerator(
          switch (recipient) {
            case Recipient.Holder holder -> forHolder(holder.certificate());
            case Recipient.Sharer sharer -> key -> shared(sharer, octets(key.getRepresentation()));
          });
      return Der.of(generator
          .generate(
              new CMSProcessableByteArray(new ASN1ObjectIdentifier(contentType), content),
              new BcCMSContentEncryptorBuilder(new ASN1ObjectIdentifier(cipher.oid())).build())
          .toASN1Structure()
          .getEncoded(ASN1Encoding.DER));
    } catch (CMSException | IOException | GeneralSecurityException e) {
      throw new IllegalStateException("an envelope could not be made", e);
    }
  }

  private static byte[] octets(Object key) {
    return (byte[]) key;
  }

  private static RecipientInfoGenerator forHolder(Der certificate) throws GeneralSecurityException {
    PublicKey key = ((X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(certificate.octets())))
        .getPublicKey();
    Certificate names = Certificate.getInstance(certificate.octets());
    return key instanceof ECPublicKey elliptic
        ? content -> agreed(names, elliptic, octets(content.getRepresentation()))
        : content -> transported(names, key, octets(content.getRepresentation()));
  }

  private static RecipientInfo transported(Certificate names, PublicKey key, byte[] content) {
    try {
      javax.crypto.Cipher cipher = javax.crypto.Cipher.getInstance("RSA/ECB/OAEPPadding");
      cipher.init(javax.crypto.Cipher.ENCRYPT_MODE, key, OAEP_SPEC);
      ASN1OctetString identifier = keyIdentifier(names);
      RecipientIdentifier who = identifier == null
          ? new RecipientIdentifier(new IssuerAndSerialNumber(names))
          : new RecipientIdentifier(identifier);
      return new RecipientInfo(
          new KeyTransRecipientInfo(who, OAEP, new DEROctetString(cipher.doFinal(content))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a key could not be encrypted for another", e);
    }
  }

  /** RFC 5753 §3.1.1: an ephemeral key of the recipient's curve, and the KDF of X9.63 with SHA-256. */
  private static RecipientInfo agreed(Certificate names, ECPublicKey key, byte[] content) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(key.getParams());
      KeyPair ephemeral = generator.generateKeyPair();
      KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
      agreement.init(ephemeral.getPrivate());
      agreement.doPhase(key, true);
      byte[] secret = agreement.generateSecret();
      byte[] wrapping = derived(secret);
      Arrays.fill(secret, (byte) 0);
      ASN1OctetString identifier = keyIdentifier(names);
      KeyAgreeRecipientIdentifier who = identifier == null
          ? new KeyAgreeRecipientIdentifier(new IssuerAndSerialNumber(names))
          : new KeyAgreeRecipientIdentifier(new RecipientKeyIdentifier(identifier.getOctets()));
      SubjectPublicKeyInfo own =
          SubjectPublicKeyInfo.getInstance(ephemeral.getPublic().getEncoded());
      return new RecipientInfo(new KeyAgreeRecipientInfo(
          new OriginatorIdentifierOrKey(
              new OriginatorPublicKey(own.getAlgorithm(), own.getPublicKeyData().getBytes())),
          null,
          new AlgorithmIdentifier(
              SECObjectIdentifiers.dhSinglePass_stdDH_sha256kdf_scheme, AES256_WRAP),
          new DERSequence(
              new RecipientEncryptedKey(who, new DEROctetString(wrapped(wrapping, content))))));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("a key could not be encrypted for another", e);
    }
  }

  /** 32 octets: one round of the KDF. */
  private static byte[] derived(byte[] secret) throws GeneralSecurityException, IOException {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    sha256.update(secret);
    sha256.update(ByteBuffer.allocate(Integer.BYTES).putInt(1).array());
    sha256.update(new ECCCMSSharedInfo(
            AES256_WRAP, ByteBuffer.allocate(Integer.BYTES).putInt(AES256_BITS).array())
        .getEncoded(ASN1Encoding.DER));
    return sha256.digest();
  }

  private static RecipientInfo shared(Recipient.Sharer sharer, byte[] content) {
    ASN1ObjectIdentifier wrap = switch (sharer.secret().length) {
      case 16 -> NISTObjectIdentifiers.id_aes128_wrap;
      case 24 -> NISTObjectIdentifiers.id_aes192_wrap;
      default -> NISTObjectIdentifiers.id_aes256_wrap;
    };
    try {
      return new RecipientInfo(new KEKRecipientInfo(
          new KEKIdentifier(sharer.identifier(), null, null),
          new AlgorithmIdentifier(wrap),
          new DEROctetString(wrapped(sharer.secret(), content))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a key could not be encrypted by a shared one", e);
    }
  }

  private static byte[] wrapped(byte[] wrapping, byte[] content) throws GeneralSecurityException {
    javax.crypto.Cipher cipher = javax.crypto.Cipher.getInstance("AESWrap");
    cipher.init(javax.crypto.Cipher.WRAP_MODE, new SecretKeySpec(wrapping, "AES"));
    return cipher.wrap(new SecretKeySpec(content, "AES"));
  }

  private static @Nullable ASN1OctetString keyIdentifier(Certificate certificate) {
    var extensions = certificate.getTBSCertificate().getExtensions();
    Extension found =
        extensions == null ? null : extensions.getExtension(Extension.subjectKeyIdentifier);
    return found == null
        ? null
        : new DEROctetString(
            SubjectKeyIdentifier.getInstance(found.getParsedValue()).getKeyIdentifier());
  }
}
