package io.sallyport.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Vouchers (RFC 8366) and requests for them (RFC 8995) by whom a test likes, and the domains that they are for. */
public final class TestVouchers {
  public static final String VOUCHER = "ietf-voucher:voucher";
  public static final String REQUEST = "ietf-voucher-request:voucher";
  public static final String CONTENT_TYPE = "1.2.840.113549.1.9.16.1.40";

  private static final ObjectMapper JSON = new ObjectMapper();

  private TestVouchers() {}

  /** A domain's authority and its registrar. */
  public record Domain(Identity authority, Identity registrar) {}

  public static Domain domain(String name) {
    Identity authority = authority("CN=" + name + " domain");
    return new Domain(authority, end("CN=" + name + " registrar", authority, true));
  }

  public static Identity authority(String name) {
    KeyPair keys = TestPki.key();
    return new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name(name),
            keys,
            null,
            Instant.now().minus(1, ChronoUnit.DAYS),
            Instant.now().plus(10, ChronoUnit.DAYS),
            true,
            null)));
  }

  /** Somebody whom {@code authority} certified, with id-kp-cmcRA or without. */
  public static Identity end(String name, Identity authority, boolean registrar) {
    try {
      ExtensionsGenerator usage = new ExtensionsGenerator();
      usage.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              registrar
                  ? new KeyPurposeId[] {
                    KeyPurposeId.id_kp_clientAuth,
                    KeyPurposeId.getInstance(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.28"))
                  }
                  : new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth}));
      KeyPair keys = TestPki.key();
      X509Certificate certificate = TestPki.certify(
          new X500Name(name),
          keys,
          authority,
          Instant.now().minus(1, ChronoUnit.HOURS),
          Instant.now().plus(5, ChronoUnit.DAYS),
          false,
          usage);
      return new Identity(keys, List.of(certificate, authority.certificate()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** {@code members} under {@code name}, in JSON. */
  public static byte[] text(String name, Map<String, ?> members) {
    try {
      return JSON.writeValueAsBytes(Map.of(name, members));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** CMS with the signer's whole chain in it. */
  public static byte[] signed(Identity signer, byte[] content) {
    return signed(signer, CONTENT_TYPE, content);
  }

  public static byte[] signed(Identity signer, String contentType, byte[] content) {
    try {
      CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
      generator.addSignerInfoGenerator(
          new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
              .build(TestPki.signer(signer.keys()), signer.certificate()));
      generator.addCertificates(new JcaCertStore(new ArrayList<>(signer.chain())));
      return generator
          .generate(
              new CMSProcessableByteArray(new ASN1ObjectIdentifier(contentType), content), true)
          .getEncoded("DER");
    } catch (CMSException | IOException | OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
