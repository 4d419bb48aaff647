package io.sallyport.boot;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.Authorities;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/** A first start whose root is kept off the server: requests go out as files, certificates come back as files. */
@Singleton
final class OfflineRoot {
  private final Authorities authorities;
  private final BootSettings settings;

  OfflineRoot(Authorities authorities, BootSettings settings) {
    this.authorities = authorities;
    this.settings = settings;
  }

  /** Takes up root.pem and a certificate for each authority, or refuses to start and says what to sign. */
  void adopt(DataFolder folder, SortedMap<String, String> issuing) {
    DataFolder handedIn =
        settings.certificates().map(Path::of).map(DataFolder::new).orElse(folder);
    List<String> steps = new ArrayList<>();
    List<String> requests = new ArrayList<>();
    Map<String, Der> certified = new LinkedHashMap<>();
    issuing.forEach((name, subject) -> {
      Der request = authorities.request(name, Authorities.ROOT, subject, KeyAlgorithm.EC_P256);
      folder.write(name + ".csr", request.pem("CERTIFICATE REQUEST"));
      certificate(handedIn, name + ".pem")
          .ifPresentOrElse(certificate -> certified.put(name, certificate), () -> {
            steps.add("sign " + folder.path(name + ".csr")
                + " as a CA with path length 0 and put the certificate into "
                + handedIn.path(name + ".pem"));
            requests.add(name + ".csr:\n" + request.pem("CERTIFICATE REQUEST"));
          });
    });
    Optional<Der> root = certificate(handedIn, "root.pem");
    if (root.isEmpty()) {
      steps.add("put the root's certificate into " + handedIn.path("root.pem"));
    }
    if (!steps.isEmpty()) {
      throw new StartRefused(
          "The root is kept off this server (set SALLYPORT_ROOT=here to let it make one). Then start again after these steps:\n  "
              + String.join("\n  ", steps)
              // In a container the data folder is gone with the refused start; its log is not.
              + "\n"
              + String.join("\n", requests));
    }
    try {
      authorities.adopt(Authorities.ROOT, root.orElseThrow(), certified);
    } catch (Refusal refusal) {
      throw new StartRefused(refusal.detail());
    }
  }

  private static Optional<Der> certificate(DataFolder folder, String name) {
    return folder.read(name).map(pem -> {
      try {
        return Der.of(CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
            .getEncoded());
      } catch (GeneralSecurityException e) {
        throw new StartRefused(folder.path(name) + " cannot be read as a certificate in PEM.");
      }
    });
  }
}
