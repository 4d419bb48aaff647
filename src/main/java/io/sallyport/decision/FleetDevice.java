package io.sallyport.decision;

import io.sallyport.attestation.Appraisal;
import io.sallyport.attestation.Signals.Signal;
import io.sallyport.attestation.TrustTier;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CredentialIdentity;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Remembered;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One device, as far as decisions look at it, in about 170 octets: what many have in common stands once for all of them, and
 * what few have stands apart. Times to the microsecond. Immutable.
 */
final class FleetDevice {
  /** Stands in an index where a device was. */
  static final FleetDevice GONE = new FleetDevice();

  private static final byte[] NOTHING = {};
  private static final long NEVER = Long.MIN_VALUE;
  private static final int BYTE = 8;

  private static final Interned<DeviceKind> KINDS = new Interned<>();
  private static final Interned<Findings> FINDINGS = new Interned<>();

  private final long idHigh;
  private final long idLow;
  private final @Nullable DeviceKind kind;
  private final @Nullable Findings findings;
  private final long appraisalHigh;
  private final long appraisalLow;
  private final long postureEnds;
  /** Key identifier of the first certificate's issuer; null without a certificate. */
  private final @Nullable String issuer;

  private final long thumbprint0;
  private final long thumbprint1;
  private final long thumbprint2;
  private final long thumbprint3;
  private final long notBefore;
  private final long notAfter;
  /** The certificate's serial number, its length before it, and then the device's in UTF-8. */
  private final byte[] serials;

  private final @Nullable Rare rare;

  /** What appraisals of several devices found. */
  private record Findings(
      String status, Map<String, PostureClaim> claims, Map<String, Object> observed) {}

  /**
   * What few devices have.
   *
   * @param credentials further ones
   */
  private record Rare(
      List<LiveCredential> credentials, List<Lowering> lowerings, List<Signalled> signals) {}

  /** The latest appraisal. */
  record Standing(UUID appraisal, Posture posture) {}

  /** A certificate that counts within its validity. */
  record LiveCredential(
      Digest thumbprint, CertificateName name, Instant notBefore, Instant notAfter) {}

  private FleetDevice() {
    idHigh = 0;
    idLow = 0;
    kind = null;
    findings = null;
    appraisalHigh = 0;
    appraisalLow = 0;
    postureEnds = NEVER;
    issuer = null;
    thumbprint0 = 0;
    thumbprint1 = 0;
    thumbprint2 = 0;
    thumbprint3 = 0;
    notBefore = NEVER;
    notAfter = NEVER;
    serials = NOTHING;
    rare = null;
  }

  /**
   * A device of these parts.
   *
   * @param subject without what the profile says of policies
   * @param standing null when it never attested
   * @param credentials neither revoked nor superseded when they were read
   * @param lowerings what signals make of its posture, each until it ends
   * @param signals each until it ends
   */
  FleetDevice(
      Subject subject,
      DeviceState state,
      @Nullable Standing standing,
      List<LiveCredential> credentials,
      List<Lowering> lowerings,
      List<Signalled> signals) {
    UUID id = UUID.fromString(subject.id());
    idHigh = id.getMostSignificantBits();
    idLow = id.getLeastSignificantBits();
    kind = KINDS.of(new DeviceKind(
        subject.manufacturer(),
        subject.model(),
        subject.profile(),
        subject.owner(),
        subject.site(),
        subject.labels(),
        state,
        new Remembered()));
    Posture posture = standing == null ? null : standing.posture();
    findings = posture == null
        ? null
        : FINDINGS.of(new Findings(posture.status(), posture.claims(), posture.observed()));
    appraisalHigh = standing == null ? 0 : standing.appraisal().getMostSignificantBits();
    appraisalLow = standing == null ? 0 : standing.appraisal().getLeastSignificantBits();
    postureEnds = posture == null ? NEVER : micros(posture.expiresAt());
    LiveCredential first = credentials.isEmpty() ? null : credentials.getFirst();
    issuer = first == null ? null : first.name().authorityKeyIdentifier();
    thumbprint0 = first == null ? 0 : first.thumbprint().word(0);
    thumbprint1 = first == null ? 0 : first.thumbprint().word(1);
    thumbprint2 = first == null ? 0 : first.thumbprint().word(2);
    thumbprint3 = first == null ? 0 : first.thumbprint().word(3);
    notBefore = first == null ? NEVER : micros(first.notBefore());
    notAfter = first == null ? NEVER : micros(first.notAfter());
    serials = serials(
        first == null ? NOTHING : first.name().serial().toByteArray(), subject.serialNumber());
    List<LiveCredential> further =
        credentials.isEmpty() ? List.of() : List.copyOf(credentials.subList(1, credentials.size()));
    rare = further.isEmpty() && lowerings.isEmpty() && signals.isEmpty()
        ? null
        : new Rare(further, List.copyOf(lowerings), List.copyOf(signals));
  }

