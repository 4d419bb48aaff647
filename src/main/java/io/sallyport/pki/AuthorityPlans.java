package io.sallyport.pki;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities.Plan;
import java.time.Duration;
import java.time.Instant;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/** What an authority to be may be like: by itself, and under the one that certifies it. */
final class AuthorityPlans {
  private static final int LONGEST_SUBJECT = 300;
  private static final Duration ROOT_LIFE = Duration.ofDays(20 * 365);
  private static final Duration ISSUING_LIFE = Duration.ofDays(5 * 365);
  private static final Duration SHORTEST_LIFE = Duration.ofMinutes(1);
  private static final Duration LONGEST_LIFE = Duration.ofDays(50 * 366);

  private AuthorityPlans() {}

  static void require(Plan plan) {
    AuthorityNames.require(plan.name());
    if (life(plan).compareTo(SHORTEST_LIFE) < 0 || life(plan).compareTo(LONGEST_LIFE) > 0) {
      throw invalid("The validity must lie between a minute and fifty years.");
    }
    subject(plan);
  }

  static Duration life(Plan plan) {
    return plan.validity() != null ? plan.validity() : plan.isRoot() ? ROOT_LIFE : ISSUING_LIFE;
  }

  static X500Name subject(Plan plan) {
    String text = plan.distinguishedName();
    try {
      X500Name name = new X500Name(BCStyle.INSTANCE, text);
      if (text.length() <= LONGEST_SUBJECT && name.getRDNs().length > 0) {
        return name;
      }
    } catch (IllegalArgumentException notOne) {
      // Told below.
    }
    throw invalid(
        "The subject must be a distinguished name such as O=Plant,CN=Plant Devices 1, of at"
            + " most " + LONGEST_SUBJECT + " characters.");
  }

  /** Law 4 and RFC 5280 §6.1: what the chain above would make worthless is not made. */
  static void requirePermitted(Plan plan, @Nullable ParentAuthority parent, Instant now) {
    if (parent == null) {
      return;
    }
    for (TBSCertificate above : parent.chain()) {
      CaTerms.nameFault(above.getExtensions(), subject(plan), null).ifPresent(fault -> {
        throw invalid("\"" + parent.name() + "\" does not permit it: " + fault + ".");
      });
    }
    CaTerms.of(parent.tbs().getExtensions()).faultOf(plan.terms()).ifPresent(fault -> {
      throw invalid("\"" + parent.name() + "\" does not permit it: " + fault + ".");
    });
    Instant end = now.plus(life(plan));
    if (plan.validity() != null && end.isAfter(parent.end())) {
      throw invalid("No authority outlives its issuer: \"" + parent.name() + "\" ends on "
          + parent.end() + ", so the validity is at most "
          + Duration.between(now, parent.end()).toDays() + " days.");
    }
  }

  /** What makes a retry the same. */
  static String text(Plan plan) {
    return String.join(
        "\n",
        plan.issuer(),
        plan.distinguishedName(),
        plan.algorithm().name(),
        String.valueOf(plan.validity()),
        String.join("\n", plan.terms().lines()));
  }

  static Refusal invalid(String why) {
    return new Refusal(PkiProblem.INVALID_AUTHORITY, why);
  }
}
