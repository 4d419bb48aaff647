package io.sallyport.cli;

import java.io.Console;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin authority offline-sign}. */
@Command(
    name = "offline-sign",
    description =
        "Signs an authority's request by a root in a folder, without any server. Shows first what it signs.")
final class OfflineSignCommand implements Runnable {
  private static final Duration LIFE = Duration.ofDays(5 * 365);

  private final Options options;
  private final Clock clock;

  @Parameters(paramLabel = "DIR")
  Path folder = Path.of("");

  @Option(names = "--request", paramLabel = "FILE", required = true)
  Path request = Path.of("");

  @Option(names = "--out", paramLabel = "FILE", required = true)
  Path out = Path.of("");

  @Option(names = "--root-name", paramLabel = "NAME", defaultValue = "root")
  String rootName = "root";

  @Option(
      names = "--status-url",
      paramLabel = "URL",
      description = "where the server serves the root's list, if the request does not say")
  @Nullable
  URI statusUrl;

  @ArgGroup(exclusive = false)
  OtherTerms other = new OtherTerms();

  @Option(names = "--yes", description = "sign without asking")
  boolean yes;

  @Mixin
  RootPassphrase passphrase = new RootPassphrase();

  OfflineSignCommand(Options options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Override
  public void run() {
    OfflineRoot root = new OfflineRoot(folder, clock);
    PKCS10CertificationRequest asked = OfflineRoot.request(request);
    OfflineRoot.Draft draft = root.draft(
        asked,
        other.over(OfflineRoot.terms(asked.getRequestedExtensions())),
        other.validity == null ? LIFE : other.validity,
        statusUrl == null ? null : statusUrl.toString(),
        rootName);
    draft.lines().forEach(options.output()::say);
    confirm();
    X509Certificate signed = root.sign(draft, passphrase.read());
    WholeFile.open(out, Pem.of(signed));
    options
        .output()
        .result(
            Json.object()
                .put("certificate", Pem.of(signed))
                .put("sha256", OfflineRoot.digest(signed)),
            "Signed; the certificate is in " + out + " and has sha-256 "
                + OfflineRoot.digest(signed) + ".");
  }

  private void confirm() {
    if (yes) {
      return;
    }
    Console console = System.console();
    if (console == null) {
      throw Failure.usage(
          "There is no terminal to ask on; look at what is signed, then add --yes.");
    }
    if (!"sign".equals(console.readLine("Type \"sign\" to sign this: "))) {
      throw new Failure(ExitCode.REFUSED, "Nothing was signed.");
    }
  }
}
