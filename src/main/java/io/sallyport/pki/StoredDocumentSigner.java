package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.Time;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSTypedData;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.SignerInfoGeneratorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.bc.BcDigestCalculatorProvider;
import org.bouncycastle.util.CollectionStore;
import org.jspecify.annotations.Nullable;

/** One key and one certificate for all documents, made when the first is signed, renewed when a third of life is left. */
@Singleton
final class StoredDocumentSigner implements DocumentSigner {
  private static final String PURPOSE = "document-signer";
  private static final int ATTEMPTS = 20;
  private static final long PAUSE_NANOS = 50_000_000;

  private final Authorities authorities;
  private final Issuance issuance;
  private final Keys keys;
  private final Clock clock;
  private volatile @Nullable Signer current;

  StoredDocumentSigner(Authorities authorities, Issuance issuance, Keys keys, Clock clock) {
    this.authorities = authorities;
    this.issuance = issuance;
    this.keys = keys;
    this.clock = clock;
  }

  /** The key, its certificate and those above it, without the root. */
  private record Signer(KeyHandle key, List<X509CertificateHolder> chain, Instant renewAt) {}

  @Override
  public Der detached(String contentType, InputStream content) throws IOException {
    try {
      return sign(contentType, content, false);
    } catch (UncheckedIOException unread) {
      throw unread.getCause();
    }
  }

  @Override
  public Der attached(String contentType, byte[] content) {
    return sign(contentType, new ByteArrayInputStream(content.clone()), true);
  }

  private Der sign(String contentType, InputStream content, boolean attach) {
    Signer signer = signer();
    ASN1EncodableVector attributes = new ASN1EncodableVector();
    attributes.add(
        new Attribute(CMSAttributes.signingTime, new DERSet(new Time(Date.from(clock.instant())))));
    try {
      CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
      generator.addSignerInfoGenerator(
          new SignerInfoGeneratorBuilder(new BcDigestCalculatorProvider())
              .setSignedAttributeGenerator(
                  new DefaultSignedAttributeTableGenerator(new AttributeTable(attributes)))
              .build(new KeySigner(keys, signer.key), signer.chain.getFirst()));
      generator.addCertificates(new CollectionStore<>(signer.chain));
      return Der.of(
          generator.generate(new Content(contentType, content), attach).getEncoded("DER"));
    } catch (CMSException e) {
      if (e.getCause() instanceof IOException unread) {
        throw new UncheckedIOException(unread);
      }
      throw new IllegalStateException("a document could not be signed", e);
    } catch (OperatorCreationException e) {
      throw new IllegalStateException("a document could not be signed", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Read once, when it is hashed. */
  private record Content(String type, InputStream octets) implements CMSTypedData {
    @Override
    public ASN1ObjectIdentifier getContentType() {
      return new ASN1ObjectIdentifier(type);
    }

    @Override
    public void write(OutputStream out) throws IOException {
      octets.transferTo(out);
    }

    @Override
    public Object getContent() {
      return octets;
    }
  }

  private Signer signer() {
    Signer known = current;
    if (known == null || !clock.instant().isBefore(known.renewAt)) {
      known = certify(keys.shared(KeyAlgorithm.EC_P256, PURPOSE));
      if (!clock.instant().isBefore(known.renewAt)) {
        known = certify(keys.generate(KeyAlgorithm.EC_P256, PURPOSE));
      }
      current = known;
    }
    return known;
  }

  /** By law 2 the same key gets the certificate that it has, until the renewal window opens. */
  private Signer certify(KeyHandle key) {
    Credential credential = issued(new Issuance.Order(
        new CertificateSubject(CertificateSubject.Kind.DOCUMENT_SIGNER, PURPOSE),
        CertificateProfiles.internal(CertificateProfiles.DOCUMENT_SIGNER),
        key.subjectPublicKeyInfo(),
        Digest.of((PURPOSE + ":" + key.id()).getBytes(StandardCharsets.UTF_8)),
        false,
        "CN=Document signer,O=Sallyport",
        List.of()));
    List<X509CertificateHolder> chain = new ArrayList<>();
    chain.add(CertificateParts.holder(credential.certificate()));
    authorities.chain(credential.authority()).stream()
        .map(CertificateParts::holder)
        .filter(above -> !above.getSubject().equals(above.getIssuer()))
        .forEach(chain::add);
    Duration validity = Duration.between(credential.notBefore(), credential.notAfter());
    return new Signer(key, List.copyOf(chain), credential.notAfter().minus(validity.dividedBy(3)));
  }

  /** All nodes order the same; while another one is at it, this one waits for its certificate. */
  private Credential issued(Issuance.Order order) {
    for (int attempt = 1; ; attempt++) {
      try {
        return issuance.issue(order, Issuance.Guard.NONE, Actor.SERVER);
      } catch (Refusal refusal) {
        if (refusal.problem() != PkiProblem.IN_PROGRESS || attempt == ATTEMPTS) {
          throw refusal;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }
}
