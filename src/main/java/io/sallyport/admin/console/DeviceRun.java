package io.sallyport.admin.console;

import io.sallyport.decommission.Decommissions.Run;
import io.sallyport.decommission.Decommissions.Step;
import java.util.List;

/** The run that decommissions it. */
record DeviceRun(Run run, String reason, List<StepRow> steps) {
  static DeviceRun of(Run run) {
    return new DeviceRun(
        run,
        DevicePages.word(run.reason()),
        run.steps().stream()
            .map(step ->
                new StepRow(step, step.name().word().replace('-', ' '), Tag.of(step.state())))
            .toList());
  }

  /** A step of a run. */
  record StepRow(Step step, String name, Tag state) {}
}
