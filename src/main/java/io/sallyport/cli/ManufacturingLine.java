package io.sallyport.cli;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** A manufacturer of the demo: a CA of its own that gives devices their IDevIDs (IEEE 802.1AR). */
final class ManufacturingLine {
  private static final Duration TEN_YEARS = Duration.ofDays(3652);

  private final String manufacturer;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final KeyPair key = Requests.newKey();
  private final X509Certificate anchor;

  ManufacturingLine(String manufacturer, Clock clock) {
    this.manufacturer = manufacturer;
    this.clock = clock;
    X500Name name = new X500NameBuilder()
        .addRDN(BCStyle.O, manufacturer)
        .addRDN(BCStyle.CN, manufacturer + " Device CA")
        .build();
    this.anchor = sign(name, key, name, key, true, null);
  }

  X509Certificate anchor() {
    return anchor;
  }

  /** A unit with a fresh key and its IDevID. */
  Identity make(String model, String serial) {
    KeyPair unit = Requests.newKey();
    X500Name subject = new X500NameBuilder()
        .addRDN(BCStyle.O, manufacturer)
        .addRDN(BCStyle.CN, model)
        .addRDN(BCStyle.SERIALNUMBER, serial)
        .build();
    return new Identity(
        unit.getPrivate(),
        List.of(sign(Requests.subject(anchor), key, subject, unit, false, null)));
  }

  /** A TLS server of this line, with its chain below the anchor: as with Sallyport itself, an authority is between them. */
  Identity server(String host) {
    KeyPair between = Requests.newKey();
    X500Name issuer = new X500NameBuilder()
        .addRDN(BCStyle.O, manufacturer)
        .addRDN(BCStyle.CN, manufacturer + " Server CA")
        .build();
    KeyPair unit = Requests.newKey();
    X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, host).build();
    return new Identity(
        unit.getPrivate(),
        List.of(
            sign(issuer, between, subject, unit, false, host),
            sign(Requests.subject(anchor), key, issuer, between, true, null)));
  }

  private X509Certificate sign(
      X500Name issuer,
      KeyPair signer,
      X500Name subject,
      KeyPair pair,
      boolean authority,
      @Nullable String host) {
    try {
      Date from = Date.from(clock.instant().minus(Duration.ofHours(1)));
      Date until = Date.from(clock.instant().plus(TEN_YEARS));
      JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
      JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
          issuer, new BigInteger(127, random).setBit(126), from, until, subject, pair.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(
              authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          extensions.createSubjectKeyIdentifier(pair.getPublic()));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          extensions.createAuthorityKeyIdentifier(signer.getPublic()));
      if (host != null) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(new GeneralName(GeneralName.dNSName, host)));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(
              new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate())));
    } catch (OperatorCreationException | GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
