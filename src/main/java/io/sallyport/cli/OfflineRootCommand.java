package io.sallyport.cli;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code admin authority offline-root}. */
@Command(
    name = "offline-root",
    description =
        "Makes a root in a folder, without any server: an encrypted key, a certificate, a record of the ceremony.")
final class OfflineRootCommand implements Runnable {
  private static final Duration LIFE = Duration.ofDays(20 * 365);

  private final Options options;
  private final Clock clock;

  @Parameters(paramLabel = "DIR", description = "best on a medium that is locked away")
  Path folder = Path.of("");

  @ArgGroup(exclusive = false, multiplicity = "1")
  WantedAuthority wanted = new WantedAuthority();

  @Mixin
  RootPassphrase passphrase = new RootPassphrase();

  OfflineRootCommand(Options options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Override
  public void run() {
    X509Certificate root = new OfflineRoot(folder, clock)
        .create(
            wanted.subject,
            wanted.key,
            wanted.validity(LIFE),
            wanted.terms(wanted.pathLength),
            passphrase.choose());
    options
        .output()
        .result(
            Json.object().put("certificate", Pem.of(root)).put("sha256", OfflineRoot.digest(root)),
            "The root is in " + folder + "; its certificate has sha-256 " + OfflineRoot.digest(root)
                + ".");
  }
}
