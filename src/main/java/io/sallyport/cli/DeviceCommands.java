package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Der;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code device}: what a device does for itself, over the devices' front. */
@Command(
    name = "device",
    description = "What a device does: enroll, renew, attest, ask for a grant.")
final class DeviceCommands extends OptionGroup {
  private static final String DIR =
      "the device's folder: key.pem or key.uri, cert.pem, chain.pem, root.pem";

  private static final String KEY =
      "where the key is made: \"tpm\", or a PKCS#11 URI (RFC 7512) with module-path and pin-source (default: key.pem)";

  private static final Duration POLL = Duration.ofSeconds(5);
  private static final Duration LONGEST_POLL = Duration.ofMinutes(5);

  @Option(
      names = "--proxy",
      paramLabel = "URL",
      scope = ScopeType.INHERIT,
      description = "an HTTP proxy, http://[USER:PASSWORD@]HOST:PORT (default: $HTTPS_PROXY)")
  @Nullable
  String proxy;

  private final Clock clock;

  DeviceCommands(Options options, Clock clock) {
    super(options);
    this.clock = clock;
  }

  @Command(
      description =
          "Gets a first certificate by EST. Repeat it after any failure: it goes on where it was, and does nothing when it is done.")
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
          String serial,
      @Option(names = "--key", paramLabel = "PLACE", description = KEY) @Nullable String key,
      @Option(
              names = "--server-key",
              description = "let the server make the key (EST serverkeygen)")
          boolean serverKey,
      @Option(
              names = "--again",
              description = "also when the folder has a certificate that need not be renewed yet")
          boolean again,
      @Option(
              names = "--wait",
              paramLabel = "DURATION",
              description = "how long to wait for an approval, such as PT10M")
          @Nullable
          Duration wait) {
    if ((idevidCertificate == null) != (idevidKey == null)) {
      throw Failure.usage("--idevid-cert and --idevid-key go together.");
    }
    if (token != null && tokenFile != null) {
      throw Failure.usage("Give --token or --token-file, not both.");
    }
    if (serverKey && key != null) {
      throw Failure.usage("Give --key or --server-key, not both.");
    }
    String secret = tokenFile == null ? token : Pem.text(tokenFile).strip();
    if (secret == null && idevidCertificate == null) {
      throw Failure.usage(
          "A device shows who it is by --idevid-cert with --idevid-key, or by --token-file.");
    }
    Identity idevid = idevidCertificate == null || idevidKey == null
        ? null
        : Identity.read(idevidCertificate, idevidKey);
    if (key != null && !key.equals(DeviceFolder.TPM)) {
      TokenUri.parse(key);
    }
    DeviceFolder folder = new DeviceFolder(dir, key);
    if (!again && folder.enrolled() && isFresh(folder.certificate())) {
      tell("Enrolled already", folder.certificate(), dir);
      return;
    }
    // What the server makes the key for is asked for by one that is thrown away.
    KeyPair pair = serverKey ? Requests.newKey() : folder.key();
    X500Name subject = serial == null && idevid != null
        ? Requests.deviceName(idevid.leaf())
        : Requests.deviceName(serial);
    List<X509Certificate> roots = options.roots(folder.rootFile());
    try (Web web = web(roots, idevid)) {
      EstClient est = new EstClient(options.front("devices"), web, roots);
      Der request = est.asked(label).request(pair, subject);
      if (serverKey) {
        EstClient.Generated generated = est.generate(label, request, secret);
        folder.store(generated);
        tell("Enrolled", generated.issued().certificate(), dir);
        return;
      }
      Instant end = clock.instant().plus(wait == null ? Duration.ZERO : wait);
      Answer answer = est.tryEnroll("simpleenroll", label, request, secret);
      for (;
          answer.status() == 202;
          answer = est.tryEnroll("simpleenroll", label, request, secret)) {
        if (!awaited(answer, end)) {
          break;
        }
      }
      EstClient.Issued issued = est.issued(answer, pair.getPublic());
      folder.store(issued);
      tell("Enrolled", issued.certificate(), dir);
    }
  }

  /** Waits as long as the server asks; false when that would be too long. */
  private boolean awaited(Answer answer, Instant end) {
    long seconds = answer
        .headers()
        .firstValue("Retry-After")
        .filter(text -> text.matches("[0-9]{1,6}"))
        .map(Long::parseLong)
        .orElse(POLL.toSeconds());
    Duration pause = Duration.ofSeconds(Math.clamp(seconds, 1, LONGEST_POLL.toSeconds()));
    if (clock.instant().plus(pause).isAfter(end)) {
      return false;
    }
    try {
      Thread.sleep(pause);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Lives, and more than a third of its life is left. */
  private boolean isFresh(X509Certificate certificate) {
    Instant begin = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    Instant now = clock.instant();
    return !now.isBefore(begin)
        && now.isBefore(end.minus(Duration.between(begin, end).dividedBy(3)));
  }

  private Web web(List<X509Certificate> roots, @Nullable Identity identity) {
    String named = proxy != null
        ? proxy
        : options.variable("HTTPS_PROXY") != null
            ? options.variable("HTTPS_PROXY")
            : options.variable("https_proxy");
    return new Web(roots, identity, named == null ? null : HttpProxy.parse(named));
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
    try (Web web = web(roots, identity)) {
      EstClient est = new EstClient(options.front("devices"), web, roots);
      EstClient.Issued issued = est.enroll(
          "simplereenroll",
          label,
          Requests.likeCertificate(pair, identity.leaf(), est.asked(label).extensions()),
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
    Web web = web(options.roots(folder.rootFile()), identity);
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
