package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.attestation.TpmAttest.Quote;
import io.sallyport.attestation.TpmAttest.Selection;
import io.sallyport.attestation.TpmQuoteDocument.KeyCertification;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.PcrReferences;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The TPM 2.0 quote: PCRs, signed by an attestation key that was activated for this device. The steps stand in the order
 * in which an attack on each would be met; the first that fails ends the appraisal. Safe for any thread.
 */
@Singleton
final class TpmQuoteVerifier implements EvidenceVerifier {
  static final String MEDIA_TYPE = "application/vnd.sallyport.tpm-quote+json";

  private final AttestationKeys keys;
  private final QuoteHistory history;

  TpmQuoteVerifier(AttestationKeys keys, QuoteHistory history) {
    this.keys = keys;
    this.history = history;
  }

  @Override
  public String mediaType() {
    return MEDIA_TYPE;
  }

  @Override
  public Authentic authenticate(Presenter presenter, byte[] evidence) {
    TpmQuoteDocument document = TpmQuoteDocument.read(evidence);

    // 1. A live attestation key of this very device: another's TPM may be as honest as it likes.
    AttestationKey key = keys.byCertificate(document.attestationKeyCertificate())
        .filter(found -> found.device().equals(presenter.device()))
        .orElseThrow(
            () -> new Refusal(
                AttestationProblem.EVIDENCE_SIGNATURE,
                "The ak_certificate is not that of a live attestation key of this device; activate one first."));

    // 2. Signed by it, by a scheme and a hash that are allowed.
    PublicKey publicKey = Certificates.key(key.certificate());
    TpmSignature.read(document.signature()).require(publicKey, document.quote());

    // 3. A quote, made by a TPM for this nonce.
    Quote quote = TpmAttest.quote(document.quote());
    if (!MessageDigest.isEqual(quote.extraData(), document.nonceOctets())) {
      throw mismatch("The quote was made for another nonce than the one that came with it.");
    }

    // 4. The key of the certificate on the connection lives in the same TPM, if that is shown.
    boolean certified = certified(key, presenter, document);
    return new AuthenticQuote(key, document, quote, certified);
  }

  private boolean certified(AttestationKey key, Presenter presenter, TpmQuoteDocument document) {
    KeyCertification certification = document.keyCertification();
    if (certification == null) {
      return false;
    }
    Digest certified = keys.certified(
        key,
        certification.info(),
        certification.signature(),
        certification.publicArea(),
        document.nonceOctets());
    if (!certified.equals(presenter.credential().key())) {
      throw mismatch(
          "The key_certification is about another key than that of the certificate on this connection.");
    }
    return true;
  }

  private final class AuthenticQuote implements Authentic {
    private final AttestationKey key;
    private final TpmQuoteDocument document;
    private final Quote quote;
    private final boolean certified;

    AuthenticQuote(AttestationKey key, TpmQuoteDocument document, Quote quote, boolean certified) {
      this.key = key;
      this.document = document;
      this.quote = quote;
      this.certified = certified;
    }

    @Override
    public String nonce() {
      return document.nonce();
    }

    @Override
    public Instant end() {
      return key.notAfter();
    }

    @Override
    public Findings appraise(DeviceProfile profile, Instant now) {
      if (profile.pcrs().isEmpty()) {
        throw new Refusal(
            AttestationProblem.UNSUPPORTED_EVIDENCE,
            "The profile " + profile.name()
                + " has no reference values for a TPM in spec.attestation.tpm; send another kind of evidence.");
      }
      // 5. Every PCR that the policy names, and no other.
      List<PcrBank> order = requireSelection(profile.pcrs());
      // 6. The values are those that were signed.
      requireDigest(order);
      // 7. The TPM's clock and counters only go forward.
      Optional<String> wentBack =
          history.furthest(key).flatMap(furthest -> quote.clock().wentBackSince(furthest));
      return TpmQuoteAppraiser.findings(
          profile,
          new TpmQuoteAppraiser.Checked(document.pcrs(), quote.clock(), certified, wentBack));
    }

    @Override
    public void keep(Instant now) {
      history.add(key, quote.clock(), now);
    }

    /** The banks in the order in which the TPM hashed them. */
    private List<PcrBank> requireSelection(PcrReferences references) {
      List<PcrBank> order = new ArrayList<>();
      SortedMap<String, TreeSet<Integer>> selected = new TreeMap<>();
      for (Selection selection : quote.selections()) {
        PcrBank bank = PcrBank.of(selection.bank())
            .filter(known -> !selected.containsKey(known.word()))
            .orElseThrow(() -> mismatch(
                "Quote each of the banks " + references.banks().keySet() + " once, and no other."));
        selected.put(bank.word(), new TreeSet<>(selection.pcrs()));
        order.add(bank);
      }
      if (!selected.equals(numbers(references.banks()))) {
        throw mismatch("The quote must be over exactly the PCRs " + numbers(references.banks())
            + " of the profile.");
      }
      if (!selected.equals(numbers(document.pcrs()))) {
        throw mismatch("Send the values of exactly the PCRs " + selected + " that were quoted.");
      }
      return order;
    }

    private static <V> SortedMap<String, TreeSet<Integer>> numbers(
        SortedMap<String, SortedMap<Integer, V>> pcrs) {
      SortedMap<String, TreeSet<Integer>> numbers = new TreeMap<>();
      pcrs.forEach((bank, values) -> numbers.put(bank, new TreeSet<>(values.keySet())));
      return numbers;
    }

    /** With the signature's hash, whatever the banks' (TPM 2.0 Library, Part 3 §18.4). */
    private void requireDigest(List<PcrBank> order) {
      List<byte[]> values = new ArrayList<>();
      order.forEach(bank -> values.addAll(
          document.pcrs().getOrDefault(bank.word(), new TreeMap<>()).values()));
      Digest digest = Digest.of(values.toArray(byte[][]::new));
      if (!MessageDigest.isEqual(digest.octets(), quote.pcrDigest())) {
        throw mismatch("The values in pcrs are not those that were quoted.");
      }
    }
  }

  private static Refusal mismatch(String detail) {
    return new Refusal(AttestationProblem.QUOTE_MISMATCH, detail);
  }
}
