package io.sallyport.cli;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.cert.X509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.jspecify.annotations.Nullable;

/**
 * A root that is kept off the server, in a folder: {@code root.key} (PKCS #8, PBES2 with PBKDF2-HMAC-SHA256 and
 * AES-256-CBC), {@code root.pem}, {@code root.crl} once it signed a list, and {@code ceremony.txt}, in which every act is written
 * with digests, each entry over all that stood before it.
 */
final class OfflineRoot {
  private static final int SERIAL_BITS = 128;
  private static final Duration BACKDATING = Duration.ofHours(1);

  private final Path folder;
  private final RootKeyFile rootKey;
  private final Ceremony ceremony;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  OfflineRoot(Path folder, Clock clock) {
    this.folder = folder;
    rootKey = new RootKeyFile(folder);
    ceremony = new Ceremony(folder, clock);
    this.clock = clock;
  }

  /** What is to be signed, for people to look at, and how to go on. */
  record Draft(Der tbs, List<String> lines) {}

  static X509Certificate certificate(Path folder) {
    return Pem.certificates(folder.resolve("root.pem")).getFirst();
  }

  /** Makes key and certificate; refuses a folder in which there is a root. */
  X509Certificate create(
      String subject, String kind, Duration validity, CaTerms terms, char[] passphrase) {
    for (String file : List.of("root.key", "root.pem", "root.crl", "ceremony.txt")) {
      if (Files.exists(folder.resolve(file))) {
        throw Failure.usage(folder.resolve(file) + " exists; a root is made once.");
      }
    }
    RootKeyFile.checkPassphrase(passphrase);
    RootKeyKind made = RootKeyKind.named(kind);
    X500Name name = name(subject);
    requireLasting(validity);
    try {
      KeyPair pair = made.pair();
      SubjectPublicKeyInfo key =
          SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded());
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      terms.addTo(extensions);
      identifiers(extensions, key, key);
      Der tbs = tbs(made, name, name, key, validity, extensions.generate());
      X509Certificate certificate = signed(made, tbs, pair.getPrivate());
      certificate.verify(pair.getPublic());
      rootKey.write(pair.getPrivate(), passphrase);
      WholeFile.open(folder.resolve("root.pem"), Pem.of(certificate));
      ceremony.record("root made", certificateLines(certificate, terms));
      return certificate;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the root cannot be made", e);
    }
  }

  /** What a request comes to under these terms; nothing is signed. */
  Draft draft(
      PKCS10CertificationRequest request,
      CaTerms terms,
      Duration validity,
      @Nullable String statusUrl,
      String rootName) {
    X509Certificate root = certificate(folder);
    Extensions asked = request.getRequestedExtensions();
    X500Name issuer = X500Name.getInstance(root.getSubjectX500Principal().getEncoded());
    requireAuthority(request, issuer, validity);
    Extensions ofRoot = extensions(root);
    terms(ofRoot).faultOf(terms).ifPresent(fault -> {
      throw new Failure(ExitCode.REFUSED, "The root does not permit it: " + fault + ".");
    });
    CaTerms.nameFault(ofRoot, request.getSubject(), null).ifPresent(fault -> {
      throw new Failure(ExitCode.REFUSED, "The root does not permit it: " + fault + ".");
    });
    Instant end = clock.instant().plus(validity);
    if (end.isAfter(root.getNotAfter().toInstant())) {
      throw new Failure(
          ExitCode.REFUSED,
          "No authority outlives its root, which ends on " + root.getNotAfter().toInstant() + ".");
    }
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      terms.addTo(extensions);
      identifiers(
          extensions,
          request.getSubjectPublicKeyInfo(),
          SubjectPublicKeyInfo.getInstance(root.getPublicKey().getEncoded()));
      StatusPointers.add(extensions, asked, statusUrl, rootName);
      Der tbs = tbs(
          RootKeyKind.of(root),
          issuer,
          request.getSubject(),
          request.getSubjectPublicKeyInfo(),
          validity,
          extensions.generate());
      List<String> lines = new ArrayList<>();
      lines.add("issuer: " + issuer);
      lines.add("subject: " + request.getSubject());
      lines.add("key: sha-256 "
          + Digest.of(request.getSubjectPublicKeyInfo().getEncoded()).hex());
      lines.add("until: " + end.truncatedTo(ChronoUnit.SECONDS));
      lines.addAll(terms.lines());
      lines.addAll(StatusPointers.lines(asked, statusUrl, rootName));
      lines.add("request: sha-256 " + Digest.of(request.getEncoded()).hex());
      lines.add("to be signed: sha-256 " + tbs.digest().hex());
      return new Draft(tbs, lines);
    } catch (IOException e) {
      throw new IllegalStateException("the certificate cannot be built", e);
    }
  }

  /** What no terms make right. */
  private static void requireAuthority(
      PKCS10CertificationRequest request, X500Name issuer, Duration validity) {
    if (request.getSubject().getRDNs().length == 0) {
      throw new Failure(
          ExitCode.REFUSED, "The request has no subject, by which an authority is named.");
    }
    if (request.getSubject().equals(issuer)) {
      // Self-issued, so that no path length counted it (RFC 5280 §4.2.1.9).
      throw new Failure(
          ExitCode.REFUSED, "The request has the root's own subject; ask under another name.");
    }
    OfflineKeys.fault(request.getSubjectPublicKeyInfo()).ifPresent(fault -> {
      throw new Failure(ExitCode.REFUSED, "The request's key is not taken: " + fault);
    });
    requireLasting(validity);
  }

  static void requireLasting(Duration validity) {
    if (!validity.isPositive()) {
      throw Failure.usage("--validity must be longer than nothing, such as P90D.");
    }
  }

  X509Certificate sign(Draft draft, char[] passphrase) {
    X509Certificate root = certificate(folder);
    X509Certificate certificate = signed(RootKeyKind.of(root), draft.tbs, rootKey.open(passphrase));
    try {
      certificate.verify(root.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new Failure(
          ExitCode.REFUSED, folder.resolve("root.key") + " is not the key of root.pem.");
    }
    List<String> lines = new ArrayList<>(draft.lines);
    lines.add("serial: " + certificate.getSerialNumber().toString(16));
    lines.add("certificate: sha-256 " + digest(certificate));
    ceremony.record("certificate signed", lines);
    return certificate;
  }

  /** A request whose signature shows that its sender has the key. */
  static PKCS10CertificationRequest request(Path file) {
    try (PEMParser parser = new PEMParser(new StringReader(Pem.text(file)))) {
      if (parser.readObject() instanceof PKCS10CertificationRequest request
          && request.isSignatureValid(
              new JcaContentVerifierProviderBuilder().build(request.getSubjectPublicKeyInfo()))) {
        return request;
      }
    } catch (IOException | OperatorCreationException | PKCSException | RuntimeException e) {
      // Told below.
    }
    throw Failure.usage(file + " holds no PKCS #10 request in PEM that its own key signed.");
  }

  static CaTerms terms(@Nullable Extensions extensions) {
    try {
      return CaTerms.of(extensions);
    } catch (IllegalArgumentException | ArithmeticException wrong) {
      throw Failure.usage("What is asked for cannot be read: " + wrong.getMessage());
    }
  }

  private static @Nullable Extensions extensions(X509Certificate certificate) {
    try {
      return org.bouncycastle.asn1.x509.Certificate.getInstance(certificate.getEncoded())
          .getTBSCertificate()
          .getExtensions();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X500Name name(String text) {
    try {
      X500Name name = new X500Name(BCStyle.INSTANCE, text);
      if (name.getRDNs().length > 0) {
        return name;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw Failure.usage("--subject is no distinguished name such as O=Plant,CN=Plant Root.");
  }

  private Der tbs(
      RootKeyKind kind,
      X500Name issuer,
      X500Name subject,
      SubjectPublicKeyInfo key,
      Duration validity,
      Extensions extensions)
      throws IOException {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    V3TBSCertificateGenerator generator = new V3TBSCertificateGenerator();
    generator.setSerialNumber(
        new ASN1Integer(new BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS)));
    generator.setSignature(kind.algorithm());
    generator.setIssuer(issuer);
    generator.setSubject(subject);
    generator.setStartDate(new Time(Date.from(now.minus(BACKDATING))));
    generator.setEndDate(new Time(Date.from(now.plus(validity))));
    generator.setSubjectPublicKeyInfo(key);
    generator.setExtensions(extensions);
    return Der.of(generator.generateTBSCertificate().getEncoded("DER"));
  }

  private static void identifiers(
      ExtensionsGenerator extensions, SubjectPublicKeyInfo key, SubjectPublicKeyInfo issuer)
      throws IOException {
    extensions.addExtension(
        Extension.subjectKeyIdentifier, false, utils().createSubjectKeyIdentifier(key));
    extensions.addExtension(
        Extension.authorityKeyIdentifier, false, utils().createAuthorityKeyIdentifier(issuer));
  }

  private static X509ExtensionUtils utils() {
    try {
      return new JcaX509ExtensionUtils();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM lacks SHA-1", e);
    }
  }

  private static X509Certificate signed(RootKeyKind kind, Der tbs, PrivateKey key) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(kind.signed(tbs.octets(), key)));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the certificate cannot be signed", e);
    }
  }

  private static List<String> certificateLines(X509Certificate certificate, CaTerms terms) {
    List<String> lines = new ArrayList<>();
    lines.add("subject: " + certificate.getSubjectX500Principal().getName());
    lines.add("serial: " + certificate.getSerialNumber().toString(16));
    lines.add("until: " + certificate.getNotAfter().toInstant());
    lines.addAll(terms.lines());
    lines.add("certificate: sha-256 " + digest(certificate));
    return lines;
  }

  static String digest(X509Certificate certificate) {
    try {
      return Digest.of(certificate.getEncoded()).hex();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
