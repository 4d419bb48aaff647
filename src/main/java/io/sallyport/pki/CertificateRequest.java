package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.DerText;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.jspecify.annotations.Nullable;

/**
 * A PKCS #10 request (RFC 2986) whose key is acceptable and whose signature proves that the requester holds it.
 *
 * @param subject the name asked for, possibly empty
 * @param names the subject alternative names asked for
 * @param extensions all extensions asked for
 * @param attributes the object identifiers of all attributes present
 * @param challengePassword the attribute of this name (RFC 2985 §5.4.1), or null
 */
public record CertificateRequest(
    Der subjectPublicKeyInfo,
    X500Name subject,
    List<GeneralName> names,
    List<Extension> extensions,
    List<String> attributes,
    @Nullable String challengePassword) {
  /** A channel binding in base64 has 44 characters; a challenge password has 255 at most (RFC 2985). */
  private static final int LONGEST_CHALLENGE = 255;

  private static final int MOST_NAMES = 16;

  public CertificateRequest {
    names = List.copyOf(names);
    extensions = List.copyOf(extensions);
    attributes = List.copyOf(attributes);
  }

  /** Reads and checks a request; refuses with {@code bad-certificate-request} or {@code weak-key}. */
  public static CertificateRequest read(Der der) {
    PKCS10CertificationRequest request = parse(der);
    Der key;
    try {
      key = Der.of(request.getSubjectPublicKeyInfo().getEncoded("DER"));
    } catch (IOException e) {
      throw bad("The request's public key cannot be read.");
    }
    KeyRules.check(key);
    verify(request);
    return new CertificateRequest(
        key,
        request.getSubject(),
        names(request),
        extensions(request),
        attributes(request),
        challengePassword(request));
  }

  /** Reads a request whose key and signature are nobody's (RFC 7030 §4.4.1): {@code key} takes their place. */
  public static CertificateRequest readFor(Der key, Der der) {
    PKCS10CertificationRequest request = parse(der);
    return new CertificateRequest(
        key,
        request.getSubject(),
        names(request),
        extensions(request),
        attributes(request),
        challengePassword(request));
  }

  /** The name that a request asks for, before anything of it is checked. */
  public static X500Name subject(Der der) {
    return parse(der).getSubject();
  }

  /** All values of an attribute, before anything else of the request is checked. */
  public static List<ASN1Encodable> values(Der der, String attribute) {
    return Stream.of(parse(der).getAttributes(new ASN1ObjectIdentifier(attribute)))
        .flatMap(found -> Stream.of(found.getAttributeValues()))
        .toList();
  }

  private static PKCS10CertificationRequest parse(Der der) {
    try (ASN1InputStream in = new ASN1InputStream(der.octets())) {
      ASN1Primitive value = in.readObject();
      if (value == null || in.read() >= 0) {
        throw bad("The body must be one PKCS #10 request in DER and nothing else.");
      }
      PKCS10CertificationRequest request =
          new PKCS10CertificationRequest(CertificationRequest.getInstance(value));
      // What is in a name is read when it is asked for.
      for (RDN name : request.getSubject().getRDNs()) {
        name.getTypesAndValues();
      }
      return request;
    } catch (IOException | RuntimeException e) {
      throw e instanceof Refusal refusal
          ? refusal
          : bad("The body must be one PKCS #10 request in DER.");
    }
  }

  private static void verify(PKCS10CertificationRequest request) {
    boolean valid;
    try {
      valid = request.isSignatureValid(
          new JcaContentVerifierProviderBuilder().build(request.getSubjectPublicKeyInfo()));
    } catch (OperatorCreationException | PKCSException | RuntimeException e) {
      throw bad(
          "The request's signature cannot be checked; sign it with the key that it asks for.");
    }
    if (!valid) {
      throw bad("The request's signature is wrong; sign it with the key that it asks for.");
    }
  }

  private static List<GeneralName> names(PKCS10CertificationRequest request) {
    try {
      Extensions extensions = request.getRequestedExtensions();
      if (extensions == null) {
        return List.of();
      }
      Extension alternative = extensions.getExtension(Extension.subjectAlternativeName);
      if (alternative == null) {
        return List.of();
      }
      GeneralName[] names =
          GeneralNames.getInstance(alternative.getParsedValue()).getNames();
      if (names.length > MOST_NAMES) {
        throw bad("A request may ask for " + MOST_NAMES + " subject alternative names at most.");
      }
      return List.of(names);
    } catch (RuntimeException e) {
      throw e instanceof Refusal refusal
          ? refusal
          : bad("The request's extensions cannot be read.");
    }
  }

  /** Called after {@link #names}, which refuses what cannot be read. */
  private static List<Extension> extensions(PKCS10CertificationRequest request) {
    Extensions extensions = request.getRequestedExtensions();
    return extensions == null
        ? List.of()
        : Stream.of(extensions.getExtensionOIDs()).map(extensions::getExtension).toList();
  }

  private static List<String> attributes(PKCS10CertificationRequest request) {
    List<String> found = new ArrayList<>();
    for (var attribute : request.getAttributes()) {
      ASN1ObjectIdentifier type = attribute.getAttrType();
      if (!type.equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)) {
        found.add(type.getId());
      }
    }
    return found;
  }

  private static @Nullable String challengePassword(PKCS10CertificationRequest request) {
    Attribute[] found = request.getAttributes(PKCSObjectIdentifiers.pkcs_9_at_challengePassword);
    if (found.length == 0) {
      return null;
    }
    ASN1Encodable[] values = found[0].getAttributeValues();
    Optional<String> text = found.length == 1 && values.length == 1
        ? DerText.of(values[0]).filter(read -> read.length() <= LONGEST_CHALLENGE)
        : Optional.empty();
    return text.orElseThrow(() -> bad("The request's challengePassword must be one text."));
  }

  private static Refusal bad(String detail) {
    return new Refusal(PkiProblem.BAD_REQUEST, detail);
  }
}
