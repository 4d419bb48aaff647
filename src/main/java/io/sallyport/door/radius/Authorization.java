package io.sallyport.door.radius;

import io.sallyport.decision.CertificateName;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.door.Reply;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.NetworkAccess;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedInTransit;
import io.sallyport.policy.Verdict.Network;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Whether a device that has proven its certificate to FreeRADIUS is let into the network, and how. From memory alone.
 *
 * <p>The device is who the certificate says, by issuer and serial; User-Name is nobody's proof. A device that is not
 * permitted but for which the policy names a quarantine network is let into that one, to recover there.
 */
@Singleton
final class Authorization {
  private static final String SERIAL = "TLS-Client-Cert-Serial";
  private static final String AUTHORITY = "TLS-Client-Cert-X509v3-Authority-Key-Identifier";
  /** At most 20 octets (RFC 5280 §4.1.2.2), and one for the sign. */
  private static final Pattern SERIAL_HEX = Pattern.compile("[0-9a-fA-F]{1,42}");

  /** What OpenSSL prints: octets joined by colons, older versions with a word before and a line feed behind. */
  private static final Pattern AUTHORITY_HEX =
      Pattern.compile("(?:keyid:)?([0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){0,63})\\n?");

  private final DecisionPoint decisions;
  private final Attachments attachments;
  private final Keys keys;
  private final RadiusSettings settings;
  private final Clock clock;

  Authorization(
      DecisionPoint decisions,
      Attachments attachments,
      Keys keys,
      RadiusSettings settings,
      Clock clock) {
    this.decisions = decisions;
    this.attachments = attachments;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedInTransit sealedAdmissions(RadiusSettings settings) {
    return new SealedInTransit("network sessions", settings.longestSession());
  }

  Reply answer(EnforcementPoint point, RadiusAttributes asked) {
    CertificateName name = certificate(asked);
    Station station = Station.of(asked);
    Optional<Digest> certificate = decisions.thumbprint(name);
    Optional<UUID> device = certificate.flatMap(decisions::holder);
    if (device.isPresent()
        && !point.settings().guardsSite(decisions.site(device.get()).orElse(null))) {
      throw denied("not guarded: this enforcement point does not guard that device");
    }
    Decision decision = decisions.decide(name, null, Actor.enforcementPoint(point.name()));
    Optional<NetworkAccess> given = NetworkAccess.of(decision);
    UUID known = decision.device();
    NasAbilities abilities = NasAbilities.of(point.settings());
    Optional<String> unmet = given.flatMap(abilities::unmet);
    if (unmet.isPresent()) {
      return refusal("Decision " + decision.id() + ": " + unmet.get());
    }
    if (given.isEmpty() || certificate.isEmpty() || known == null) {
      return refusal("Decision " + decision.id() + ": " + String.join("; ", decision.reasons()));
    }
    Admission admission = new Admission(decision.id(), known, certificate.get(), given.get());
    Duration timeout = timeout(decision);
    Reply reply = accept(point, station, admission, timeout);
    attachments.noteLater(point, station, admission, clock.instant().plus(timeout));
    return reply;
  }

  private Reply accept(
      EnforcementPoint point, Station station, Admission admission, Duration timeout) {
    AccessAccept accept = new AccessAccept()
        .with(ReplyAttribute.CLASS, admission.seal(point, station, keys))
        .with(ReplyAttribute.SESSION_TIMEOUT, timeout.toSeconds())
        .with(ReplyAttribute.TERMINATION_ACTION, "RADIUS-Request")
        .with(ReplyAttribute.ACCT_INTERIM_INTERVAL, settings.interim().toSeconds());
    Integer vlan = admission.given().vlan();
    if (vlan != null) {
      accept.vlan(vlan);
    }
    String filter = admission.given().filterId();
    if (filter != null) {
      accept.with(ReplyAttribute.FILTER_ID, filter);
    }
    NasAbilities.add(accept, admission.given());
    return accept.reply();
  }

  /** Law 4: the session ends with what the permit rests on; then the NAS asks again. */
  private Duration timeout(Decision decision) {
    Instant end = decision.validUntil();
    Duration most = decision.permit() ? longest(decision) : settings.quarantineSession();
    if (end == null) {
      return most;
    }
    Duration left = Duration.between(clock.instant(), end);
    return left.compareTo(most) > 0
        ? most
        : left.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : left;
  }

  private Duration longest(Decision decision) {
    Network network = decision.verdict().network();
    Duration asked = network == null ? null : network.sessionTimeout();
    return asked == null || asked.compareTo(settings.longestSession()) > 0
        ? settings.longestSession()
        : asked;
  }

  private static CertificateName certificate(RadiusAttributes asked) {
    String serial = asked
        .one(SERIAL)
        .filter(SERIAL_HEX.asMatchPredicate())
        .orElseThrow(() -> denied("Send exactly one " + SERIAL + "."));
    String authority = asked
        .one(AUTHORITY)
        .map(AUTHORITY_HEX::matcher)
        .filter(java.util.regex.Matcher::matches)
        .map(matcher -> matcher.group(1))
        .orElseThrow(() -> denied("Send exactly one " + AUTHORITY + "."));
    return new CertificateName(
        HexFormat.of()
            .formatHex(HexFormat.ofDelimiter(":").parseHex(authority))
            .toLowerCase(Locale.ROOT),
        new BigInteger(serial, 16));
  }

  private static Reply refusal(String detail) {
    return Reply.problem(RadiusProblem.ACCESS_DENIED, detail);
  }

  private static Refusal denied(String detail) {
    return new Refusal(RadiusProblem.ACCESS_DENIED, detail);
  }
}
