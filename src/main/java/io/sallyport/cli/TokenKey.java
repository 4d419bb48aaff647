package io.sallyport.cli;

import io.sallyport.pkcs11.Pkcs11Library;
import io.sallyport.pkcs11.Pkcs11Library.Present;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A device's P-256 key in a PKCS#11 token, which never leaves it. The JDK sees a key only beside a certificate. */
final class TokenKey {
  private static final int ID_OCTETS = 16;
  private static final String CONFIGURATION = """
      --name=Device
      library=%s
      slot=%d
      attributes(generate,CKO_PRIVATE_KEY,*)={
      CKA_TOKEN=true
      CKA_ID=0h%s
      CKA_PRIVATE=true
      CKA_SENSITIVE=true
      CKA_EXTRACTABLE=false
      CKA_SIGN=true
      }
      attributes(generate,CKO_PUBLIC_KEY,*)={
      CKA_TOKEN=true
      CKA_ID=0h%s
      CKA_VERIFY=true
      }
      """;

  private final TokenUri uri;
  private final Provider provider;
  private final KeyStore store;

  private TokenKey(TokenUri uri, Provider provider, KeyStore store) {
    this.uri = uri;
    this.provider = provider;
    this.store = store;
  }

  /** Logs in, once: tokens lock themselves. */
  static TokenKey open(TokenUri uri) {
    String pin = Pem.text(uri.pin()).strip();
    Present token = token(uri);
    if (token.locked() || token.lastTry()) {
      throw Failure.usage("The PIN of the token \"" + uri.token()
          + "\" is locked or has one try left, so it is not tried.");
    }
    byte[] id = new byte[ID_OCTETS];
    new SecureRandom().nextBytes(id);
    String hex = HexFormat.of().formatHex(id);
    try {
      Provider provider = Security.getProvider("SunPKCS11")
          .configure(CONFIGURATION.formatted(uri.module(), token.slot(), hex, hex));
      KeyStore store = KeyStore.getInstance("PKCS11", provider);
      store.load(null, pin.toCharArray());
      // Behind all others: it is taken for keys that no other can use.
      Security.addProvider(provider);
      return new TokenKey(uri, provider, store);
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      throw Failure.usage("The token \"" + uri.token() + "\" does not take the PIN in " + uri.pin()
          + ", or is away; it is not tried again (" + innermost(e) + ").");
    }
  }

  /** The key of that name, made when there is none. */
  KeyPair pair(Clock clock) {
    try {
      PrivateKey key = (PrivateKey) store.getKey(uri.object(), null);
      Certificate carrier = store.getCertificate(uri.object());
      return key != null && carrier != null
          ? new KeyPair(carrier.getPublicKey(), key)
          : made(clock.instant());
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw Failure.usage("The token \"" + uri.token() + "\" makes no key \"" + uri.object()
          + "\": " + innermost(e) + ".");
    }
  }

  private KeyPair made(Instant now)
      throws GeneralSecurityException, IOException, OperatorCreationException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", provider);
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair pair = generator.generateKeyPair();
    X500Name name = new X500Name("CN=key");
    byte[] carrier = new X509v3CertificateBuilder(
            name,
            BigInteger.ONE,
            Date.from(now),
            Date.from(now.plus(Duration.ofDays(1))),
            name,
            SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()))
        .build(new JcaContentSignerBuilder("SHA256withECDSA")
            .setProvider(provider)
            .build(pair.getPrivate()))
        .getEncoded();
    store.setKeyEntry(uri.object(), pair.getPrivate(), null, new X509Certificate[] {
      (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(carrier))
    });
    return pair;
  }

  private static Present token(TokenUri uri) {
    try {
      List<Present> tokens = Pkcs11Library.load(uri.module().toString()).tokens();
      return tokens.stream()
          .filter(token -> token.label().equals(uri.token()))
          .findFirst()
          .orElseThrow(() -> Failure.usage("No token \"" + uri.token() + "\" is in a slot of "
              + uri.module() + "; there are: "
              + tokens.stream().map(Present::label).toList() + "."));
    } catch (IllegalArgumentException e) {
      throw Failure.usage(
          uri.module() + " is no PKCS#11 library that works: " + e.getMessage() + ".");
    }
  }

  private static String innermost(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }
}
