package io.sallyport.admin.api;

import io.sallyport.admin.api.PointViews.EnforcementView;
import io.sallyport.decommission.Decommissions.Run;
import io.sallyport.decommission.Decommissions.Step;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** A decommissioning, step by step. */
@Schema(name = "DecommissionRun")
record DecommissionView(
    UUID device,
    String revocationReason,
    String reason,
    String startedBy,
    Instant startedAt,
    @Schema(nullable = true) @Nullable Instant finishedAt,
    List<StepView> steps,

    @Schema(description = "What is withdrawn at each point that has to be told.")
    List<EnforcementView> enforcements) {
  DecommissionView {
    steps = List.copyOf(steps);
    enforcements = List.copyOf(enforcements);
  }

  /** A step. */
  @Schema(name = "DecommissionStep")
  record StepView(
      @Schema(enumeration = {"wipe", "deny-and-revoke", "tell", "tombstone"})
      String name,

      @Schema(enumeration = {"waiting", "open", "skipped", "done", "unconfirmed"})
      String state,

      @Schema(nullable = true) @Nullable Instant at,

      @Schema(nullable = true, description = "Who confirmed it.") @Nullable
      String by,

      String detail) {
    static StepView of(Step step) {
      return new StepView(
          step.name().word(), step.state().word(), step.at(), step.by(), step.detail());
    }
  }

  static DecommissionView of(Run run) {
    return new DecommissionView(
        run.device(),
        run.reason().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        run.note(),
        run.startedBy(),
        run.startedAt(),
        run.finishedAt(),
        run.steps().stream().map(StepView::of).toList(),
        run.enforcements().stream().map(EnforcementView::of).toList());
  }
}
