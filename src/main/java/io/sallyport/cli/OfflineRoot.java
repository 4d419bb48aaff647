package io.sallyport.cli;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V2TBSCertListGenerator;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.cert.X509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.util.io.pem.PemReader;
import org.jspecify.annotations.Nullable;

/**
 * A root that is kept off the server, in a folder: {@code root.key} (PKCS #8, PBES2 with PBKDF2-HMAC-SHA256 and
 * AES-256-CBC), {@code root.pem}, {@code root.crl} once it signed a list, and {@code ceremony.txt}, in which every act is written
 * with digests, each entry over all that stood before it.
 */
final class OfflineRoot {
  /** What OWASP's password storage sheet asks of PBKDF2-HMAC-SHA256. */
  private static final int ITERATIONS = 600_000;

  private static final int SHORTEST_PASSPHRASE = 12;
  private static final int SALT_OCTETS = 16;
  private static final int IV_OCTETS = 16;
  private static final int KEY_OCTETS = 32;
  private static final String JDK = "SUN";
  private static final int SERIAL_BITS = 128;
  private static final Duration BACKDATING = Duration.ofHours(1);
  private static final Map<String, Kind> KINDS = new TreeMap<>(Map.of(
      "ec-p256", new Kind("EC", "secp256r1", "SHA256withECDSA"),
      "ec-p384", new Kind("EC", "secp384r1", "SHA384withECDSA"),
      "rsa-3072", new Kind("RSA", "3072", "SHA256withRSA"),
      "rsa-4096", new Kind("RSA", "4096", "SHA384withRSA"),
      "ed25519", new Kind("Ed25519", "", "Ed25519"),
      "ml-dsa-44", new Kind("ML-DSA-44", "", "ML-DSA-44"),
      "ml-dsa-65", new Kind("ML-DSA-65", "", "ML-DSA-65"),
      "ml-dsa-87", new Kind("ML-DSA-87", "", "ML-DSA-87")));

  private record Kind(String family, String parameter, String signature) {
    /** Private keys of ML-DSA have several encodings: one provider makes, reads and uses them. */
    private boolean own() {
      return family.startsWith("ML-DSA");
    }

    KeyFactory factory() throws GeneralSecurityException {
      return own() ? KeyFactory.getInstance(family, JDK) : KeyFactory.getInstance(family);
    }

    Signature signer() throws GeneralSecurityException {
      return own() ? Signature.getInstance(signature, JDK) : Signature.getInstance(signature);
    }

    KeyPair pair() throws GeneralSecurityException {
      KeyPairGenerator generator =
          own() ? KeyPairGenerator.getInstance(family, JDK) : KeyPairGenerator.getInstance(family);
      if (family.equals("EC")) {
        generator.initialize(new ECGenParameterSpec(parameter));
      } else if (family.equals("RSA")) {
        generator.initialize(Integer.parseInt(parameter));
      }
      return generator.generateKeyPair();
    }
  }

  private final Path folder;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  OfflineRoot(Path folder, Clock clock) {
    this.folder = folder;
    this.clock = clock;
  }

  /** What is to be signed, for people to look at, and how to go on. */
  record Draft(Der tbs, List<String> lines) {}

  X509Certificate certificate() {
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
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw Failure.usage(
          "The passphrase must have at least " + SHORTEST_PASSPHRASE + " characters.");
    }
    Kind made = KINDS.get(kind);
    if (made == null) {
      throw Failure.usage("--key is one of " + String.join(", ", KINDS.keySet()) + ".");
    }
    X500Name name = name(subject);
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
      WholeFile.secret(folder.resolve("root.key"), sealed(pair.getPrivate(), passphrase));
      // Read back before anything rests on it.
      open(passphrase);
      WholeFile.open(folder.resolve("root.pem"), Pem.of(certificate));
      record("root made", certificateLines(certificate, terms));
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
    X509Certificate root = certificate();
    Extensions asked = request.getRequestedExtensions();
    X500Name issuer = X500Name.getInstance(root.getSubjectX500Principal().getEncoded());
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
          kind(root),
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

