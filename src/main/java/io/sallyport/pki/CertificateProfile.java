package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a certificate may say (RFC 5280 §4.2, IEEE 802.1AR §8).
 *
 * @param name also the EST label
 * @param authority name of the issuing authority
 * @param backdating how far notBefore lies in the past, for devices whose clock lags
 * @param keys the kinds of key that are certified; empty for every kind that is acceptable at all
 * @param subject the attributes of the distinguished name, the most significant first
 * @param alternativeNames what it is called beside the names that were proven
 * @param keyUsages digitalSignature is always among them; those that the key cannot do are left out
 * @param extendedKeyUsages dotted object identifiers
 * @param policies certificate policies, as dotted object identifiers
 * @param mudUrl where the manufacturer's usage description is (RFC 8520 §11), or null
 * @param requiresHostName whether it is of use with a host name only
 * @param revocationPointers whether it says where its CRL and its OCSP responder are
 * @param enrollment on which terms a device gets one
 */
public record CertificateProfile(
    String name,
    String authority,
    Duration validity,
    Duration backdating,
    Set<KeyKind> keys,
    List<SubjectAttribute> subject,
    List<AlternativeName> alternativeNames,
    Set<Usage> keyUsages,
    List<String> extendedKeyUsages,
    List<String> policies,
    @Nullable Template mudUrl,
    boolean requiresHostName,
    boolean revocationPointers,
    EnrollmentTerms enrollment) {
  public CertificateProfile {
    keys = Set.copyOf(keys);
    subject = List.copyOf(subject);
    alternativeNames = List.copyOf(alternativeNames);
    keyUsages = Set.copyOf(keyUsages);
    extendedKeyUsages = List.copyOf(extendedKeyUsages);
    policies = List.copyOf(policies);
  }

  /** Key usage bits that an end entity's certificate can have (RFC 5280 §4.2.1.3). */
  public enum Usage {
    DIGITAL_SIGNATURE("digitalSignature"),
    NON_REPUDIATION("nonRepudiation"),
    KEY_ENCIPHERMENT("keyEncipherment"),
    DATA_ENCIPHERMENT("dataEncipherment"),
    KEY_AGREEMENT("keyAgreement");

    private final String word;

    Usage(String word) {
      this.word = word;
    }

    public String word() {
      return word;
    }
  }

  /**
   * A part of the distinguished name.
   *
   * @param type its name in RFC 4514 and X.520: {@code CN}, {@code serialNumber}, …
   */
  public record SubjectAttribute(String type, Template value) {}

  /**
   * A subject alternative name.
   *
   * @param hardwareType the manufacturer's object identifier of a hardwareModuleName (RFC 4108 §5), otherwise null
   */
  public record AlternativeName(
      Issuance.Name.Kind kind, Template value, @Nullable String hardwareType) {}

  /** Refuses with {@code key-kind-not-allowed}. */
  void requireKey(Der subjectPublicKeyInfo) {
    if (!keys.isEmpty() && keys.stream().noneMatch(kind -> kind.holds(subjectPublicKeyInfo))) {
      throw new Refusal(
          PkiProblem.KEY_KIND_NOT_ALLOWED,
          "Certificate profile \"" + name + "\" certifies these kinds of key: "
              + keys.stream().map(KeyKind::word).sorted().collect(Collectors.joining(", "))
              + ".");
    }
  }
}
