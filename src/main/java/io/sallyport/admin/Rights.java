package io.sallyport.admin;

import io.sallyport.people.Operators.Role;
import java.util.EnumSet;
import java.util.Set;

/** Which role may do what: the one place that knows, for the REST interface and the console alike. */
public final class Rights {
  /** Something that people do. */
  public enum Right {
    /** See the fleet and what governs it; everything but the facts of the log. */
    READ(EnumSet.complementOf(EnumSet.of(Role.SIGNAL_SOURCE))),
    /** Ask what a device may do, and why. */
    EXPLAIN(EnumSet.complementOf(EnumSet.of(Role.SIGNAL_SOURCE))),
    /** See the facts of the log. */
    READ_AUDIT(EnumSet.of(Role.AUDITOR, Role.AUTHORITY_ADMINISTRATOR)),
    /** See which keys the server holds and where; never a private part. */
    READ_KEYS(EnumSet.of(Role.AUDITOR, Role.AUTHORITY_ADMINISTRATOR)),
    /** Register devices, singly or by batch, and give them enrollment tokens. */
    REGISTER_DEVICES(EnumSet.of(Role.LINE_OPERATOR, Role.FLEET_OPERATOR)),
    /** Approve and reject first requests that wait for a person. */
    APPROVE_ENROLLMENTS(EnumSet.of(Role.FLEET_OPERATOR)),
    /** Put a spare in the place of a failed device, and a returned unit to a new use. */
    REPLACE_DEVICES(EnumSet.of(Role.LINE_OPERATOR, Role.FLEET_OPERATOR)),
    /** Change, quarantine, release, suspend and decommission devices. */
    CONTROL_DEVICES(EnumSet.of(Role.FLEET_OPERATOR)),
    /** Say something about devices that lowers their posture for a while. */
    SEND_SIGNALS(EnumSet.of(Role.SIGNAL_SOURCE, Role.FLEET_OPERATOR)),
    /** Enforcement points, sessions, sources of signals. */
    OPERATE_ENFORCEMENT(EnumSet.of(Role.FLEET_OPERATOR)),
    /** Manufacturers, trust anchors, authorities, revocation of certificates. */
    ADMINISTER_AUTHORITIES(EnumSet.of(Role.AUTHORITY_ADMINISTRATOR)),
    /** Device profiles and access policies. */
    WRITE_POLICIES(EnumSet.of(Role.POLICY_AUTHOR)),
    /** Operators, their tokens and roles, the realm they come from. */
    ADMINISTER_PEOPLE(EnumSet.noneOf(Role.class));

    private final Set<Role> roles;

    Right(Set<Role> roles) {
      this.roles = roles;
    }
  }

  private Rights() {}

  /** Whether somebody with these roles has the right; an administrator has every right. */
  public static boolean may(Set<Role> roles, Right right) {
    return roles.contains(Role.ADMINISTRATOR) || roles.stream().anyMatch(right.roles::contains);
  }
}
