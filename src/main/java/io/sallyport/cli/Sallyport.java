package io.sallyport.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The command line of Sallyport: {@code admin}, {@code device}, {@code enforce}, {@code audit}, {@code demo}, {@code bench}.
 *
 * <p>Without {@code --json} results go to standard output and faults, one sentence, to standard error. With {@code --json}
 * standard output holds exactly one JSON value, be it the result or the fault, and standard error nothing (stack traces
 * with {@code --debug} aside); the exit code tells which. A fault is a problem of RFC 9457: the server's own where it sent
 * one, with the Retry-After header as {@code retry_after}; {@code about:blank} with the status where it answered otherwise;
 * {@code urn:sallyport:client:} with {@code usage}, {@code refused}, {@code unreachable}, {@code unavailable} or
 * {@code internal} where this program found the fault. The exit codes are those of {@link ExitCode} either way.
 */
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
      if (options.json || wantsJson(command, given)) {
        String fault = sentence(String.valueOf(wrong.getMessage()));
        tell(out, Failure.problem(ExitCode.USAGE, fault));
        return ExitCode.USAGE.number();
      }
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
        if (options.json) {
          tell(out, failure.problem());
          return failure.code().number();
        }
        err.println(Output.printable(failure.sentence()));
        return failure.code().number();
      }
      if (options.json) {
        tell(out, Failure.problem(ExitCode.INTERNAL, failed.toString()));
        return ExitCode.INTERNAL.number();
      }
      err.println(
          "A fault of this program: " + failed + (options.debug ? "" : " (more with --debug)"));
      return ExitCode.INTERNAL.number();
    });
    return line.execute(arguments);
  }

  static CommandLine commandLine(Options options) {
    Clock clock = Clock.systemUTC();
    CommandLine line = new CommandLine(options)
        .addSubcommand(AdminCommands.with(options, clock))
        .addSubcommand(new DeviceCommands(options, clock))
        .addSubcommand(new EnforceCommands(options, clock))
        .addSubcommand(new AuditCommands(options))
        .addSubcommand(new DemoCommand(options, clock))
        .addSubcommand(new BenchCommand(options, clock));
    return Converters.in(line);
  }

  /**
   * Whether --json stands on a command line that could not be read to its end. Where the command has a --json of its own
   * that names a file (bench), it does not ask for this.
   */
  private static boolean wantsJson(CommandLine command, String... given) {
    OptionSpec own = command.getCommandSpec().findOption("--json");
    if (own != null && own.type() == Path.class) {
      return false;
    }
    return Arrays.stream(given)
        .takeWhile(argument -> !argument.equals("--"))
        .anyMatch("--json"::equals);
  }

  private static void tell(PrintWriter out, ObjectNode problem) {
    out.println(Json.pretty(problem));
    out.flush();
  }

  private static String pathOf(CommandLine command) {
    String name = command.getCommandSpec().qualifiedName(" ");
    return name.contains(" ") ? name.substring(name.indexOf(' ') + 1) + " " : "";
  }

  private static String sentence(String text) {
    return text.endsWith(".") ? text : text + ".";
  }
}
