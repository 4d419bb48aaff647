package io.sallyport.admin.api;

import io.sallyport.devices.Anchor;
import io.sallyport.devices.AnchorTerms;
import io.sallyport.devices.SerialPattern;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** A trust anchor, as people see it. */
@Schema(name = "TrustAnchor")
record AnchorView(
    @Schema(description = "SHA-256 of the certificate, in hexadecimal digits.")
    String digest,

    @Schema(description = "The certificate in PEM.") String certificate,
    List<String> models,
    List<String> serialNumbers,
    @Schema(nullable = true) @Nullable Instant notBefore,
    @Schema(nullable = true) @Nullable Instant notAfter,
    boolean listsRequired,
    List<ListView> revocationLists,
    @Schema(nullable = true) @Nullable Instant distrustedAt,
    @Schema(nullable = true) @Nullable String distrustReason) {
  AnchorView {
    models = List.copyOf(models);
    serialNumbers = List.copyOf(serialNumbers);
    revocationLists = List.copyOf(revocationLists);
  }

  /** A revocation list that is here. */
  @Schema(name = "ManufacturerRevocationList")
  record ListView(
      String issuer,
      Instant thisUpdate,
      @Schema(nullable = true) @Nullable Instant nextUpdate,
      int entries) {}

  static AnchorView of(Anchor anchor) {
    AnchorTerms terms = anchor.terms();
    Anchor.Distrust distrust = anchor.distrust();
    return new AnchorView(
        anchor.certificate().digest().hex(),
        anchor.certificate().pem("CERTIFICATE"),
        terms.models(),
        terms.serialNumbers().stream().map(SerialPattern::text).toList(),
        terms.notBefore(),
        terms.notAfter(),
        terms.listsRequired(),
        anchor.lists().stream()
            .map(list ->
                new ListView(list.issuer(), list.thisUpdate(), list.nextUpdate(), list.entries()))
            .toList(),
        distrust == null ? null : distrust.at(),
        distrust == null ? null : distrust.reason());
  }
}
