package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.retention.Retention;
import io.sallyport.retention.Retention.Hold;
import io.sallyport.retention.Retention.Planned;
import io.sallyport.retention.Retention.Standing;
import io.sallyport.retention.Retention.Term;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What is kept for how long, what goes when, and the hold that stops all dropping. */
@Path(Api.V1 + "/retention")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "audit")
class RetentionResource {
  private static final int USUAL_DAYS = 366;
  /** Beyond that a date means nothing. */
  private static final int MOST_DAYS = 100 * 366;

  private static final int MOST_REASON = 200;

  private final Retention retention;
  private final Caller caller;
  private final Once once;
  private final Clock clock;

  RetentionResource(Retention retention, Caller caller, Once once, Clock clock) {
    this.retention = retention;
    this.caller = caller;
    this.once = once;
    this.clock = clock;
  }

  @GET
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "getRetention",
      summary = "How long records are kept, and whether dropping is on hold")
  public RetentionView get() {
    return RetentionView.of(retention.standing());
  }

  @GET
  @Path("plan")
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "planRetention",
      summary = "What will be dropped, the soonest first, and what stands in its way now")
  public Items<PlannedView> plan(
      @QueryParam("days")
          @Parameter(
              description = "How far to look ahead.",
              schema =
                  @Schema(
                      type = SchemaType.INTEGER,
                      minimum = "0",
                      maximum = "36600",
                      defaultValue = "366"))
          @Nullable
          String days) {
    LocalDate by = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC)
        .plusDays(Fields.number("days", days, USUAL_DAYS, 0, MOST_DAYS));
    return new Items<>(retention.plan(by).stream().map(PlannedView::of).toList(), null);
  }

  @POST
  @Path("hold")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "holdRetention",
      summary = "Stop all dropping, on every node, until it is lifted",
      description = "Repeatable: a hold that stands keeps its time and reason.")
  public RetentionView hold(@Nullable HoldRequest body) {
    String reason = Fields.required("reason", Fields.body(body).reason());
    if (reason.isBlank() || reason.length() > MOST_REASON) {
      throw new Refusal(
          CommonProblem.INVALID,
          "\"reason\" must say in at most " + MOST_REASON + " characters why nothing may go.");
    }
    return once.run(200, () -> RetentionView.of(retention.hold(reason, caller.actor())));
  }

  @POST
  @Path("lift")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(operationId = "liftRetention", summary = "Lift the hold")
  public RetentionView lift() {
    return once.run(200, () -> RetentionView.of(retention.lift(caller.actor())));
  }

  /** Why nothing may go. */
  @Schema(name = "RetentionHoldRequest")
  record HoldRequest(
      @Schema(description = "Kept in the log, 1 to 200 characters.") @Nullable
      String reason) {}

  /** How records are kept. */
  @Schema(name = "Retention")
  record RetentionView(
      List<TermView> terms,

      @Schema(nullable = true, description = "What stops the dropping, or null.") @Nullable
      HoldView hold,

      @Schema(
          nullable = true,
          description =
              "Since when the clock has gone on without a jump; nothing is dropped before it has for a day.")
      @Nullable
      Instant clockSteadySince) {
    RetentionView {
      terms = List.copyOf(terms);
    }

    static RetentionView of(Standing standing) {
      Hold hold = standing.hold();
      return new RetentionView(
          standing.terms().stream().map(TermView::of).toList(),
          hold == null ? null : new HoldView(hold.since(), hold.by(), hold.reason()),
          standing.steadySince());
    }
  }

  /** One kind of record. */
  @Schema(name = "RetentionTerm")
  record TermView(
      @Schema(enumeration = {"facts", "decisions", "inputs", "certificates"})
      String records,

      @Schema(description = "ISO 8601; of certificates from their end on.")
      String term,

      @Schema(nullable = true, description = "The first day of what is kept, null for all.")
      @Nullable
      LocalDate keptFrom,

      @Schema(nullable = true, description = "Until when there are partitions, null for ever.")
      @Nullable
      LocalDate partitionsUntil,

      int partitionsKept,
      int partitionsDropped) {
    static TermView of(Term term) {
      return new TermView(
          term.kind().word(),
          "P" + term.term().toDays() + "D",
          term.oldest(),
          term.ahead(),
          term.kept(),
          term.dropped());
    }
  }

  /** A hold on all dropping. */
  @Schema(name = "RetentionHold")
  record HoldView(
      @Schema(nullable = true, description = "Null when the settings of this node say so.")
      @Nullable
      Instant since,

      @Schema(nullable = true) @Nullable String by,

      String reason) {}

  /** A partition that will go. */
  @Schema(name = "RetentionPlanned")
  record PlannedView(
      @Schema(enumeration = {"facts", "decisions", "inputs", "certificates"})
      String records,

      String partition,

      @Schema(nullable = true, description = "The first day in it, null for everything before.")
      @Nullable
      LocalDate from,

      @Schema(description = "The first day after it.") LocalDate before,

      @Schema(description = "The day from which it may go.") LocalDate goes,

      @Schema(description = "About how large it is.") long octets,

      @Schema(description = "About how many stand in it, as far as the database knows.")
      long count,

      @Schema(nullable = true, description = "Since when the log says that it will go.") @Nullable
      Instant announcedAt,

      @Schema(nullable = true, description = "What stands in its way now, or null.") @Nullable
      String obstacle) {
    static PlannedView of(Planned planned) {
      return new PlannedView(
          planned.kind().word(),
          planned.name(),
          planned.begin(),
          planned.end(),
          planned.goes(),
          planned.octets(),
          planned.records(),
          planned.announced(),
          planned.obstacle());
    }
  }
}
