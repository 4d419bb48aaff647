package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.kernel.Der;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin enforcement-point}. */
@Command(
    name = "enforcement-point",
    description = "Firewalls, gateways and brokers that ask for decisions.")
final class EnforcementPointCommands {
  private final Options options;

  EnforcementPointCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Registers a point: its key is made here and stays here, its certificate comes back.")
  void add(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--dir",
              paramLabel = "DIR",
              required = true,
              description = "for key.pem, cert.pem, chain.pem")
          Path dir) {
    try (ApiClient api = options.api()) {
      JsonNode added = add(api, name, new DeviceFolder(dir), options.roots(null));
      options
          .output()
          .result(
              added,
              "Enforcement point " + name + " registered; key and certificate in " + dir + ".");
    }
  }

  /** Registers {@code name} with the key of {@code folder} and keeps there what came back. */
  static JsonNode add(
      ApiClient api, String name, DeviceFolder folder, List<X509Certificate> roots) {
    KeyPair pair = folder.key();
    Der request =
        Requests.forSubject(pair, new X500NameBuilder().addRDN(BCStyle.CN, name).build());
    JsonNode added = api.post(
        "/enforcement-points",
        Json.object()
            .put("name", name)
            .put("kind", "authzen")
            .put("csr", request.pem("CERTIFICATE REQUEST")));
    StringBuilder chain = new StringBuilder();
    added
        .path("chain")
        .forEach(certificate -> chain.append(certificate.asText()).append('\n'));
    try {
      X509Certificate leaf = certificates(added.path("certificate").asText()).getFirst();
      if (!leaf.getPublicKey().equals(pair.getPublic())) {
        throw new Failure(ExitCode.REFUSED, "The server sent a certificate for another key.");
      }
      List<X509Certificate> issuers = chain.isEmpty() ? List.of() : certificates(chain.toString());
      folder.store(EstClient.chain(leaf, issuers, roots));
    } catch (CertificateException e) {
      throw new Failure(ExitCode.REFUSED, "The server sent a certificate that cannot be read.");
    }
    return added;
  }

  @Command(description = "Lists the enforcement points.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/enforcement-points", Map.of(), limit), "name", "kind", "id", "created_at");
    }
  }

  @Command(description = "Withdraws a point and revokes its certificate.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete("/enforcement-points/" + ApiClient.encode(name));
      options
          .output()
          .result(Json.object().put("removed", name), "Enforcement point " + name + " removed.");
    }
  }

  private static List<X509Certificate> certificates(String pem) throws CertificateException {
    return Pem.certificates(pem.getBytes(StandardCharsets.US_ASCII));
  }
}
