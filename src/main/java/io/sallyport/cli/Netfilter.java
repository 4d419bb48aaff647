package io.sallyport.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The programs {@code nft} and {@code conntrack}, in this network namespace or a named one. */
final class Netfilter {
  private static final int PATIENCE_SECONDS = 20;
  private static final int MOST_SAID = 4096;

  private final List<String> prefix;

  /** @param namespace as of {@code ip netns}, or null for the own one */
  Netfilter(@Nullable String namespace) {
    this(namespace == null ? List.of() : List.of("ip", "netns", "exec", namespace));
  }

  /** @param prefix the words before each program's */
  Netfilter(List<String> prefix) {
    this.prefix = List.copyOf(prefix);
  }

  /** Gives the kernel one batch: all of it or nothing. */
  void commit(ObjectNode batch) {
    Said said = run(Json.octets(batch), "nft", "-j", "-f", "-");
    if (said.code != 0) {
      throw new Failure(ExitCode.REFUSED, "nft refused a batch: " + said.words);
    }
  }

  boolean hasTable(String name) {
    return run(new byte[0], "nft", "list", "tables", "inet")
        .words
        .lines()
        .anyMatch(("table inet " + name)::equals);
  }

  /** Forgets connections; there may be none. */
  void forget(String... which) {
    List<String> command = new ArrayList<>(List.of("conntrack", "-D"));
    command.addAll(List.of(which));
    run(new byte[0], command.toArray(String[]::new));
  }

  private record Said(int code, String words) {}

  private Said run(byte[] input, String... command) {
    List<String> all = new ArrayList<>(prefix);
    all.addAll(List.of(command));
    try {
      Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
      Thread.startVirtualThread(() -> feed(process, input));
      byte[] said;
      try (InputStream output = process.getInputStream()) {
        said = output.readNBytes(MOST_SAID);
        output.transferTo(OutputStream.nullOutputStream());
      }
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new Failure(ExitCode.INTERNAL, command[0] + " does not end.");
      }
      return new Said(process.exitValue(), new String(said, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw Failure.usage(
          command[0] + " cannot be run: " + e.getMessage() + ". Install nftables and conntrack.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.INTERNAL, "Interrupted while " + command[0] + " ran.");
    }
  }

  private static void feed(Process process, byte[] input) {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input);
    } catch (IOException e) {
      // It ended without reading; its exit code and its words tell.
    }
  }
}
