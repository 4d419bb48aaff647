package io.sallyport.decision;

import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Effect;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the fleet in memory says to an inquiry, as of a time at which it is known to be current. Safe for any thread. */
final class Judge {
  /** The longest DNS name in text (RFC 1035 §2.3.4); longer input is not worth an evaluation. */
  private static final int LONGEST_PEER = 253;

  private final Fleet fleet;

  Judge(Fleet fleet) {
    this.fleet = fleet;
  }

  /**
   * What was asked, and the decision's id.
   *
   * @param device null when the certificate is nobody's
   * @param thumbprint null when it was asked by device
   * @param flow null when it was asked what is permitted at all
   */
  record Inquiry(
      UUID id,
      @Nullable UUID device,
      @Nullable Digest thumbprint,
      @Nullable RequestedFlow flow,
      Place place) {}

  /**
   * A decision, and what the policies were asked for it.
   *
   * @param question null when the decision is what it is whatever they say
   */
  record Judged(Decision decision, @Nullable Question question) {}

  /** {@link #judged} without what it came from. */
  Decision judge(Inquiry inquiry, Instant time) {
    return judged(inquiry, time).decision;
  }

  Judged judged(Inquiry inquiry, Instant time) {
    if (inquiry.device == null) {
      return alone(deny(inquiry, "unknown certificate: no device has it as its live one"));
    }
    if (fleet.hasDoubts()) {
      String doubt = doubt(inquiry.device);
      if (doubt != null) {
        return alone(unknown(inquiry, doubt));
      }
    }
    FleetDevice device = fleet.device(inquiry.device);
    PolicySet policies = fleet.policies();
    if (device == null) {
      return alone(deny(inquiry, "unknown device: not registered, or not enrolled yet"));
    }
    ProfilePolicies profile = fleet.profile(device.profile());
    if (policies == null) {
      return alone(unknown(inquiry, "unconfirmed: the policies are not loaded"));
    }
    if (profile == null) {
      return alone(unknown(inquiry, "unconfirmed device: its profile could not be read yet"));
    }
    if (!device.state().may(Operation.CONNECT)) {
      // The quarantine network is for a device that is known, not for whoever has an old
      // certificate.
      Verdict verdict = device.state() == DeviceState.QUARANTINED
              && device.liveUntil(inquiry.thumbprint, time, fleet.revokedIssuers()) != null
          ? policies.evaluate(question(device, profile, inquiry, time))
          : none(policies.hash());
      return alone(deny(
          inquiry,
          Effect.DENY,
          verdict,
          List.of("state: the device is " + device.state().word())));
    }
    Instant notAfter = device.liveUntil(inquiry.thumbprint, time, fleet.revokedIssuers());
    if (notAfter == null) {
      return alone(deny(inquiry, "credential: the device has no live certificate"));
    }
    if (inquiry.flow != null && inquiry.flow.peer().length() > LONGEST_PEER) {
      return alone(deny(inquiry, "flow: a peer has at most " + LONGEST_PEER + " characters"));
    }
    Question question = question(device, profile, inquiry, time);
    return new Judged(
        weigh(inquiry, device, notAfter, policies.evaluate(question), time), question);
  }

  private static Judged alone(Decision decision) {
    return new Judged(decision, null);
  }

  /** Whether a verdict permits at that time: one whose grounds ended does not. */
  static boolean stands(Verdict verdict, Instant time) {
    Instant end = verdict.validUntil();
    return verdict.permit() && (end == null || time.isBefore(end));
  }

  /** What is not known for certain at present, in words, or null. */
  private @Nullable String doubt(UUID id) {
    if (fleet.isDoubtful(Part.POLICIES)) {
      return "unconfirmed: a change of the policies could not be read yet";
    }
    if (fleet.isDoubtful(Part.AUTHORITIES)) {
      return "unconfirmed: a change of the authorities could not be read yet";
    }
    if (fleet.isDoubtful(new Part.OfDevice(id))) {
      return "unconfirmed device: a change of it could not be read yet";
    }
    FleetDevice device = fleet.device(id);
    if (device != null && fleet.isDoubtful(new Part.OfProfile(device.profile()))) {
      return "unconfirmed device: its profile could not be read yet";
    }
    return null;
  }

  private static Decision weigh(
      Inquiry inquiry, FleetDevice device, Instant notAfter, Verdict verdict, Instant time) {
    if (!verdict.permit()) {
      return deny(inquiry, verdict.effect(), verdict, verdict.reasons());
    }
    Instant end = verdict.validUntil();
    if (!stands(verdict, time)) {
      return deny(
          inquiry,
          Effect.DENY,
          verdict,
          List.of("posture: what the permit rests on ended at " + end));
    }
    return new Decision(
        inquiry.id,
        inquiry.device,
        true,
        verdict.reasons(),
        verdict,
        device.appraisal(),
        end == null || notAfter.isBefore(end) ? notAfter : end);
  }

  /** What is asked of the policies. */
  static Question question(
      FleetDevice device, ProfilePolicies profile, Inquiry inquiry, Instant time) {
    return new Question(
        device.subject(profile.policies()),
        device.posture(time),
        inquiry.flow,
        time,
        inquiry.place,
        device.signals(time));
  }

  private Decision deny(Inquiry inquiry, String reason) {
    return deny(inquiry, Effect.DENY, none(policyHash()), List.of(reason));
  }

  /** Denies because what the answer hangs on is not known. */
  Decision unknown(Inquiry inquiry, String reason) {
    return deny(inquiry, Effect.INDETERMINATE, none(policyHash()), List.of(reason));
  }

  private String policyHash() {
    PolicySet policies = fleet.policies();
    return policies == null ? "" : policies.hash();
  }

  /** Denies with what the policy said of it, of which nothing that permits is left. */
  private static Decision deny(
      Inquiry inquiry, Effect effect, Verdict verdict, List<String> reasons) {
    Verdict denied = new Verdict(
        effect,
        reasons,
        verdict.policy(),
        verdict.permit() ? null : verdict.rule(),
        verdict.policyHash(),
        List.of(),
        null,
        null,
        null,
        verdict.quarantineVlan(),
        null,
        List.of());
    return new Decision(inquiry.id, inquiry.device, false, reasons, denied, null, null);
  }

  private static Verdict none(String policyHash) {
    return new Verdict(
        false, List.of("denied"), null, policyHash, List.of(), null, null, null, null, null);
  }
}
