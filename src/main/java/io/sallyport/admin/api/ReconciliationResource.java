package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.ServedAlways;
import io.sallyport.audit.Reconciliation;
import io.sallyport.audit.Reconciliation.Closed;
import io.sallyport.audit.Reconciliation.Gap;
import io.sallyport.kernel.Refusal;
import io.sallyport.marks.Marks;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Brings a database forward that went back (law 9); served while nothing else is. */
@Path(Api.V1 + "/reconciliation")
@ServedAlways
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "audit")
class ReconciliationResource {
  /** More do not fit the limit of a body. */
  private static final int MOST_IN_A_PART = 10_000;

  private final Reconciliation reconciliation;
  private final Marks marks;
  private final Caller caller;

  ReconciliationResource(Reconciliation reconciliation, Marks marks, Caller caller) {
    this.reconciliation = reconciliation;
    this.marks = marks;
    this.caller = caller;
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "getReconciliation",
      summary = "Whether the database has reached the marks outside of it, and what it lacks")
  public StandingView get() {
    Refusal refusal = marks.refusal();
    Gap gap = reconciliation.gap();
    return new StandingView(
        refusal == null,
        refusal == null ? null : refusal.problem().slug(),
        refusal == null ? null : refusal.detail(),
        gap.sealed(),
        gap.needed());
  }

  @DELETE
  @Path("parts")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "forgetLostFacts",
      summary = "Forget every part that was brought: the beginning of an export")
  public void forget() {
    reconciliation.forget();
  }

  @PUT
  @Path("parts/{after}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "bringLostFacts",
      summary =
          "Bring a part of the log that the database lost; repeatable, believed only when it is whole")
  public PartView bring(@PathParam("after") String after, @Nullable Part body) {
    Part part = Fields.body(body);
    List<String> facts = part.facts() == null ? List.of() : part.facts();
    List<String> checkpoints = part.checkpoints() == null ? List.of() : part.checkpoints();
    if (facts.size() > MOST_IN_A_PART || checkpoints.size() > MOST_IN_A_PART) {
      throw Fields.malformed("facts", "are more than " + MOST_IN_A_PART);
    }
    long from = Fields.number("after", after, 0, 0, Long.MAX_VALUE / 2);
    reconciliation.bring(
        from, facts.stream().map(ReconciliationResource::octets).toList(), checkpoints);
    return new PartView(from + facts.size());
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "reconcile",
      summary = "Put what was brought in its place, and serve again",
      description =
          "All in one commit: the lost facts at their positions, what they took away from devices and certificates,"
              + " serials that were issued meanwhile revoked, list numbers raised.")
  public ReconciledView reconcile(@Nullable Act body) {
    Act act = Fields.body(body);
    if (act.acceptClock() != null) {
      reconciliation.acceptClock(caller.actor(), Fields.text("accept_clock", act.acceptClock()));
      return ReconciledView.NOTHING;
    }
    return ReconciledView.of(reconciliation.close(
        caller.actor(),
        Boolean.TRUE.equals(act.dryRun()),
        act.acceptLoss() == null ? null : Fields.text("accept_loss", act.acceptLoss()),
        act.brought()));
  }

  private static byte[] octets(String leaf) {
    try {
      return Base64.getDecoder().decode(leaf);
    } catch (IllegalArgumentException e) {
      throw Fields.malformed("facts", "are not base64");
    }
  }

  /** Where the database stands. */
  @Schema(name = "Reconciliation")
  record StandingView(
      @Schema(description = "Whether this node serves.") boolean serving,

      @Schema(
          description = "behind-marks, clock-behind or marks-unusable; null while it serves.",
          nullable = true)
      @Nullable
      String problem,

      @Schema(description = "Why it does not, and what to do.", nullable = true) @Nullable
      String detail,

      @Schema(description = "Facts under a checkpoint in this database.")
      long sealed,

      @Schema(description = "Facts that were signed, as far as any node knows.")
      long needed) {}

  /** A part of the log. */
  @Schema(name = "LostPart")
  record Part(
      @Schema(description = "Base64 of the exact octets of each leaf, in order.") @Nullable
      List<String> facts,

      @Schema(description = "Signed notes.") @Nullable List<String> checkpoints) {}

  /** How far it was brought. */
  @Schema(name = "LostPartBrought")
  record PartView(
      @Schema(description = "Position of the last fact of the part.")
      long to) {}

  /** What is to be done. */
  @Schema(name = "ReconciliationAct")
  record Act(
      @Schema(description = "Does everything and takes it back.") @Nullable
      Boolean dryRun,

      @Schema(
          description =
              "A reason: take the clock as it is, because what was signed in the future cannot be helped.")
      @Nullable
      String acceptClock,

      @Schema(
          description =
              "A reason: what was signed and cannot be brought is lost; the log goes on under another name.")
      @Nullable
      String acceptLoss,

      @Schema(
          description =
              "The size of the largest checkpoint that was brought, 0 for none: refused when another export is there.")
      @Nullable
      Long brought) {}

  /** What was done. */
  @Schema(name = "Reconciled")
  record ReconciledView(
      @Schema(description = "Facts under a checkpoint before.")
      long from,

      @Schema(description = "The same now.") long to,

      @Schema(description = "Lost facts that were acted upon, by kind.")
      Map<String, Long> done,

      @Schema(
          description =
              "Lost facts that somebody has to act upon again: by kind, what they are about, a hundred at most.")
      Map<String, Set<String>> byHand,

      @Schema(description = "Facts recorded about it.") int recorded) {
    static final ReconciledView NOTHING = new ReconciledView(0, 0, Map.of(), Map.of(), 1);

    static ReconciledView of(Closed closed) {
      return new ReconciledView(
          closed.from(), closed.to(), closed.done(), closed.byHand(), closed.recorded());
    }
  }
}
