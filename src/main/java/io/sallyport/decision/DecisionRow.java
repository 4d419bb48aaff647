package io.sallyport.decision;

import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Effect;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A decision as it is logged. What came from outside is JSON in ASCII, so that no character of it can spoil a line, and
 * the same line comes out of the columns again.
 *
 * @param at to the microsecond
 * @param question a JSON object
 * @param reasons a JSON array
 * @param keys what it is found by; follows from the rest, so it is not in the line
 * @param inputs null when the policies were not asked
 */
record DecisionRow(
    UUID id,
    Instant at,
    String askedBy,
    @Nullable UUID device,
    String question,
    boolean permit,
    String reasons,
    String policyHash,
    @Nullable UUID appraisal,
    Keys keys,
    @Nullable Inputs inputs) {
  /** The longest DNS name in text (RFC 1035 §2.3.4); a longer peer is none, and has no place in an index. */
  private static final int LONGEST_PEER = 253;

  private static final Logger LOG = Logger.getLogger(DecisionRow.class);
  private static final int LONGEST_PROTOCOL = 16;
  private static final int LONGEST_CAUSE = 200;
  private static final String POLICY = "policy ";

  /**
   * What a decision is found by.
   *
   * @param effect as AuthZEN answers it: {@code permit}, {@code deny}, {@code indeterminate}, {@code not-evaluated}
   * @param cause what the first reason is about: {@code policy NAME}, or the words before its first colon
   * @param rule the name of the rule that decided, or null
   * @param peer in lower case; null without a flow, and for what is no name or address
   */
  record Keys(
      String effect,
      String cause,
      @Nullable String rule,
      @Nullable String peer,
      @Nullable String protocol,
      @Nullable Integer port) {
    private static Keys of(Decision decision, @Nullable RequestedFlow flow) {
      return new Keys(
          DecisionRow.word(decision.verdict().effect()),
          DecisionRow.cause(decision.reasons().getFirst(), decision.verdict().policy()),
          decision.verdict().rule(),
          flow == null ? null : plain(flow.peer(), LONGEST_PEER),
          flow == null ? null : plain(flow.protocol(), LONGEST_PROTOCOL),
          flow == null ? null : flow.port());
    }
  }

  static DecisionRow of(Answered answered) {
    Decision decision = answered.decision();
    return new DecisionRow(
        decision.id(),
        answered.at().truncatedTo(ChronoUnit.MICROS),
        answered.asker().toString(),
        decision.device(),
        question(answered),
        decision.permit(),
        JsonText.array(decision.reasons()),
        decision.verdict().policyHash(),
        decision.appraisal(),
        Keys.of(decision, answered.flow()),
        inputs(answered.question()));
  }

  private static @Nullable Inputs inputs(@Nullable Question question) {
    if (question == null) {
      return null;
    }
    try {
      Inputs inputs = Inputs.of(question);
      return inputs.body().length() <= Inputs.MOST_CHARACTERS
          ? inputs
          : new Inputs(inputs.hash(), "");
    } catch (RuntimeException e) {
      // The decision is logged whatever its inputs are; a replay tells that it has none of them.
      LOG.warn("The inputs of a decision cannot be written down", e);
      return Inputs.of("");
    }
  }

  /** The canonical line: a JSON array of the columns in order, as strings, and a line feed. */
  String line() {
    return JsonText.array(List.of(
            id.toString(),
            at.toString(),
            askedBy,
            Objects.toString(device, ""),
            question,
            Boolean.toString(permit),
            reasons,
            policyHash,
            Objects.toString(appraisal, ""),
            inputs == null ? "" : inputs.hash().hex()))
        + "\n";
  }

  /** SHA-256 over the canonical lines, in order. */
  static Digest digest(List<DecisionRow> rows) {
    return Digest.of(rows.stream()
        .map(row -> row.line().getBytes(StandardCharsets.US_ASCII))
        .toArray(byte[][]::new));
  }

  private static String question(Answered answered) {
    Digest thumbprint = answered.thumbprint();
    RequestedFlow flow = answered.flow();
    String address = answered.place().address();
    return JsonText.write(json -> {
      json.writeStartObject();
      if (thumbprint != null) {
        json.writeStringField("thumbprint", thumbprint.hex());
      }
      if (flow != null) {
        json.writeStringField("peer", flow.peer());
        json.writeStringField("protocol", flow.protocol());
        json.writeNumberField("port", flow.port());
        if (flow.protocol().equals("icmp") && flow.port() != 0) {
          json.writeStringField(
              "icmp_type", IcmpTypes.text(flow.port(), flow.peer()).orElse(""));
        }
        if (flow.direction() == Direction.TO_DEVICE) {
          json.writeStringField("direction", "to-device");
        }
      }
      if (address != null) {
        json.writeStringField("address", address);
      }
      json.writeEndObject();
    });
  }

  static String word(Effect effect) {
    return effect.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What {@code reason} is about; {@code policy} is the one that decided, if one did. */
  static String cause(String reason, @Nullable String policy) {
    if (policy != null && reason.startsWith(POLICY)) {
      return POLICY + policy;
    }
    int end = 0;
    while (end < reason.length() && ":,;".indexOf(reason.charAt(end)) < 0) {
      end++;
    }
    String cause = reason.startsWith("no policy ") ? "no policy" : reason.substring(0, end);
    String plain = cause.replaceAll("[^\\x20-\\x7e]", "?");
    return plain.length() <= LONGEST_CAUSE ? plain : plain.substring(0, LONGEST_CAUSE);
  }

  private static @Nullable String plain(String asked, int longest) {
    return asked.length() <= longest && asked.chars().allMatch(c -> c > 0x20 && c < 0x7f)
        ? asked.toLowerCase(Locale.ROOT)
        : null;
  }
}
