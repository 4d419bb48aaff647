package io.sallyport.testing;

import io.sallyport.testing.Peers.Said;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** SoftHSM 2 with tokens of its own. */
public final class SoftHsm {
  private static final List<Path> LIBRARIES = List.of(
      Path.of("/usr/lib/softhsm/libsofthsm2.so"),
      Path.of("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
      Path.of("/usr/lib64/pkcs11/libsofthsm2.so"));

  private final Path folder;

  private SoftHsm(Path folder) {
    this.folder = folder;
  }

  /** Goes on only where SoftHSM is installed. */
  public static SoftHsm in(Path folder) {
    Peers.need("softhsm2-util", "pkcs11-tool");
    try {
      SoftHsm made = new SoftHsm(Files.createDirectories(folder));
      Files.createDirectories(made.tokens());
      Files.writeString(
          made.configuration(),
          "directories.tokendir = " + made.tokens()
              + "\nobjectstore.backend = file\nlog.level = ERROR\n");
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static String library() {
    return LIBRARIES.stream()
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() -> new AssertionError("libsofthsm2.so is not where it is looked for"))
        .toString();
  }

  public Path configuration() {
    return folder.resolve("softhsm2.conf");
  }

  private Path tokens() {
    return folder.resolve("tokens");
  }

  /** The library that this very process loads reads this configuration from now on. */
  public SoftHsm here() {
    try (Arena arena = Arena.ofConfined()) {
      Linker linker = Linker.nativeLinker();
      int answer = (int) linker
          .downcallHandle(
              linker.defaultLookup().find("setenv").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT))
          .invokeExact(
              arena.allocateFrom("SOFTHSM2_CONF"),
              arena.allocateFrom(configuration().toString()),
              1);
      if (answer != 0) {
        throw new IllegalStateException("setenv gave " + answer);
      }
      return this;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  public SoftHsm token(String label, String pin) {
    run(
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        pin,
        "--so-pin",
        "56785678");
    return this;
  }

  /** Asks pkcs11-tool, which is another program, as the token's user. */
  public String ask(String label, String pin, String... more) {
    String[] command = new String[7 + more.length];
    System.arraycopy(
        new String[] {
          "pkcs11-tool", "--module", library(), "--token-label", label, "--login", "--pin=" + pin
        },
        0,
        command,
        0,
        7);
    System.arraycopy(more, 0, command, 7, more.length);
    return run(command);
  }

  private String run(String... command) {
    Said said = Peers.run(folder, Map.of("SOFTHSM2_CONF", configuration().toString()), command);
    return said.orFail();
  }

  public void takeAway() {
    move(tokens(), folder.resolve("away"));
  }

  public void putBack() {
    move(folder.resolve("away"), tokens());
  }

  private static void move(Path from, Path to) {
    try {
      Files.move(from, to);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
