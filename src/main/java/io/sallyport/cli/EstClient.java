package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.util.Store;
import org.jspecify.annotations.Nullable;

/** Enrollment over Secure Transport (RFC 7030, RFC 8951, RFC 9908): all of its operations but fullcmc. */
final class EstClient {
  private static final String BASE = "/.well-known/est/";

  private final URI server;
  private final Web web;
  private final List<X509Certificate> roots;

  /** @param roots what an issued certificate must lead to, and nothing that a server sends */
  EstClient(URI server, Web web, List<X509Certificate> roots) {
    this.server = server;
    this.web = web;
    this.roots = List.copyOf(roots);
  }

  /** A certificate and the issuers below the root. */
  record Issued(X509Certificate certificate, List<X509Certificate> issuers, X509Certificate root) {
    Issued {
      issuers = List.copyOf(issuers);
    }
  }

  /** A certificate whose key the server made. */
  record Generated(PrivateKey key, Issued issued) {}

  List<X509Certificate> cacerts() {
    HttpRequest request = Web.to(server.resolve(BASE + "cacerts")).GET().build();
    Answer answer = web.send(request).orFail();
    return certificates(answer.request(), answer.body());
  }

  /** What requests must have; nothing when the server says nothing. */
  AskedRequest asked(@Nullable String label) {
    Answer answer =
        web.send(Web.to(server.resolve(path(label, "csrattrs"))).GET().build());
    if (answer.status() != 200) {
      return AskedRequest.NOTHING;
    }
    try {
      return AskedRequest.read(Base64.getMimeDecoder().decode(answer.body()));
    } catch (IllegalArgumentException e) {
      throw MultipartMixed.unreadable("it does not say what a request must have");
    }
  }

  private static String path(@Nullable String label, String operation) {
    return BASE + (label == null ? "" : ApiClient.encode(label) + "/") + operation;
  }

  /** Sends a CSR; any status comes back. {@code token} goes as HTTP Basic. */
  Answer tryEnroll(String operation, @Nullable String label, Der request, @Nullable String token) {
    HttpRequest.Builder http = Web.to(server.resolve(path(label, operation)))
        .header("Content-Type", "application/pkcs10")
        .header("Content-Transfer-Encoding", "base64")
        .POST(BodyPublishers.ofString(Base64.getMimeEncoder().encodeToString(request.octets())));
    if (token != null) {
      byte[] credentials = ("device:" + token).getBytes(StandardCharsets.UTF_8);
      http.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials));
    }
    return web.send(http.build());
  }

  /** Enrolls and checks that the answer is for {@code key} and leads to a root; otherwise a {@link Failure}. */
  Issued enroll(
      String operation,
      @Nullable String label,
      Der request,
      PublicKey key,
      @Nullable String token) {
    return issued(tryEnroll(operation, label, request, token), key);
  }

  Issued issued(Answer answer, PublicKey key) {
    requireIssued(answer);
    return issued(certificates(answer.request(), answer.body()), key);
  }

  private static void requireIssued(Answer answer) {
    answer.orFail();
    if (answer.status() == 202) {
      String later = answer.headers().firstValue("Retry-After").orElse("some");
      throw new Failure(
          ExitCode.PENDING,
          "Approval is pending; repeat the same command in " + later + " s, or use --wait.");
    }
  }

  /** serverkeygen: a key and its certificate; {@code request} is not signed by that key. */
  Generated generate(@Nullable String label, Der request, @Nullable String token) {
    Answer answer = tryEnroll("serverkeygen", label, request, token);
    requireIssued(answer);
    List<MultipartMixed.Part> parts = MultipartMixed.parts(
        answer.headers().firstValue("Content-Type").orElse(null), answer.body());
    byte[] key = part(parts, "application/pkcs8").octets();
    byte[] cms = part(parts, "application/pkcs7-mime").octets();
    PrivateKey made = Pem.privateKey(key);
    return new Generated(made, issued(certsOnly(answer.request(), cms), Requests.publicHalf(made)));
  }

  private static MultipartMixed.Part part(List<MultipartMixed.Part> parts, String mediaType) {
    return MultipartMixed.first(parts, mediaType)
        .orElseThrow(() -> MultipartMixed.unreadable("it has no part " + mediaType));
  }

  private Issued issued(List<X509Certificate> sent, PublicKey key) {
    X509Certificate leaf = sent.stream()
        .filter(certificate -> certificate.getPublicKey().equals(key))
        .findFirst()
        .orElseThrow(() -> new Failure(
            ExitCode.REFUSED, "The server sent no certificate for the key that asked."));
    List<X509Certificate> known = new ArrayList<>(sent);
    known.addAll(cacerts());
    return chain(leaf, known, roots);
  }

  /** The path from {@code leaf} over {@code known} issuers to one of {@code roots}; otherwise a {@link Failure}. */
  static Issued chain(
      X509Certificate leaf, List<X509Certificate> known, List<X509Certificate> roots) {
    try {
      X509CertSelector target = new X509CertSelector();
      target.setCertificate(leaf);
      PKIXBuilderParameters parameters = new PKIXBuilderParameters(
          roots.stream().map(root -> new TrustAnchor(root, null)).collect(Collectors.toSet()),
          target);
      parameters.setRevocationEnabled(false);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(known)));
      PKIXCertPathBuilderResult found =
          (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
      List<X509Certificate> path = found.getCertPath().getCertificates().stream()
          .map(X509Certificate.class::cast)
          .toList();
      return new Issued(
          leaf, path.subList(1, path.size()), found.getTrustAnchor().getTrustedCert());
    } catch (GeneralSecurityException e) {
      throw new Failure(
          ExitCode.REFUSED,
          wrongTime(leaf)
              .orElse("The certificate that came back does not lead to the trusted root."));
    }
  }

  /** The server backdates what it issues by some minutes, which does not help a clock that is an hour behind. */
  private static Optional<String> wrongTime(X509Certificate leaf) {
    try {
      leaf.checkValidity();
      return Optional.empty();
    } catch (CertificateNotYetValidException e) {
      return Optional.of(
          "By this machine's clock the certificate that came back is not valid before "
              + leaf.getNotBefore().toInstant()
              + ": set the clock and repeat the command, which gives the same certificate.");
    } catch (CertificateExpiredException e) {
      return Optional.of("By this machine's clock the certificate that came back ended at "
          + leaf.getNotAfter().toInstant() + ": is the clock right?");
    }
  }

  /** @param base64 a certs-only CMS message, with line breaks or without */
  static List<X509Certificate> certificates(String request, byte[] base64) {
    try {
      return certsOnly(request, Base64.getMimeDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw notCertsOnly(request);
    }
  }

  /** The certificates of a degenerate CMS SignedData (RFC 5272 §4.1). */
  static List<X509Certificate> certsOnly(String request, byte[] cms) {
    try {
      Store<X509CertificateHolder> store = new CMSSignedData(cms).getCertificates();
      List<X509Certificate> certificates = new ArrayList<>();
      for (X509CertificateHolder holder : store.getMatches(null)) {
        certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
      }
      return certificates;
    } catch (CMSException | GeneralSecurityException | RuntimeException e) {
      // The parser below has unchecked exceptions of many kinds for what is no CMS.
      throw notCertsOnly(request);
    }
  }

  private static Failure notCertsOnly(String request) {
    return new Failure(
        ExitCode.REFUSED, request + " answered with what is not a certs-only message.");
  }
}
