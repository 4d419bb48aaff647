package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo, as the launcher runs it. */
class DemoIT {
  private static final int PATIENCE_SECONDS = 180;

  @TempDir
  static Path folder;

  @Test
  void theDemoEndsWellAndLeavesNothingRunning() throws IOException, InterruptedException {
    Path apps = Path.of("target", "quarkus-app").toAbsolutePath();
    Path output = folder.resolve("demo.txt");
    ProcessBuilder builder = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            apps + "/app/*:" + apps + "/lib/main/*:" + apps + "/lib/boot/*",
            "io.sallyport.cli.Sallyport",
            "demo",
            "--data",
            folder.resolve("demo").toString())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SALLYPORT_"));
    builder.environment().put("SALLYPORT_HOME", Path.of("").toAbsolutePath().toString());
    builder
        .environment()
        .put("SALLYPORT_JAVA_OPTS", String.join(" ", ServerProcess.launcherOptions()));

    Process demo = builder.start();
    if (!demo.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      demo.destroy();
    }

    int code = demo.waitFor();
    String told = Files.readString(output);
    assertEquals(0, code, told);
    assertTrue(told.contains("steps as expected"), told);
    List<ProcessHandle> left = ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
        .toList();
    assertEquals(List.of(), left, "nothing is left running");
  }
}