  X509Certificate sign(Draft draft, char[] passphrase) {
    X509Certificate root = certificate();
    X509Certificate certificate = signed(kind(root), draft.tbs, open(passphrase));
    try {
      certificate.verify(root.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new Failure(
          ExitCode.REFUSED, folder.resolve("root.key") + " is not the key of root.pem.");
    }
    List<String> lines = new ArrayList<>(draft.lines);
    lines.add("serial: " + certificate.getSerialNumber().toString(16));
    lines.add("certificate: sha-256 " + digest(certificate));
    record("certificate signed", lines);
    return certificate;
  }

  /** Signs the next list: what the last one held and has not ended, and more. */
  X509CRL list(Map<BigInteger, Integer> revoked, Duration validity, char[] passphrase) {
    X509Certificate root = certificate();
    Kind kind = kind(root);
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    V2TBSCertListGenerator list = new V2TBSCertListGenerator();
    list.setSignature(algorithm(kind));
    list.setIssuer(X500Name.getInstance(root.getSubjectX500Principal().getEncoded()));
    list.setThisUpdate(new Time(Date.from(now)));
    list.setNextUpdate(new Time(Date.from(now.plus(validity))));
    X509CRL last = last(root);
    Map<BigInteger, Integer> all = new TreeMap<>(revoked);
    if (last != null && last.getRevokedCertificates() != null) {
      for (X509CRLEntry entry : last.getRevokedCertificates()) {
        all.remove(entry.getSerialNumber());
        int reason = entry.getRevocationReason() == null
            ? 0
            : entry.getRevocationReason().ordinal();
        list.addCRLEntry(
            new ASN1Integer(entry.getSerialNumber()), new Time(entry.getRevocationDate()), reason);
      }
    }
    all.forEach((serial, reason) ->
        list.addCRLEntry(new ASN1Integer(serial), new Time(Date.from(now)), reason));
    BigInteger number = last == null ? BigInteger.ONE : number(last).add(BigInteger.ONE);
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          utils()
              .createAuthorityKeyIdentifier(
                  SubjectPublicKeyInfo.getInstance(root.getPublicKey().getEncoded())));
      extensions.addExtension(Extension.cRLNumber, false, new CRLNumber(number));
      list.setExtensions(extensions.generate());
      byte[] tbs = list.generateTBSCertList().getEncoded("DER");
      byte[] encoded = assembled(kind, tbs, open(passphrase));
      X509CRL signed = crl(encoded);
      signed.verify(root.getPublicKey());
      WholeFile.open(folder.resolve("root.crl"), Der.of(encoded).pem("X509 CRL"));
      List<String> lines = new ArrayList<>();
      lines.add("number: " + number);
      lines.add("until: " + now.plus(validity));
      all.forEach((serial, reason) ->
          lines.add("revoked now: " + serial.toString(16) + " for reason " + reason));
      lines.add("list: sha-256 " + Digest.of(encoded).hex());
      record("list signed", lines);
      return signed;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("the list cannot be signed", e);
    }
  }

  private @Nullable X509CRL last(X509Certificate root) {
    Path file = folder.resolve("root.crl");
    if (!Files.exists(file)) {
      if (told().contains("list signed")) {
        throw Failure.usage(
            file
                + " is missing, but ceremony.txt tells of a list: put the last one back, or what it revoked is forgotten.");
      }
      return null;
    }
    try {
      X509CRL last = crl(Pem.octets(file));
      last.verify(root.getPublicKey());
      return last;
    } catch (GeneralSecurityException e) {
      throw Failure.usage(file + " is not a list of this root; put the last one back.");
    }
  }

  private static X509CRL crl(byte[] encoded) throws GeneralSecurityException {
    return (X509CRL)
        CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(encoded));
  }

  private static BigInteger number(X509CRL list) {
    return ASN1Integer.getInstance(
            ASN1OctetString.getInstance(list.getExtensionValue(Extension.cRLNumber.getId()))
                .getOctets())
        .getValue();
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
      Kind kind,
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
    generator.setSignature(algorithm(kind));
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

  private static AlgorithmIdentifier algorithm(Kind kind) {
    return new DefaultSignatureAlgorithmIdentifierFinder().find(kind.signature);
  }

  private static Kind kind(X509Certificate root) {
    return KINDS.values().stream()
        .filter(kind -> kind.signature.equalsIgnoreCase(root.getSigAlgName())
            || algorithm(kind).getAlgorithm().getId().equals(root.getSigAlgOID()))
        .findFirst()
        .orElseThrow(() ->
            Failure.usage("A root that signs by " + root.getSigAlgName() + " is not supported."));
  }

  private static X509Certificate signed(Kind kind, Der tbs, PrivateKey key) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(assembled(kind, tbs.octets(), key)));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the certificate cannot be signed", e);
    }
  }

  private static byte[] assembled(Kind kind, byte[] tbs, PrivateKey key)
      throws GeneralSecurityException, IOException {
    Signature signature = kind.signer();
    signature.initSign(key);
    signature.update(tbs);
    ASN1EncodableVector parts = new ASN1EncodableVector();
    parts.add(ASN1Primitive.fromByteArray(tbs));
    parts.add(algorithm(kind));
    parts.add(new DERBitString(signature.sign()));
    return new DERSequence(parts).getEncoded("DER");
  }

  /** PBES2 (RFC 8018 §6.2) in PKCS #8 (RFC 5958 §3), by the JDK alone. */
  private String sealed(PrivateKey key, char[] passphrase) throws IOException {
    byte[] salt = new byte[SALT_OCTETS];
    byte[] iv = new byte[IV_OCTETS];
    random.nextBytes(salt);
    random.nextBytes(iv);
    PBKDF2Params derivation = new PBKDF2Params(
        salt,
        ITERATIONS,
        KEY_OCTETS,
        new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE));
    PBES2Parameters scheme = new PBES2Parameters(
        new KeyDerivationFunc(PKCSObjectIdentifiers.id_PBKDF2, derivation),
        new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)));
    byte[] encrypted = crypt(Cipher.ENCRYPT_MODE, derivation, iv, key.getEncoded(), passphrase);
    return Der.of(new EncryptedPrivateKeyInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, scheme), encrypted)
            .getEncoded())
        .pem("ENCRYPTED PRIVATE KEY");
  }

  private static byte[] crypt(
      int mode, PBKDF2Params derivation, byte[] iv, byte[] octets, char[] passphrase) {
    try {
      byte[] key = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
          .generateSecret(new PBEKeySpec(
              passphrase,
              derivation.getSalt(),
              derivation.getIterationCount().intValueExact(),
              KEY_OCTETS * Byte.SIZE))
          .getEncoded();
      Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
      cipher.init(mode, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv));
      return cipher.doFinal(octets);
    } catch (BadPaddingException wrong) {
      throw new Failure(ExitCode.REFUSED, "The passphrase does not open the root's key.");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot encrypt the key", e);
    }
  }

  /** Only of the form that {@link #sealed} writes. */
  private PrivateKey open(char[] passphrase) {
    Path file = folder.resolve("root.key");
    byte[] pkcs8;
    try (PemReader reader = new PemReader(new StringReader(Pem.text(file)))) {
      EncryptedPrivateKeyInfo sealed =
          EncryptedPrivateKeyInfo.getInstance(reader.readPemObject().getContent());
      PBES2Parameters scheme =
          PBES2Parameters.getInstance(sealed.getEncryptionAlgorithm().getParameters());
      pkcs8 = crypt(
          Cipher.DECRYPT_MODE,
          PBKDF2Params.getInstance(scheme.getKeyDerivationFunc().getParameters()),
          ASN1OctetString.getInstance(scheme.getEncryptionScheme().getParameters())
              .getOctets(),
          sealed.getEncryptedData(),
          passphrase);
    } catch (IOException | IllegalArgumentException | NullPointerException e) {
      throw Failure.usage(file + " holds no key that this program encrypted.");
    }
    for (Kind kind : KINDS.values()) {
      try {
        return kind.factory().generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      } catch (GeneralSecurityException another) {
        // Tried as the next kind.
      }
    }
    throw new Failure(ExitCode.REFUSED, "The passphrase does not open the root's key.");
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

  /** What revoking takes away: an entry's serial of a certificate that this root signed. */
  BigInteger revocable(Path file) {
    X509Certificate certificate = Pem.certificates(file).getFirst();
    try {
      certificate.verify(certificate().getPublicKey());
      return certificate.getSerialNumber();
    } catch (GeneralSecurityException e) {
      throw Failure.usage(file + " was not signed by this root.");
    }
  }

  /** What was written down so far. */
  private String told() {
    Path file = folder.resolve("ceremony.txt");
    return Files.exists(file) ? Pem.text(file) : "";
  }

  private void record(String act, List<String> lines) {
    Path file = folder.resolve("ceremony.txt");
    String before = told();
    StringBuilder text = new StringBuilder(before);
    text.append(clock.instant().truncatedTo(ChronoUnit.SECONDS)).append(' ').append(act);
    text.append('\n');
    lines.forEach(line -> text.append("  ").append(line.replace('\n', ' ')).append('\n'));
    text.append("  before this: sha-256 ")
        .append(Digest.of(before.getBytes(StandardCharsets.UTF_8)).hex())
        .append('\n');
    WholeFile.open(file, text.toString());
  }
}
