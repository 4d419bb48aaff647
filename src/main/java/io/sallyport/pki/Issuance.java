package io.sallyport.pki;

import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.jspecify.annotations.Nullable;

/** Makes certificates, by laws 1 and 2. */
public interface Issuance {
  /**
   * What is to be certified.
   *
   * @param subjectPublicKeyInfo the key, whose possession was proven
   * @param authentication digest of what authenticated the request: the certificate's thumbprint or the token's digest
   * @param once whether {@code authentication} is spent by one certificate, as a one-time token is
   * @param distinguishedName in RFC 4514 form
   * @param mudUrl where the device's usage description is (RFC 8520), or null
   */
  record Order(
      CertificateSubject subject,
      CertificateProfile certificateProfile,
      Der subjectPublicKeyInfo,
      Digest authentication,
      boolean once,
      String distinguishedName,
      List<Name> names,
      @Nullable String mudUrl) {
    /** Refuses a key of a kind that the profile does not certify. */
    public Order {
      names = List.copyOf(names);
      certificateProfile.requireKey(subjectPublicKeyInfo);
    }

    /** Without a usage description. */
    public Order(
        CertificateSubject subject,
        CertificateProfile certificateProfile,
        Der subjectPublicKeyInfo,
        Digest authentication,
        boolean once,
        String distinguishedName,
        List<Name> names) {
      this(
          subject,
          certificateProfile,
          subjectPublicKeyInfo,
          authentication,
          once,
          distinguishedName,
          names,
          null);
    }

    /** What a retry has in common with the first request (law 2). */
    public Digest digest() {
      StringBuilder text = new StringBuilder();
      text.append(subject.kind()).append('\n').append(subject.id()).append('\n');
      text.append(certificateProfile.name())
          .append('\n')
          .append(certificateProfile.authority())
          .append('\n');
      text.append(subjectPublicKeyInfo.digest())
          .append('\n')
          .append(authentication)
          .append('\n');
      text.append(distinguishedName).append('\n');
      names.forEach(
          name -> text.append(name.kind()).append(':').append(name.value()).append('\n'));
      if (mudUrl != null) {
        text.append("mud:").append(mudUrl).append('\n');
      }
      return Digest.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }
  }

  /** A subject alternative name. */
  record Name(Kind kind, String value) {
    /** The kinds that profiles allow. */
    public enum Kind {
      DNS,
      IP,
      URI,
      /** What a maker calls its device for ever, as a rule its serial number (RFC 4043). */
      PERMANENT_IDENTIFIER,
      /** The maker's object identifier for the type of hardware, a colon, and the serial number (RFC 4108 §5). */
      HARDWARE_MODULE_NAME
    }

    /** As it stands in the certificate. */
    public GeneralName general() {
      return switch (kind) {
        case DNS -> new GeneralName(GeneralName.dNSName, value);
        case IP -> new GeneralName(GeneralName.iPAddress, value);
        case URI -> new GeneralName(GeneralName.uniformResourceIdentifier, value);
        case PERMANENT_IDENTIFIER -> OtherNames.permanentIdentifier(value);
        case HARDWARE_MODULE_NAME ->
          OtherNames.hardwareModule(
              value.substring(0, value.indexOf(':')), value.substring(value.indexOf(':') + 1));
      };
    }
  }

  /**
   * Runs in the transaction that records serial and TBSCertificate, with the device locked and before anything is
   * written: consumes a token, checks the state again, claims the key. May refuse; then nothing is recorded. Runs again
   * for a retry, so it must let the same request pass twice.
   */
  @FunctionalInterface
  interface Guard {
    /** Lets everything pass, for certificates that the server makes for itself. */
    Guard NONE = request -> {};

    /** Checks the order with digest {@code request}. */
    void check(Digest request);

    /**
     * Told of the same order before the first order of the transaction is checked, so that what several guards need is
     * fetched or written together. Must neither refuse nor read.
     */
    default void expect(Digest request) {}

    /** Keys that are claimed with those of concurrent orders, before {@link #check}; refused with {@code duplicate-key}. */
    default List<KeyClaim> claims() {
      return List.of();
    }

    /** What {@code guard} checks, and these keys. */
    static Guard claiming(List<KeyClaim> claims, Guard guard) {
      List<KeyClaim> keys = List.copyOf(claims);
      return new Guard() {
        @Override
        public void check(Digest request) {
          guard.check(request);
        }

        @Override
        public void expect(Digest request) {
          guard.expect(request);
        }

        @Override
        public List<KeyClaim> claims() {
          return keys;
        }
      };
    }
  }

  /**
   * The certificate for this order: a new one, or the one already issued for the same order until that is first used or
   * its renewal window opens (its last third), and never after revocation. Opens its own transactions; must be called
   * outside one.
   */
  Credential issue(Order order, Guard guard, Actor actor);
}
