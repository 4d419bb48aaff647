package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonRawValue;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.DecisionHistory;
import io.sallyport.decision.DecisionHistory.Filter;
import io.sallyport.decision.DecisionHistory.LoggedDecision;
import io.sallyport.decision.DecisionHistory.Outcome;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What was decided, for whom, and from what. */
@Path(Api.V1 + "/decisions")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "decisions")
class DecisionsResource {
  private static final int MOST_PORT = 65_535;

  private final DecisionHistory history;
  private final Devices devices;
  private final Caller caller;

  DecisionsResource(DecisionHistory history, Devices devices, Caller caller) {
    this.history = history;
    this.devices = devices;
    this.caller = caller;
  }

  /** Which decisions. */
  public static class Sought {
    @QueryParam("device")
    @Parameter(description = "Its id; whoever sees some sites only must name one of theirs.")
    @Nullable
    String device;

    @QueryParam("peer")
    @Parameter(description = "The name or address that was asked for.")
    @Nullable
    String peer;

    @QueryParam("protocol")
    @Nullable
    String protocol;

    @QueryParam("port")
    @Parameter(schema = @Schema(type = SchemaType.INTEGER, minimum = "0", maximum = "65535"))
    @Nullable
    String port;

    @QueryParam("policy")
    @Parameter(description = "The policy that decided.")
    @Nullable
    String policy;

    @QueryParam("rule")
    @Parameter(description = "The rule in it.")
    @Nullable
    String rule;

    @QueryParam("reason")
    @Parameter(
        description =
            "What the first reason is about, such as stale, state or credential; with a colon in it, how the first reason"
                + " begins.")
    @Nullable
    String reason;

    @QueryParam("outcome")
    @Parameter(
        description = "deny is whatever is no permit.",
        schema = @Schema(enumeration = {"permit", "deny", "indeterminate", "not-evaluated"}))
    @Nullable
    String outcome;

    @QueryParam("asked-by")
    @Parameter(description = "Kind and name of the asker, such as enforcement-point:firewall-1.")
    @Nullable
    String askedBy;

    @QueryParam("since")
    @Parameter(description = "An instant, such as 2027-01-31T08:00:00Z; from it on.")
    @Nullable
    String since;

    @QueryParam("until")
    @Parameter(description = "An instant; before it.")
    @Nullable
    String until;

    private Filter filter() {
      if ("icmp".equals(protocol) && port != null) {
        throw Fields.malformed("port", "is nothing that icmp has");
      }
      return new Filter(
          device == null ? null : Fields.uuid("device", device),
          text("peer", peer),
          text("protocol", protocol),
          port == null ? null : (int) Fields.number("port", port, 0, 0, MOST_PORT),
          text("policy", policy),
          text("rule", rule),
          text("reason", reason),
          outcome == null ? null : outcome(outcome),
          text("asked-by", askedBy),
          instant("since", since),
          instant("until", until));
    }

    private static @Nullable String text(String name, @Nullable String value) {
      return value == null ? null : Fields.text(name, value);
    }

    private static @Nullable Instant instant(String name, @Nullable String value) {
      if (value == null) {
        return null;
      }
      try {
        return Instant.parse(value);
      } catch (DateTimeException e) {
        throw Fields.malformed(name, "is not an instant such as 2027-01-31T08:00:00Z");
      }
    }

    private static Outcome outcome(String word) {
      return Arrays.stream(Outcome.values())
          .filter(outcome -> word(outcome).equals(word))
          .findFirst()
          .orElseThrow(() -> Fields.malformed(
              "outcome",
              "is none of "
                  + Arrays.stream(Outcome.values())
                      .map(Sought::word)
                      .collect(Collectors.joining(", "))));
    }

