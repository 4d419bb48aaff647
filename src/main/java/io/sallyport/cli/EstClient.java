package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedData;
import org.jspecify.annotations.Nullable;

/** Enrollment over Secure Transport (RFC 7030, RFC 8951): cacerts, simpleenroll, simplereenroll. */
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

  List<X509Certificate> cacerts() {
    HttpRequest request = Web.to(server.resolve(BASE + "cacerts")).GET().build();
    return certificates(web.send(request).orFail());
  }

  /** Sends a CSR; any status comes back. {@code token} goes as HTTP Basic. */
  Answer tryEnroll(String operation, @Nullable String label, Der request, @Nullable String token) {
    String path = BASE + (label == null ? "" : ApiClient.encode(label) + "/") + operation;
    HttpRequest.Builder http = Web.to(server.resolve(path))
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
    answer.orFail();
    if (answer.status() == 202) {
      String later = answer.headers().firstValue("Retry-After").orElse("some");
      throw new Failure(
          ExitCode.PENDING,
          "Approval is pending; repeat the same command in " + later + " s, or use --wait.");
    }
    List<X509Certificate> sent = certificates(answer);
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
          ExitCode.REFUSED, "The certificate that came back does not lead to the trusted root.");
    }
  }

  private static List<X509Certificate> certificates(Answer answer) {
    try {
      byte[] cms = Base64.getMimeDecoder().decode(answer.body());
      Collection<X509CertificateHolder> holders =
          new CMSSignedData(cms).getCertificates().getMatches(null);
      List<X509Certificate> certificates = new ArrayList<>();
      for (X509CertificateHolder holder : holders) {
        certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
      }
      return certificates;
    } catch (CMSException | GeneralSecurityException | IllegalArgumentException e) {
      throw new Failure(
          ExitCode.REFUSED, answer.request() + " answered with what is not a certs-only message.");
    }
  }
}
