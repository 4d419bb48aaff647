package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.FlowIndex.Entry;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Selection.Left;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Effect;
import io.sallyport.policy.Verdict.Network;
import io.sallyport.policy.Verdict.Observed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The answering of one question: forbids first, over all that select the device; then the first permit in order of name
 * whose posture and conditions hold. A forbid of which it cannot be found out whether it applies forbids. For one thread.
 */
final class Evaluation {
  private final String hash;
  private final Selection selection;
  private final Question question;
  private final Attributes attributes;
  private final Observing observing;

  Evaluation(String hash, Selection selection, Question question) {
    this.hash = hash;
    this.selection = selection;
    this.question = question;
    this.attributes = new Attributes(question);
    this.observing = new Observing(hash, selection, question, attributes);
  }

  Verdict verdict() {
    RequestedFlow flow = question.flow();
    return flow == null ? everything() : one(flow);
  }

  /**
   * A forbid that meets the asked flow.
   *
   * @param unknown why it could not be found out whether it applies, or null when it applies
   */
  record Bite(Entry entry, @Nullable Shortfall unknown) {
    List<String> reasons() {
      List<String> said = entry.rule().reasons();
      return unknown == null
          ? said
          : List.of(said.getFirst() + " until it is known whether it applies: " + unknown.words());
    }

    /** The one among {@code forbids} that meets {@code flow}: rather one that is known to apply. */
    static @Nullable Bite of(
        FlowIndex forbids, RequestedFlow flow, @Nullable IpPrefix address, Attributes attributes) {
      Bite unknown = null;
      for (Entry entry : forbids.find(flow, address)) {
        if (entry.rule().meetsPort(flow.port())) {
          Shortfall shortfall = entry.policy().shortfall(attributes);
          if (shortfall == null) {
            return new Bite(entry, null);
          }
          if (shortfall.unknown() && unknown == null) {
            unknown = new Bite(entry, shortfall);
          }
        }
      }
      return unknown;
    }
  }

  private Verdict one(RequestedFlow flow) {
    IpPrefix address = IpPrefix.parseAddress(flow.peer());
    Bite bite = Bite.of(selection.denied(), flow, address, attributes);
    boolean unknown = false;
    Entry lenient = null;
    if (bite == null || bite.unknown() != null) {
      AccessPolicy failed = null;
      for (Entry entry : selection.allowed().find(flow, address)) {
        AccessPolicy policy = entry.policy();
        if (policy == failed || !entry.rule().hasPort(flow.port())) {
          continue;
        }
        Shortfall shortfall = shortfall(policy);
        Left left = shortfall == null && bite == null ? selection.left(policy, attributes) : null;
        if (left != null && left.flows() != null) {
          return permitted(entry, left.flows(), left.end(), observing.forbidden(flow, address));
        }
        if (lenient == null && shortfall != null && policy.isLenient(attributes)) {
          lenient = entry;
        }
        unknown |= shortfall == null || shortfall.unknown();
        failed = policy;
      }
    }
    Verdict observed = bite == null ? observing.one(flow, address, lenient) : null;
    if (observed != null) {
      return observed;
    }
    Effect effect = bite != null && bite.unknown() == null
        ? Effect.DENY
        : unknown ? Effect.INDETERMINATE : unmet(bite);
    return new Denial(hash, selection, attributes).verdict(effect, question, bite);
  }

  private Effect unmet(@Nullable Bite bite) {
    return bite == null && selection.permits().isEmpty() ? Effect.NOT_EVALUATED : Effect.DENY;
  }

  private @Nullable Shortfall shortfall(AccessPolicy permit) {
    return attributes.quarantined() ? Denial.QUARANTINED : permit.shortfall(attributes);
  }

  private Verdict permitted(
      Entry entry, List<AllowedFlow> flows, @Nullable Instant end, List<Observed> observed) {
    AccessPolicy policy = entry.policy();
    return new Verdict(
        Effect.PERMIT,
        policy.terms().isTimed() ? exceptionally(entry) : entry.rule().reasons(),
        policy.name(),
        entry.rule().name(),
        hash,
        flows,
        policy.ttl(),
        end,
        entry.rule().essential(),
        null,
        policy.network(),
        observed);
  }

  /** A permit that nobody would have given otherwise says who answers for it. */
  private List<String> exceptionally(Entry entry) {
    List<String> reasons = new ArrayList<>(entry.rule().reasons());
    Terms terms = entry.policy().terms();
    Terms.Waiver waiver = terms.waiver(attributes);
    if (waiver != null) {
      reasons.add("policy " + entry.policy().name() + ": " + waiver.words());
    }
    if (terms.breakGlass() != null) {
      reasons.add("policy " + entry.policy().name() + ": " + terms.breakGlass().words());
    }
    return reasons;
  }

  private Verdict everything() {
    Effect effect = selection.permits().isEmpty() ? Effect.NOT_EVALUATED : Effect.DENY;
    List<String> reasons = new ArrayList<>();
    Set<AllowedFlow> flows = new LinkedHashSet<>();
    AccessPolicy first = null;
    Duration ttl = Duration.ZERO;
    Network network = null;
    Instant end = null;
    boolean cut = false;
    List<AccessPolicy> through = new ArrayList<>();
    for (AccessPolicy policy : selection.permits()) {
      Shortfall shortfall = shortfall(policy);
      if (shortfall == null) {
        through.add(policy);
      } else {
        effect = shortfall.unknown() ? Effect.INDETERMINATE : effect;
      }
    }
    List<AccessPolicy> lenient = observing.lenient(through);
    // Behind the others: how a device is attached is not for who only observes, while another lets
    // it through.
    through.addAll(lenient);
    for (AccessPolicy policy : through) {
      Left left = selection.left(policy, attributes);
      if (left.flows() == null || left.flows().isEmpty()) {
        effect = selection.hangsOnWhatIsUnknown(policy, attributes) ? Effect.INDETERMINATE : effect;
        // Without rules, as of a MUD file whose peers nobody stands for, nothing was taken.
        cut |= !policy.rules().isEmpty();
        continue;
      }
      reasons.add("policy " + policy.name() + ": lets the device through"
          + (left.cut() ? ", but for what is forbidden" : ""));
      flows.addAll(left.flows());
      Duration longest = lenient.contains(policy) ? Observing.atMost(policy.ttl()) : policy.ttl();
      ttl = first == null || longest.compareTo(ttl) < 0 ? longest : ttl;
      end = AccessPolicy.earlier(end, left.end());
      // Whole from one policy: a VLAN of one with the filter of another is what nobody wrote.
      network = network == null ? policy.network() : network;
      first = first == null ? policy : first;
    }
    if (first == null) {
      Verdict admitted = cut ? null : observing.admitted();
      return admitted != null
          ? admitted
          : new Denial(hash, selection, attributes).verdict(effect, question, null);
    }
    return new Verdict(
        Effect.PERMIT,
        Denial.bounded(reasons, reasons.size()),
        first.name(),
        null,
        hash,
        List.copyOf(flows),
        ttl,
        end,
        null,
        null,
        network,
        observing.everything(through, lenient));
  }
}
