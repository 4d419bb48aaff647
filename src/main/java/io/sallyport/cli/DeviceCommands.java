package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code device}: what a device does for itself, over the devices' front. */
@Command(
    name = "device",
    description = "What a device does: enroll, renew, attest, ask for a grant.")
final class DeviceCommands extends OptionGroup {
  private static final String DIR = "the device's folder: key.pem, cert.pem, chain.pem, root.pem";

  private final Clock clock;

  DeviceCommands(Options options, Clock clock) {
    super(options);
    this.clock = clock;
  }

  @Command(
      description = "Gets a first certificate by EST; the same again gives the same certificate.")
  void enroll(
      @Option(names = "--dir", paramLabel = "DIR", required = true, description = DIR) Path dir,
      @Option(
              names = "--idevid-cert",
              paramLabel = "FILE",
              description = "manufacturer's certificate and its issuers")
          @Nullable
          Path idevidCertificate,
      @Option(names = "--idevid-key", paramLabel = "FILE", description = "its key") @Nullable
          Path idevidKey,
      @Option(names = "--token-file", paramLabel = "FILE", description = "a one-time token")
          @Nullable
          Path tokenFile,
      @Option(
              names = "--token",
              description = "a one-time token; others on this machine may see it")
          @Nullable
          String token,
      @Option(names = "--label", description = "the certificate profile to ask for") @Nullable
          String label,
      @Option(names = "--serial", description = "serial number for the request's subject") @Nullable
          String serial) {
    if ((idevidCertificate == null) != (idevidKey == null)) {
      throw Failure.usage("--idevid-cert and --idevid-key go together.");
    }
    if (token != null && tokenFile != null) {
      throw Failure.usage("Give --token or --token-file, not both.");
    }
    String secret = tokenFile == null ? token : Pem.text(tokenFile).strip();
    if (secret == null && idevidCertificate == null) {
      throw Failure.usage(
          "A device shows who it is by --idevid-cert with --idevid-key, or by --token-file.");
    }
    Identity idevid = idevidCertificate == null || idevidKey == null
        ? null
        : Identity.read(idevidCertificate, idevidKey);
    DeviceFolder folder = new DeviceFolder(dir);
    KeyPair pair = folder.key();
    X500Name subject = serial == null && idevid != null
        ? Requests.deviceName(idevid.leaf())
        : Requests.deviceName(serial);
    List<X509Certificate> roots = options.roots(folder.rootFile());
    try (Web web = new Web(roots, idevid)) {
      EstClient est = new EstClient(options.front("devices"), web, roots);
      EstClient.Issued issued = est.enroll(
          "simpleenroll", label, Requests.forSubject(pair, subject), pair.getPublic(), secret);
      folder.store(issued);
      tell("Enrolled", issued.certificate(), dir);
    }
  }

  @Command(description = "Gets the successor of the present certificate by EST.")
  void renew(
      @Option(names = "--dir", paramLabel = "DIR", required = true, description = DIR) Path dir,
      @Option(names = "--rekey", description = "with a new key") boolean rekey,
      @Option(names = "--label", description = "the certificate profile to ask for") @Nullable
          String label) {
    DeviceFolder folder = new DeviceFolder(dir);
    Identity identity = folder.identity();
    KeyPair pair = rekey ? folder.nextKey() : folder.key();
    List<X509Certificate> roots = options.roots(folder.rootFile());
    try (Web web = new Web(roots, identity)) {
      EstClient est = new EstClient(options.front("devices"), web, roots);
      EstClient.Issued issued = est.enroll(
          "simplereenroll",
          label,
          Requests.likeCertificate(pair, identity.leaf()),
          pair.getPublic(),
          null);
      folder.store(issued);
      tell("Renewed", issued.certificate(), dir);
    }
  }

  @Command(description = "Reports firmware and boot state, signed by the device's key.")
  void attest(
      @Option(names = "--dir", paramLabel = "DIR", required = true, description = DIR) Path dir,
      @Option(names = "--firmware", required = true, description = "the firmware's name")
          String firmware,
      @Option(names = "--version", required = true, description = "its version") String version,
      @Option(names = "--digest", required = true, description = "sha-256:… of its image")
          String digest,
      @Option(
              names = "--secure-boot",
              negatable = true,
              defaultValue = "true",
              fallbackValue = "true",
              description = "whether the boot was verified (default: it was)")
          boolean secureBoot) {
    try (DeviceClient device = device(dir)) {
      JsonNode result =
          device.attest(new DeviceClient.Report(firmware, version, digest, secureBoot));
      if (options.json) {
        options.output().show(result);
        return;
      }
      options
          .output()
          .say("Appraised: " + result.path("status").asText() + ", until "
              + result.path("expires_at").asText() + ".");
      result
          .path("claims")
          .properties()
          .forEach(claim -> options
              .output()
              .say("  " + claim.getKey() + ": "
                  + claim.getValue().path("tier").asText() + " ("
                  + claim.getValue().path("value").asText() + ") "
                  + claim.getValue().path("reason").asText()));
    }
  }

  @Command(description = "Asks for a grant; the token stands alone on standard output.")
  void grant(
      @Option(names = "--dir", paramLabel = "DIR", required = true, description = DIR) Path dir,
      @Option(
              names = "--flow",
              paramLabel = "PEER/PROTOCOL/PORT",
              converter = Flow.Converter.class,
              description = "repeatable; without it all that policy allows")
          @Nullable
          List<Flow> flows) {
    try (DeviceClient device = device(dir)) {
      JsonNode grant =
          device.tryGrant(flows == null ? List.of() : flows).orFail().json();
      options.output().result(grant, grant.path("access_token").asText());
    }
  }

  private DeviceClient device(Path dir) {
    DeviceFolder folder = new DeviceFolder(dir);
    Identity identity = folder.identity();
    Web web = new Web(options.roots(folder.rootFile()), identity);
    return new DeviceClient(options.front("devices"), web, identity, clock);
  }

  private void tell(String done, X509Certificate certificate, Path dir) {
    String serial = certificate.getSerialNumber().toString(16);
    ObjectNode result = Json.object()
        .put("serial", serial)
        .put("subject", certificate.getSubjectX500Principal().getName())
        .put("not_after", certificate.getNotAfter().toInstant().toString())
        .put("dir", dir.toString());
    options
        .output()
        .result(
            result,
            done + ": certificate " + serial + " until "
                + certificate.getNotAfter().toInstant() + " in " + dir + ".");
  }
}
