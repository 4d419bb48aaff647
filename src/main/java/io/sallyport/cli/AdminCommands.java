package io.sallyport.cli;

import java.time.Clock;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code admin}: the group of operators' commands. */
@Command(name = "admin", description = "Inventory, policy, certificates and people, for operators.")
final class AdminCommands extends OptionGroup.ForOperators {
  private AdminCommands(Options options) {
    super(options);
  }

  static CommandLine with(Options options, Clock clock) {
    return new CommandLine(new AdminCommands(options))
        .addSubcommand(ManufacturerCommands.with(options))
        .addSubcommand(new FirstContactCommands(options))
        .addSubcommand(new OwnershipCommands(options))
        .addSubcommand(new RegistrationAuthorityCommands(options))
        .addSubcommand(new StationCommands(options))
        .addSubcommand(new RenewalCommands(options))
        .addSubcommand(new ProfileCommands(options))
        .addSubcommand(new CertificateProfileCommands(options))
        .addSubcommand(new InventoryCommands(options))
        .addSubcommand(new BatchCommands(options))
        .addSubcommand(new TokenCommands(options))
        .addSubcommand(new EnrollmentRequestCommands(options))
        .addSubcommand(new VoucherCommands(options))
        .addSubcommand(
            new CommandLine(new PolicyCommands(options)).addSubcommand(new CanaryCommands(options)))
        .addSubcommand(new DecisionCommands(options, clock))
        .addSubcommand(new MudCommands(options))
        .addSubcommand(new EnforcementPointCommands(options))
        .addSubcommand(AuthorityCommands.with(options, clock))
        .addSubcommand(new CertificateCommands(options))
        .addSubcommand(new PkiCommands(options))
        .addSubcommand(new KeyCommands(options))
        .addSubcommand(new RetentionCommands(options))
        .addSubcommand(new ReconcileCommand(options))
        .addSubcommand(new OperatorCommands(options))
        .addSubcommand(new KeycloakCommands(options));
  }
}