  /** Without a signal that lowers nothing. */
  FleetDevice(
      Subject subject,
      DeviceState state,
      @Nullable Standing standing,
      List<LiveCredential> credentials,
      List<Lowering> lowerings) {
    this(subject, state, standing, credentials, lowerings, List.of());
  }

  private static byte[] serials(byte[] certificate, String device) {
    if (certificate.length > Byte.MAX_VALUE) {
      // RFC 5280 §4.1.2.2 allows 20 octets.
      throw new IllegalArgumentException("a serial number of " + certificate.length + " octets");
    }
    byte[] text = device.getBytes(StandardCharsets.UTF_8);
    byte[] both = new byte[1 + certificate.length + text.length];
    both[0] = (byte) certificate.length;
    System.arraycopy(certificate, 0, both, 1, certificate.length);
    System.arraycopy(text, 0, both, 1 + certificate.length, text.length);
    return both;
  }

  /** Later than no time that it stands for. */
  private static long micros(Instant time) {
    return time.getEpochSecond() * 1_000_000 + time.getNano() / 1000;
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  static FleetDevice of(
      Device device,
      List<CredentialIdentity> credentials,
      Optional<Appraisal> appraisal,
      List<Signal> signals) {
    Subject subject = new Described(
        device.id().toString(),
        device.hardware().manufacturer(),
        device.hardware().model(),
        device.hardware().serialNumber(),
        device.profile(),
        device.owner(),
        device.site(),
        device.labels(),
        device.state().word(),
        null);
    List<LiveCredential> live = credentials.stream()
        .map(credential -> new LiveCredential(
            credential.thumbprint(),
            new CertificateName(credential.authorityKeyIdentifier(), credential.serial()),
            credential.notBefore(),
            credential.notAfter()))
        .toList();
    List<Lowering> lowerings = signals.stream()
        .filter(signal -> signal.severity().tier() != TrustTier.NONE)
        .map(signal -> new Lowering(signal.claim(), signal.severity().tier(), signal.expiresAt()))
        .toList();
    return new FleetDevice(
        subject,
        device.state(),
        appraisal.map(FleetDevice::standing).orElse(null),
        live,
        lowerings,
        signals.stream()
            .map(signal -> new Signalled(
                signal.kind(), signal.claim(), signal.severity().word(), signal.expiresAt()))
            .toList());
  }

  private static Standing standing(Appraisal appraisal) {
    Map<String, PostureClaim> claims = new HashMap<>();
    appraisal
        .claims()
        .forEach((name, claim) -> claims.put(
            name, new PostureClaim(claim.tier().word(), claim.assurance().word())));
    Posture posture =
        new Posture(appraisal.status().word(), claims, appraisal.observed(), appraisal.expiresAt());
    return new Standing(appraisal.id(), posture);
  }

  UUID id() {
    return new UUID(idHigh, idLow);
  }

  boolean is(UUID id) {
    return id.getLeastSignificantBits() == idLow && id.getMostSignificantBits() == idHigh;
  }

  private DeviceKind kind() {
    if (kind == null) {
      throw new IllegalStateException("not a device");
    }
    return kind;
  }

  String profile() {
    return kind().profile();
  }

  String site() {
    return kind().site();
  }

  DeviceState state() {
    return kind().state();
  }

  Subject subject() {
    return subject(null);
  }

  /** @param policies what the profile says of them, or null for all */
  Subject subject(@Nullable Set<String> policies) {
    return new FleetSubject(this, kind(), policies);
  }

  String serialNumber() {
    int begin = 1 + serials[0];
    return new String(serials, begin, serials.length - begin, StandardCharsets.UTF_8);
  }

  /** The latest appraisal's id, or null. */
  @Nullable
  UUID appraisal() {
    return findings == null ? null : new UUID(appraisalHigh, appraisalLow);
  }

  /** The latest appraisal, without what signals make of it. */
  @Nullable
  Standing standing() {
    Posture posture = appraised();
    return posture == null ? null : new Standing(new UUID(appraisalHigh, appraisalLow), posture);
  }

  private @Nullable Posture appraised() {
    return findings == null
        ? null
        : new Posture(findings.status, findings.claims, findings.observed, instant(postureEnds));
  }

  /** The posture as signals leave it at that time; null when there is neither an appraisal nor a signal. */
  @Nullable
  Posture posture(Instant time) {
    Posture posture = appraised();
    if (rare != null) {
      for (Lowering lowering : rare.lowerings) {
        posture = lowering.on(posture, time);
      }
    }
    return posture;
  }

  /** What is reported of it at that time. */
  List<Signalled> signals(Instant time) {
    return rare == null || rare.signals.isEmpty()
        ? List.of()
        : rare.signals.stream().filter(signal -> time.isBefore(signal.until())).toList();
  }

  List<LiveCredential> credentials() {
    if (issuer == null) {
      return List.of();
    }
    LiveCredential first = new LiveCredential(
        Digest.ofWords(thumbprint0, thumbprint1, thumbprint2, thumbprint3),
        new CertificateName(issuer, new BigInteger(serials, 1, serials[0])),
        instant(notBefore),
        instant(notAfter));
    if (rare == null || rare.credentials.isEmpty()) {
      return List.of(first);
    }
    List<LiveCredential> all = new ArrayList<>();
    all.add(first);
    all.addAll(rare.credentials);
    return all;
  }

  /** Whether one of its credentials has this thumbprint. */
  boolean has(Digest thumbprint) {
    return hasFirst(thumbprint)
        || rare != null
            && rare.credentials.stream().anyMatch(more -> more.thumbprint().equals(thumbprint));
  }

  private boolean hasFirst(Digest thumbprint) {
    return issuer != null
        && (thumbprint.word(0) ^ thumbprint0
                | thumbprint.word(1) ^ thumbprint1
                | thumbprint.word(2) ^ thumbprint2
                | thumbprint.word(3) ^ thumbprint3)
            == 0;
  }

  /** The thumbprint of its credential of this name, or null. */
  @Nullable
  Digest thumbprint(CertificateName name) {
    if (issuer != null
        && issuer.equals(name.authorityKeyIdentifier())
        && Arrays.equals(
            serials, 1, 1 + serials[0], octets(name.serial()), 0, octets(name.serial()).length)) {
      return Digest.ofWords(thumbprint0, thumbprint1, thumbprint2, thumbprint3);
    }
    if (rare != null) {
      for (LiveCredential more : rare.credentials) {
        if (more.name().equals(name)) {
          return more.thumbprint();
        }
      }
    }
    return null;
  }

  private static byte[] octets(BigInteger serial) {
    return serial.bitLength() / BYTE < Byte.MAX_VALUE ? serial.toByteArray() : NOTHING;
  }

  /**
   * The end of the live credential with this thumbprint, or without one of the live credential that lasts longest; null when
   * there is none.
   */
  @Nullable
  Instant liveUntil(@Nullable Digest thumbprint, Instant time, Set<String> revokedIssuers) {
    if (issuer == null) {
      return null;
    }
    long now = micros(time);
    long best = NEVER;
    if (notBefore <= now
        && now <= notAfter
        && (revokedIssuers.isEmpty() || !revokedIssuers.contains(issuer))
        && (thumbprint == null || hasFirst(thumbprint))) {
      best = notAfter;
    }
    if (rare != null) {
      for (LiveCredential more : rare.credentials) {
        if (!time.isBefore(more.notBefore())
            && !time.isAfter(more.notAfter())
            && !revokedIssuers.contains(more.name().authorityKeyIdentifier())
            && (thumbprint == null || more.thumbprint().equals(thumbprint))) {
          best = Math.max(best, micros(more.notAfter()));
        }
      }
    }
    return best == NEVER ? null : instant(best);
  }
}