    private static String word(Outcome outcome) {
      return outcome.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listDecisions",
      summary = "Logged decisions, newest first",
      description =
          "All denials, and the share of the permits that is logged. A page looks at a bounded number of decisions: it may"
              + " hold few, or none, and still have a next one.")
  public Items<DecisionView> list(@BeanParam Sought sought, @BeanParam Paging paging) {
    Filter filter = sought.filter();
    if (filter.device() != null) {
      devices.get(filter.device(), caller.sites());
    } else if (!caller.sites().isEmpty()) {
      throw new Refusal(
          CommonProblem.FORBIDDEN,
          "You see the devices of some sites only; name one of them as \"device\".");
    }
    return paging.of(
        "decisions", (cursor, limit) -> history.find(filter, cursor, limit), DecisionView::of);
  }

  @GET
  @Path("{id}")
  @Requires(Right.READ)
  @Operation(
      operationId = "getDecision",
      summary = "A logged decision, with what it was computed from")
  public DecisionDetail get(@PathParam("id") UUID id) {
    LoggedDecision decision = history.find(id).orElseThrow(DecisionsResource::unknown);
    if (!caller.sites().isEmpty()) {
      UUID device = decision.device();
      if (device == null) {
        throw unknown();
      }
      devices.get(device, caller.sites());
    }
    String inputs = decision.inputs();
    return new DecisionDetail(
        DecisionView.of(decision),
        inputs == null ? null : history.inputs(inputs).orElse(null));
  }

  private static Refusal unknown() {
    return new Refusal(
        CommonProblem.NOT_FOUND,
        "There is no such decision in the log; it holds all denials and a share of the permits.");
  }

  /** A decision, as people see it. */
  @Schema(name = "LoggedDecision")
  record DecisionView(
      UUID id,
      Instant at,
      String askedBy,

      @Schema(nullable = true, description = "Null when no known device was meant.") @Nullable
      UUID device,

      @Schema(nullable = true, description = "Null when it was asked what is permitted at all.")
      @Nullable
      String peer,

      @Schema(nullable = true) @Nullable String protocol,

      @Schema(nullable = true, description = "0 of icmp.") @Nullable
      Integer port,

      @Schema(nullable = true, description = "Of icmp; null for all types.") @Nullable
      String icmpType,

      @Schema(
          nullable = true,
          enumeration = {"from-device", "to-device"})
      @Nullable
      String direction,

      @Schema(enumeration = {"permit", "deny", "indeterminate", "not-evaluated"})
      String outcome,

      List<String> reasons,

      @Schema(nullable = true, description = "The rule that decided.") @Nullable
      String rule,

      @Schema(description = "The set of policies that was in force.")
      String policyHash,

      @Schema(nullable = true) @Nullable UUID appraisal,

      @Schema(
          nullable = true,
          description =
              "SHA-256 of what the policies were told of the device; null when they had no say.")
      @Nullable
      String inputsHash) {
    static DecisionView of(LoggedDecision decision) {
      RequestedFlow flow = decision.flow();
      String effect = decision.effect();
      return new DecisionView(
          decision.id(),
          decision.at(),
          decision.askedBy(),
          decision.device(),
          flow == null ? null : flow.peer(),
          flow == null ? null : flow.protocol(),
          flow == null ? null : IcmpTypes.port(flow),
          flow == null ? null : IcmpTypes.type(flow).orElse(null),
          flow == null
              ? null
              : flow.direction() == Direction.FROM_DEVICE ? "from-device" : "to-device",
          effect != null ? effect : decision.permit() ? "permit" : "deny",
          decision.reasons(),
          decision.rule(),
          decision.policyHash(),
          decision.appraisal(),
          decision.inputs());
    }
  }

  /** A decision with what it was computed from. */
  @Schema(name = "LoggedDecisionDetail")
  record DecisionDetail(
      DecisionView decision,

      @Schema(
          type = SchemaType.OBJECT,
          nullable = true,
          description =
              "Subject, posture and signals as the policies saw them; null when they had no say, or it is not kept.")
      @JsonRawValue
      @Nullable
      String inputs) {}
}
