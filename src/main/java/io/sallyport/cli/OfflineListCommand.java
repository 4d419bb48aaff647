package io.sallyport.cli;

import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin authority offline-list}. */
@Command(
    name = "offline-list",
    description =
        "Signs the next revocation list of a root in a folder, without any server; what the last one held stays in it.")
final class OfflineListCommand implements Runnable {
  /** Those that end an authority (RFC 5280 §5.3.1). */
  private static final Map<String, Integer> REASONS = new TreeMap<>(Map.of(
      "ca-compromise", 2,
      "affiliation-changed", 3,
      "superseded", 4,
      "cessation-of-operation", 5));

  private final Options options;
  private final Clock clock;

  @Parameters(paramLabel = "DIR")
  Path folder = Path.of("");

  @Option(
      names = "--revoke",
      paramLabel = "FILE",
      description = "the certificate of an authority to revoke; may be repeated")
  List<Path> revoked = List.of();

  @Option(
      names = "--reason",
      defaultValue = "ca-compromise",
      description =
          "of these: ca-compromise, affiliation-changed, superseded or cessation-of-operation (default: ${DEFAULT-VALUE})")
  String reason = "ca-compromise";

  @Option(
      names = "--validity",
      paramLabel = "DURATION",
      defaultValue = "P180D",
      description = "until the next one (default: ${DEFAULT-VALUE})")
  Duration validity = Duration.ofDays(180);

  @Mixin
  RootPassphrase passphrase = new RootPassphrase();

  OfflineListCommand(Options options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Override
  public void run() {
    Integer code = REASONS.get(reason);
    if (code == null) {
      throw Failure.usage("--reason is one of " + String.join(", ", REASONS.keySet()) + ".");
    }
    RootList list = new RootList(folder, clock);
    Map<BigInteger, Integer> serials = new TreeMap<>();
    revoked.forEach(file -> serials.put(list.revocable(file), code));
    list.sign(serials, validity, passphrase.read());
    options
        .output()
        .result(
            Json.object().put("list", Pem.text(folder.resolve("root.crl"))),
            "The list is in " + folder.resolve("root.crl") + "; hand it in with \"admin authority"
                + " import-list\".");
  }
}
