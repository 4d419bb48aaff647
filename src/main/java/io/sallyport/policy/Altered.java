package io.sallyport.policy;

import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Questions about how things are not. */
final class Altered {
  private static final Duration WHILE = Duration.ofHours(1);

  private Altered() {}

  /** The same with another value at {@code path}; null when nothing can be said there. */
  static @Nullable Question with(Question question, List<String> path, Object value) {
    return switch (path.getFirst()) {
      case "device" -> device(question, path, value);
      case "posture" -> posture(question, path, value);
      case "time" ->
        value instanceof Instant time && path.size() == 1
            ? new Question(
                question.subject(),
                question.posture(),
                question.flow(),
                time,
                question.place(),
                question.signals())
            : null;
      default -> null;
    };
  }

  static Question with(Question question, RequestedFlow flow) {
    return new Question(
        question.subject(),
        question.posture(),
        flow,
        question.time(),
        question.place(),
        question.signals());
  }

  static Question with(Question question, List<Signalled> signals) {
    return new Question(
        question.subject(),
        question.posture(),
        question.flow(),
        question.time(),
        question.place(),
        signals);
  }

  static Question with(Question question, Posture posture) {
    return new Question(
        question.subject(),
        posture,
        question.flow(),
        question.time(),
        question.place(),
        question.signals());
  }

  static Question with(Question question, Subject subject) {
    return new Question(
        subject,
        question.posture(),
        question.flow(),
        question.time(),
        question.place(),
        question.signals());
  }

  /** The posture as a new appraisal might have it that says no more than what is known. */
  static Posture appraised(Question question) {
    Posture posture = question.posture();
    Instant end = question.time().isBefore(Instant.MAX.minus(WHILE))
        ? question.time().plus(WHILE)
        : Instant.MAX;
    return posture == null
        ? new Posture("none", Map.of(), Map.of(), end)
        : new Posture(
            posture.status(),
            posture.claims(),
            posture.observed(),
            posture.expiresAt().isAfter(question.time()) ? posture.expiresAt() : end);
  }

  static Question with(Question question, PostureRequirement requirement) {
    Posture posture = appraised(question);
    Map<String, PostureClaim> claims = new HashMap<>(posture.claims());
    claims.put(requirement.claim(), new PostureClaim(requirement.tier(), requirement.assurance()));
    return with(
        question, new Posture(posture.status(), claims, posture.observed(), posture.expiresAt()));
  }

  private static @Nullable Question posture(Question question, List<String> path, Object value) {
    if (path.size() < 2) {
      return null;
    }
    Posture posture = appraised(question);
    String status = posture.status();
    Map<String, PostureClaim> claims = new HashMap<>(posture.claims());
    Map<String, Object> observed = new HashMap<>(posture.observed());
    if (path.get(1).equals("status") && path.size() == 2) {
      status = value.toString();
    } else if (path.get(1).equals("claims")) {
      if (path.size() != 4) {
        return null;
      }
      PostureClaim claim = claims.getOrDefault(path.get(2), new PostureClaim("none", "declared"));
      claims.put(
          path.get(2),
          path.get(3).equals("tier")
              ? new PostureClaim(value.toString(), claim.assurance())
              : new PostureClaim(claim.tier(), value.toString()));
    } else {
      int from = path.get(1).equals("observed") ? 2 : 1;
      if (from == path.size()) {
        return null;
      }
      observed.put(String.join(".", path.subList(from, path.size())), value);
    }
    return with(question, new Posture(status, claims, observed, posture.expiresAt()));
  }

  private static @Nullable Question device(Question question, List<String> path, Object value) {
    Subject is = question.subject();
    if (path.size() < 2 || !(value instanceof String text)) {
      return null;
    }
    if (path.get(1).equals("labels") && path.size() == 3) {
      Map<String, String> labels = new HashMap<>(is.labels());
      labels.put(path.get(2), text);
      return with(question, subject(is, is.profile(), is.site(), labels, is.state()));
    }
    return switch (path.get(1)) {
      case "profile" -> with(question, subject(is, text, is.site(), is.labels(), is.state()));
      case "site" -> with(question, subject(is, is.profile(), text, is.labels(), is.state()));
      case "state" -> with(question, subject(is, is.profile(), is.site(), is.labels(), text));
      default -> null;
    };
  }

  private static Subject subject(
      Subject is, String profile, String site, Map<String, String> labels, String state) {
    return new Described(
        is.id(),
        is.manufacturer(),
        is.model(),
        is.serialNumber(),
        profile,
        is.owner(),
        site,
        labels,
        state,
        is.policies());
  }
}
