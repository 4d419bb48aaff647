package io.sallyport.policy;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Policies as a whole: several changed in one act, each act kept, every earlier set to be had again. A set is named by the
 * hash that decisions name ({@link PolicySet#hash}). The fact {@code policies.applied} is about subject type {@code
 * policy-set}; each changed policy has its own beside it.
 */
public interface PolicyVersions {
  /** The most documents of one act. */
  int MOST_DOCUMENTS = 4096;

  /**
   * On which terms an act is done.
   *
   * @param expected the set that must be in force, or null for any
   * @param note why, for those who read the history; at most 255 characters
   */
  record Terms(@Nullable String expected, String note) {
    public static final Terms ANY = new Terms(null, "");
  }

  /**
   * One policy of an act.
   *
   * @param from the version hash before, or null when there was none
   * @param to the version hash after, or null when it was withdrawn
   */
  record Change(
      String name, @Nullable String from, @Nullable String to) {}

  /**
   * What an act does.
   *
   * @param act its number, or null when nothing was changed or it was only checked
   * @param set what is in force afterwards
   * @param replaced what was in force before
   * @param changes in order of name
   */
  record Outcome(@Nullable Long act, String set, String replaced, List<Change> changes) {
    public Outcome {
      changes = List.copyOf(changes);
    }
  }

  /**
   * An act that was done.
   *
   * @param kind {@code apply}, {@code remove} or {@code rollback}
   */
  record Act(
      long number,
      Instant at,
      String by,
      String kind,
      String set,
      String replaced,
      String note,
      int changed) {}

  /**
   * Applies all of these documents or none. Refuses with {@code invalid-policy}, place and reason, and with {@code
   * set-changed} when another set than the expected one is in force.
   *
   * @param yaml documents, separated as YAML separates them
   * @param whole whether what is not among them is withdrawn
   */
  Outcome apply(String yaml, boolean whole, Terms terms, Actor actor);

  /** What {@link #apply} would do; refuses as it does, and changes nothing. */
  Outcome check(String yaml, boolean whole, Terms terms);

  /** Puts an earlier set in force again, as one act. Refuses with {@code not-found} and {@code set-changed}. */
  Outcome rollBack(String set, Terms terms, Actor actor);

  /** What {@link #rollBack} would do. */
  Outcome checkRollBack(String set, Terms terms);

  /** Newest first. */
  Page<Act> acts(@Nullable String cursor, int limit);

  /** What an act changed, in order of name; empty when there is none of this number. */
  List<Change> changes(long act);

  /** The version hash of each policy of a set that was in force once; empty when none was. */
  Optional<Map<String, String>> members(String set);

  /** The text of a version that was applied once. */
  Optional<String> document(String name, String hash);

  /**
   * A rule that is in force.
   *
   * @param rule its name within the policy
   */
  record Rule(String policy, String rule, boolean forbids) {}

  /** All rules in force, in order of policy, and of the document. */
  List<Rule> rules();

  /**
   * Something that the policies in force say in vain.
   *
   * @param rule null when it is the whole policy
   * @param by the rules because of which, each as {@code policy NAME: RULE}
   */
  record Finding(Kind kind, String policy, @Nullable String rule, List<String> by, String words) {
    public Finding {
      by = List.copyOf(by);
    }

    /** Why it is in vain. */
    public enum Kind {
      /** What a permit allows is always forbidden. */
      FORBIDDEN,
      /** Another rule does the same wherever and whenever this does. */
      COVERED,
      /** No device can be selected. */
      SELECTS_NOBODY
    }
  }

  /** A rule that lets pass between segments of different security levels; null for one that has none. */
  record Conduit(
      String policy,
      String rule,
      Question.Direction direction,
      String segment,
      @Nullable Integer level,
      String peer,
      @Nullable Integer peerLevel) {}

  /** What was found about a set: without all of the findings at once, the same is permitted and forbidden. */
  record Analysis(String set, List<Finding> findings, List<Conduit> conduits) {
    public Analysis {
      findings = List.copyOf(findings);
      conduits = List.copyOf(conduits);
    }
  }

  /**
   * Looks through the policies in force for what they say in vain. Never says what is not so; may leave out what is.
   *
   * @param bounds for each device profile that names the only policies that permit, these
   */
  Analysis analyze(Collection<Set<String>> bounds);

  /**
   * What an act would do.
   *
   * @param candidate what would be in force, compiled
   */
  record Planned(Outcome outcome, PolicySet candidate) {}

  /** What {@link #apply} would do, and what it would put in force; refuses as it does, and changes nothing. */
  Planned plan(String yaml, boolean whole);

  /** The same of {@link #rollBack}. */
  Planned planRollBack(String set);
}
