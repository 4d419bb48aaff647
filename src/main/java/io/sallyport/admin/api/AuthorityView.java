package io.sallyport.admin.api;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.NameSubtree;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Authorities.Distrust;
import io.sallyport.pki.Authorities.Requested;
import io.sallyport.pki.KeyKind;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.x509.Certificate;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** An authority, as people see it. */
@Schema(name = "Authority")
record AuthorityView(
    String name,

    @Schema(description = "The authority that certified it; its own name for a root.")
    String issuer,

    @Schema(
        description =
            "Waiting for its certificate from where its issuer's key is; active; revoked, itself or with one above it.",
        enumeration = {"waiting", "active", "revoked"})
    String status,

    @Schema(description = "Whether its key is on this server.")
    boolean keyHere,

    @Schema(nullable = true, description = "The distinguished name (RFC 4514).") @Nullable
    String subject,

    @Schema(nullable = true, description = "SHA-256 over the DER certificate, in hex.") @Nullable
    String thumbprint,

    @Schema(nullable = true) @Nullable Instant notBefore,
    @Schema(nullable = true) @Nullable Instant notAfter,

    @Schema(nullable = true, description = "Its kind of key, for instance ec-p256.") @Nullable
    String key,

    @Schema(nullable = true, description = "How many authorities may follow; null: any number.")
    @Nullable
    Integer pathLength,

    @Schema(description = "The only names of their kind that it may certify.")
    List<String> permitted,

    @Schema(description = "Names that it may not certify.") List<String> excluded,

    @Schema(description = "Certificate policies, as dotted object identifiers.")
    List<String> policies,

    @Schema(nullable = true) @Nullable Instant revokedAt,
    @Schema(nullable = true) @Nullable String revocationReason,

    @Schema(nullable = true, description = "The authority whose revocation it was.") @Nullable
    String revokedWith,

    @Schema(nullable = true, description = "Who certifies in its place.") @Nullable
    String successor,

    @Schema(nullable = true, description = "From when on.") @Nullable
    Instant successorFrom,

    @Schema(nullable = true) @Nullable String certificate,

    @Schema(nullable = true, description = "PKCS #10, while it waits for its certificate.")
    @Nullable
    String request) {
  static AuthorityView of(Authority authority) {
    X509Certificate certificate = read(authority);
    CaTerms terms = CaTerms.of(Certificate.getInstance(authority.certificate().octets())
        .getTBSCertificate()
        .getExtensions());
    Distrust distrust = authority.distrust();
    return new AuthorityView(
        authority.name(),
        authority.issuer(),
        distrust == null ? "active" : "revoked",
        authority.key() != null,
        certificate.getSubjectX500Principal().getName(),
        authority.certificate().digest().hex(),
        certificate.getNotBefore().toInstant(),
        certificate.getNotAfter().toInstant(),
        KeyKind.of(Der.of(certificate.getPublicKey().getEncoded()))
            .map(KeyKind::word)
            .orElse(null),
        terms.pathLength(),
        terms.permitted().stream().map(NameSubtree::toString).toList(),
        terms.excluded().stream().map(NameSubtree::toString).toList(),
        terms.policies(),
        distrust == null ? null : distrust.at(),
        distrust == null ? null : Reasons.word(distrust.reason()),
        distrust == null ? null : distrust.with(),
        authority.successor(),
        authority.successorFrom(),
        authority.certificate().pem("CERTIFICATE"),
        null);
  }

  static AuthorityView of(Requested waiting) {
    return new AuthorityView(
        waiting.name(),
        waiting.issuer(),
        "waiting",
        true,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        waiting.request().pem("CERTIFICATE REQUEST"));
  }

  private static X509Certificate read(Authority authority) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(authority.certificate().octets()));
    } catch (CertificateException e) {
      throw new IllegalStateException(
          "the certificate of authority " + authority.name() + " is damaged", e);
    }
  }
}
