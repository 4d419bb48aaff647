package io.sallyport.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** The command line of Sallyport: {@code admin}, {@code device}, {@code audit}, {@code demo}, {@code bench}. */
public final class Sallyport {
  private Sallyport() {}

  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(arguments, out, err, System.getenv()));
  }

  /** Runs one command and returns its exit code. */
  static int run(
      String[] arguments, PrintWriter out, PrintWriter err, Map<String, String> environment) {
    Options options = new Options(environment, out);
    CommandLine line = commandLine(options);
    line.setOut(out);
    line.setErr(err);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    line.setParameterExceptionHandler((wrong, given) -> {
      CommandLine command = wrong.getCommandLine();
      err.println(sentence(String.valueOf(wrong.getMessage())));
      err.println("Usage: " + command.getHelp().synopsis(0).strip());
      err.println("More with: sallyport " + pathOf(command) + "--help");
      return ExitCode.USAGE.number();
    });
    line.setExecutionExceptionHandler((failed, command, result) -> {
      if (options.debug) {
        failed.printStackTrace(err);
      }
      if (failed instanceof Failure failure) {
        err.println(Output.printable(failure.sentence()));
        return failure.code().number();
      }
      err.println(
          "A fault of this program: " + failed + (options.debug ? "" : " (more with --debug)"));
      return ExitCode.INTERNAL.number();
    });
    return line.execute(arguments);
  }

  static CommandLine commandLine(Options options) {
    Clock clock = Clock.systemUTC();
    return new CommandLine(options)
        .addSubcommand(AdminCommands.with(options))
        .addSubcommand(new DeviceCommands(options, clock))
        .addSubcommand(new AuditCommands(options))
        .addSubcommand(new DemoCommand(options, clock))
        .addSubcommand(new BenchCommand(options, clock));
  }

  private static String pathOf(CommandLine command) {
    String name = command.getCommandSpec().qualifiedName(" ");
    return name.contains(" ") ? name.substring(name.indexOf(' ') + 1) + " " : "";
  }

  private static String sentence(String text) {
    return text.endsWith(".") ? text : text + ".";
  }
}
