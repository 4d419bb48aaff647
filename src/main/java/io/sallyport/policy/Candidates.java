package io.sallyport.policy;

import io.sallyport.policy.Question.Subject;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Finds the policies that select a device. Devices that no selector tells apart share one {@link Selection}, made when the
 * first of them is asked about, so that a question costs the same with ten policies and with thousands. Safe for any
 * thread.
 */
final class Candidates {
  /** Rules in all selections that are kept: some 100 MB at most. What is over is looked for each time anew. */
  private static final int MOST_KEPT = 500_000;

  private static final String OTHER = "";

  /** By what others tell these from what they remember of others. */
  private final Object mark = new Object();

  private final List<AccessPolicy> policies;
  private final Set<String> profiles = new HashSet<>();
  private final Set<String> sites = new HashSet<>();
  private final Map<String, Map<String, Group>> groups = new ConcurrentHashMap<>();
  private final AtomicInteger kept = new AtomicInteger();
  private final @Nullable LongAdder looked;

  /**
   * @param policies in order of name
   * @param looked counts the policies that were looked at, or null
   */
  Candidates(List<AccessPolicy> policies, @Nullable LongAdder looked) {
    this.policies = List.copyOf(policies);
    this.looked = looked;
    for (AccessPolicy policy : policies) {
      add(policy.selector().profile(), profiles);
      add(policy.selector().site(), sites);
    }
  }

  /** What tells devices of a profile and a site apart; text that no selector names is left out. */
  private record Kind(
      @Nullable Set<String> policies,
      Set<Entry<String, String>> labels,
      String manufacturer,
      String model) {}

  /** The policies that can select a device of one profile at one site. */
  private final class Group {
    private final List<AccessPolicy> policies;
    private final Map<String, Set<String>> labels = new HashMap<>();
    private final Set<String> manufacturers = new HashSet<>();
    private final Set<String> models = new HashSet<>();
    private final boolean plain;
    private final Map<Kind, Selection> byKind = new ConcurrentHashMap<>(0);
    private final Selection all;

    Group(List<AccessPolicy> policies) {
      this.policies = policies;
      for (AccessPolicy policy : policies) {
        policy
            .selector()
            .labels()
            .forEach((name, value) ->
                labels.computeIfAbsent(name, label -> new HashSet<>()).add(value));
        add(policy.selector().manufacturer(), manufacturers);
        add(policy.selector().model(), models);
      }
      this.plain = labels.isEmpty() && manufacturers.isEmpty() && models.isEmpty();
      this.all = new Selection(plain ? policies : List.of());
    }

    Selection of(Subject subject) {
      if (plain && subject.policies() == null) {
        return all;
      }
      Kind kind = new Kind(
          subject.policies(),
          told(subject.labels()),
          known(subject.manufacturer(), manufacturers),
          known(subject.model(), models));
      Selection known = byKind.get(kind);
      return known != null ? known : keep(kind, subject);
    }

    /** Of a device's labels those that a selector names. */
    private Set<Entry<String, String>> told(Map<String, String> given) {
      if (labels.isEmpty()) {
        return Set.of();
      }
      Set<Entry<String, String>> told = new HashSet<>();
      for (Entry<String, String> label : given.entrySet()) {
        Set<String> values = labels.get(label.getKey());
        if (values != null && values.contains(label.getValue())) {
          told.add(label);
        }
      }
      return told;
    }

    private Selection keep(Kind kind, Subject subject) {
      count(policies.size());
      Selection made = new Selection(
          policies.stream().filter(policy -> policy.selects(subject)).toList());
      if (kept.addAndGet(1 + made.size()) > MOST_KEPT) {
        kept.addAndGet(-1 - made.size());
        return made;
      }
      Selection other = byKind.putIfAbsent(kind, made);
      return other == null ? made : other;
    }
  }

  Selection of(Subject subject) {
    Remembered memory = subject.remembered();
    if (memory == null) {
      return find(subject);
    }
    Selection last = memory.selection(mark, subject.policies());
    if (last != null) {
      return last;
    }
    Selection found = find(subject);
    memory.keep(mark, subject.policies(), found);
    return found;
  }

  private Selection find(Subject subject) {
    String profile = known(subject.profile(), profiles);
    String site = known(subject.site(), sites);
    Map<String, Group> bySite = groups.get(profile);
    Group group = bySite == null ? null : bySite.get(site);
    return (group == null ? group(subject, profile, site) : group).of(subject);
  }

  private Group group(Subject subject, String profile, String site) {
    count(policies.size());
    Group made = new Group(policies.stream()
        .filter(policy -> isFor(policy.selector().profile(), subject.profile())
            && isFor(policy.selector().site(), subject.site()))
        .toList());
    int size = 1 + made.policies.size() + made.all.size();
    if (kept.addAndGet(size) > MOST_KEPT) {
      kept.addAndGet(-size);
      return made;
    }
    Map<String, Group> bySite = groups.computeIfAbsent(profile, p -> new ConcurrentHashMap<>(2));
    Group other = bySite.putIfAbsent(site, made);
    return other == null ? made : other;
  }

  private static void add(@Nullable String wanted, Set<String> all) {
    if (wanted != null) {
      all.add(wanted);
    }
  }

  private static String known(String is, Set<String> wanted) {
    return wanted.contains(is) ? is : OTHER;
  }

  private static boolean isFor(@Nullable String wanted, String is) {
    return wanted == null || wanted.equals(is);
  }

  private void count(int policies) {
    if (looked != null) {
      looked.add(policies);
    }
  }
}
