package io.sallyport.cli;

import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code enforce}: enforcement points that this program is itself. */
@Command(name = "enforce", description = "Enforces what is granted, as a registered point.")
final class EnforceCommands extends OptionGroup {
  private final Clock clock;

  EnforceCommands(Options options, Clock clock) {
    super(options);
    this.clock = clock;
  }

  @Command(
      description =
          "Keeps one nftables table of what a point's feed grants, until it is ended; the table stays and times out.")
  void nft(
      @Option(names = "--point", paramLabel = "NAME", required = true, description = "its name")
          String point,
      @Option(
              names = "--dir",
              paramLabel = "DIR",
              required = true,
              description = "the point's folder: key.pem, cert.pem, chain.pem")
          Path dir,
      @Option(
              names = "--table",
              paramLabel = "NAME",
              defaultValue = "sallyport",
              description = "name of the table, of family inet (default: ${DEFAULT-VALUE})")
          String table,
      @Option(
              names = "--interface",
              paramLabel = "NAME",
              description =
                  "repeatable: manage what is forwarded from or to this interface only (default: all that is forwarded)")
          @Nullable
          List<String> interfaces,
      @Option(
              names = "--recovery",
              paramLabel = "ADDRESS/PROTOCOL/PORT",
              converter = Flow.Converter.class,
              description =
                  "repeatable: what every device may reach, a quarantined one too: this server, a remediation service")
          @Nullable
          List<Flow> recovery,
      @Option(
              names = "--netns",
              paramLabel = "NAME",
              description = "network namespace of the table (default: the own one)")
          @Nullable
          String namespace,
      @Option(names = "--once", description = "take one snapshot, acknowledge it, end")
          boolean once) {
    if (!table.matches("[A-Za-z][A-Za-z0-9_]{0,31}")) {
      throw Failure.usage("--table takes up to 32 letters, digits and underscores.");
    }
    DeviceFolder folder = new DeviceFolder(dir);
    Web web = new Web(options.roots(folder.rootFile()), folder.identity());
    try (FeedClient feed = new FeedClient(options.front("devices"), web, point)) {
      NftAgent agent = new NftAgent(
          table,
          feed,
          new Ruleset(
              table,
              interfaces == null ? List.of() : interfaces,
              recovery == null ? List.of() : recovery),
          new Netfilter(namespace),
          options.output(),
          clock);
      if (once) {
        agent.once();
      } else {
        agent.forever();
      }
    }
  }
}
