package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;

/** Records the refusal of a change (law 8) that is not answered by an error page but shown in its form. */
@Singleton
final class RefusedForms {
  private final Caller caller;
  private final Audit audit;

  RefusedForms(Caller caller, Audit audit) {
    this.caller = caller;
    this.audit = audit;
  }

  /** @param form the path of the form, as its resource has it */
  void record(String form, Refusal refusal) {
    audit.recordRefusal(Fact.of("request.refused", caller.actor(), "request", form)
        .with("method", "POST")
        .with("problem", refusal.problem().slug()));
  }
}
