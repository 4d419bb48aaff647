package io.sallyport.people;

import io.sallyport.kernel.Refusal;
import io.sallyport.people.Operators.Role;
import java.util.Set;
import java.util.regex.Pattern;

/** What an operator may look like; refuses with {@code invalid-operator}. */
final class OperatorRules {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");

  /** As a device's site is written (devices); no comma. */
  private static final Pattern SITE = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._@+/:-]{0,63}");

  /** Each is a query of its own in a list; whoever has more is better bound to none. */
  static final int MOST_SITES = 32;

  private OperatorRules() {}

  static void check(String name, Set<Role> roles, Set<String> sites) {
    if (!NAME.matcher(name).matches()) {
      throw invalid(
          "An operator's name has 1 to 64 letters, digits, dots, hyphens, underscores and at signs.");
    }
    if (roles.isEmpty()) {
      throw invalid("An operator has at least one role.");
    }
    if (sites.size() > MOST_SITES || !sites.stream().allMatch(OperatorRules::isSite)) {
      throw invalid("An operator has at most " + MOST_SITES + " sites, each of 1 to 64 letters,"
          + " digits, spaces or . _ @ + / : - and starting with a letter or digit.");
    }
    if (roles.contains(Role.ADMINISTRATOR) && !sites.isEmpty()) {
      throw invalid(
          "An administrator is bound to no site; leave the sites out or choose other roles.");
    }
  }

  static boolean isSite(String site) {
    return SITE.matcher(site).matches();
  }

  private static Refusal invalid(String detail) {
    return new Refusal(PeopleProblem.INVALID_OPERATOR, detail);
  }
}
