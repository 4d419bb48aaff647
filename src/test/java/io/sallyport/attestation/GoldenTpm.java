package io.sallyport.attestation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.PcrReferences;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Credential;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;

/** Quotes and certifications that swtpm made once, and keys that are taken as activated. */
final class GoldenTpm {
  static final UUID DEVICE = UUID.fromString("019aac00-0000-7000-8000-000000000001");
  static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  static final JsonNode RECORDED = recorded();
  static final String NONCE = RECORDED.get("nonce").asText();

  private static final ObjectMapper JSON = new ObjectMapper();

  final Keys keys = new Keys();
  final History history = new History();
  final TpmQuoteVerifier verifier = new TpmQuoteVerifier(keys, history);

  private static JsonNode recorded() {
    try (InputStream file =
        Objects.requireNonNull(GoldenTpm.class.getResourceAsStream("tpm-golden.json"))) {
      return new ObjectMapper().readTree(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] octets(String pointer) {
    return Base64.getDecoder().decode(RECORDED.at(pointer).asText());
  }

  static byte[] nonce() {
    return Base64.getUrlDecoder().decode(NONCE);
  }

  static String base64(byte[] octets) {
    return Base64.getEncoder().encodeToString(octets);
  }

  /** A certificate for a recorded attestation key, which counts as activated for {@link #DEVICE}. */
  Der certified(String key) {
    return certified(
        TpmPublic.read(octets("/keys/" + key), key, AttestationProblem.INVALID_ATTESTATION_KEY)
            .subjectPublicKeyInfo(),
        DEVICE);
  }

  Der certified(Der subjectPublicKeyInfo, UUID device) {
    try {
      KeyPair issuer = TestPki.key();
      Der certificate = Der.of(new X509v3CertificateBuilder(
              new X500Name("CN=Internal"),
              BigInteger.ONE,
              Date.from(NOW),
              Date.from(NOW.plus(Duration.ofDays(365))),
              new X500Name("CN=Attestation key"),
              SubjectPublicKeyInfo.getInstance(subjectPublicKeyInfo.octets()))
          .build(TestPki.signer(issuer))
          .getEncoded());
      keys.activated.put(
          certificate,
          new AttestationKey(
              UUID.randomUUID(),
              device,
              certificate,
              Digest.of(new byte[1]),
              NOW.plus(Duration.ofDays(365))));
      return certificate;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The recorded quote as evidence, without a certified key. */
  static ObjectNode document(String quote, Der certificate) {
    ObjectNode recorded = (ObjectNode) RECORDED.at("/quotes/" + quote);
    ObjectNode document = JSON.createObjectNode();
    document.put("nonce", NONCE);
    document.put("ak_certificate", base64(certificate.octets()));
    document.put("quote", recorded.get("quote").asText());
    document.put("signature", recorded.get("signature").asText());
    document.set("pcrs", recorded.get("pcrs").deepCopy());
    return document;
  }

  /** The evidence that affirms everything. */
  ObjectNode golden() {
    ObjectNode document = document("ecc", certified("ecc"));
    document.set("key_certification", RECORDED.at("/certifications/dev").deepCopy());
    return document;
  }

  static byte[] bytes(JsonNode document) {
    try {
      return JSON.writeValueAsBytes(document);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A profile that accepts exactly the values that were recorded with {@code quote}. */
  static DeviceProfile profile(String quote) {
    SortedMap<String, SortedMap<Integer, List<String>>> banks = new TreeMap<>();
    RECORDED.at("/quotes/" + quote + "/pcrs").properties().forEach(bank -> {
      SortedMap<Integer, List<String>> pcrs = new TreeMap<>();
      bank.getValue()
          .properties()
          .forEach(pcr -> pcrs.put(
              Integer.valueOf(pcr.getKey()),
              List.of(
                  "f".repeat(pcr.getValue().asText().length()), pcr.getValue().asText())));
      banks.put(bank.getKey(), pcrs);
    });
    return profile(new PcrReferences(banks));
  }

  static DeviceProfile profile(PcrReferences pcrs) {
    return new DeviceProfile(
        "camera", List.of("device"), null, Duration.ofMinutes(15), Map.of(), true, pcrs);
  }

  /** The device, with the certificate of the recorded key {@code dev}. */
  static EvidenceVerifier.Presenter presenter() {
    Digest key = TpmPublic.read(octets("/keys/dev"), "key", AttestationProblem.INVALID_EVIDENCE)
        .subjectPublicKeyInfo()
        .digest();
    return presenter(DEVICE, key);
  }

  static EvidenceVerifier.Presenter presenter(UUID device, Digest key) {
    Der certificate = Der.of(new byte[] {0x30, 0});
    return new EvidenceVerifier.Presenter(
        device,
        new Credential(
            "devices",
            BigInteger.ONE,
            io.sallyport.pki.CertificateSubject.device(device),
            "device",
            certificate.digest(),
            key,
            NOW,
            NOW.plus(Duration.ofDays(1)),
            null,
            null,
            null,
            certificate));
  }

  EvidenceVerifier.Findings appraise(byte[] evidence, DeviceProfile profile) {
    return verifier.authenticate(presenter(), evidence).appraise(profile, NOW);
  }

  /** Activated keys by certificate. */
  static final class Keys implements AttestationKeys {
    final Map<Der, AttestationKey> activated = new HashMap<>();

    @Override
    public Optional<AttestationKey> byCertificate(Der certificate) {
      return Optional.ofNullable(activated.get(certificate));
    }

    @Override
    public Digest certified(
        AttestationKey key, byte[] info, byte[] signature, byte[] publicArea, byte[] data) {
      return TpmKeyCertification.certified(key, info, signature, publicArea, data);
    }

    @Override
    public Offer offer(
        UUID device, Der ekCertificate, List<Der> ekChain, byte[] akPublic, Actor actor) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Credential activate(UUID device, UUID offer, byte[] secret, Actor actor) {
      throw new UnsupportedOperationException();
    }
  }

  /** The clock of the quote before, if there was one. */
  static final class History implements QuoteHistory {
    final List<TpmClock> clocks = new ArrayList<>();

    @Override
    public Optional<TpmClock> furthest(AttestationKey key) {
      return clocks.isEmpty() ? Optional.empty() : Optional.of(clocks.getLast());
    }

    @Override
    public void add(AttestationKey key, TpmClock clock, Instant now) {
      clocks.add(clocks.isEmpty() ? clock : clocks.getLast().furtherOf(clock));
    }
  }
}
