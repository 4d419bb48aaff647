package io.sallyport.cli;

import java.io.Console;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the passphrase of a root's key comes from: a file, or else the terminal. */
final class RootPassphrase {
  private static final String OPTION = "--passphrase-file";

  @Option(
      names = OPTION,
      paramLabel = "FILE",
      description = "the passphrase of the root's key; without it the terminal is asked")
  @Nullable
  Path file;

  char[] read() {
    return read(false);
  }

  /** The same word twice, where it is typed. */
  char[] choose() {
    return read(true);
  }

  private char[] read(boolean twice) {
    if (file != null) {
      return Pem.text(file).strip().toCharArray();
    }
    Console console = System.console();
    if (console == null) {
      throw Failure.usage("There is no terminal to ask on; name a file with " + OPTION + ".");
    }
    char[] typed = console.readPassword("Passphrase of the root's key: ");
    if (twice && !Arrays.equals(typed, console.readPassword("Again: "))) {
      throw Failure.usage("The passphrases differ.");
    }
    return typed == null ? new char[0] : typed;
  }
}
