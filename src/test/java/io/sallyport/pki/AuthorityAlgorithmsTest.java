package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A root, an issuing authority and an end entity of each algorithm, before readers that others wrote. */
@QuarkusTest
class AuthorityAlgorithmsTest extends ServerTest {
  private static final Provider BOUNCY_CASTLE = new BouncyCastleProvider();
  private static final Duration LIFE = Duration.ofDays(30);

  @Inject
  Authorities authorities;

  @Inject
  StoredAuthorities stored;

  @Inject
  Issuance issuance;

  @Inject
  OcspResponders responders;

  @Inject
  Keys keys;

  @Inject
  DataSource database;

  @Inject
  CrlShards shards;

  @Inject
  Clock clock;

  /** Other tests hand every authority to programs that do not know every algorithm. */
  @AfterAll
  void hide() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("update authority set certificate = null where name like 'algorithm-%'");
    }
    stored.read();
  }

  /** A chain, its own first, and the key of the first. */
  private record Chain(
      String issuing, KeyHandle key, Der leaf, Der issuer, Der root, X509CRL crl) {}

  private Chain chain(KeyAlgorithm algorithm) throws Exception {
    String name = "algorithm-" + algorithm.name().toLowerCase(Locale.ROOT).replace('_', '-');
    String root = name + "-root";
    authorities.establish(root, root, "CN=" + root, algorithm, LIFE.multipliedBy(2));
    authorities.establish(name, root, "CN=" + name, algorithm, LIFE);
    KeyHandle key = keys.generate(algorithm, name);
    Credential leaf = issuance.issue(
        new Issuance.Order(
            new CertificateSubject(
                CertificateSubject.Kind.ENFORCEMENT_POINT, UUID.randomUUID().toString()),
            profile(name),
            key.subjectPublicKeyInfo(),
            Digest.of(name.getBytes(StandardCharsets.UTF_8)),
            false,
            "CN=leaf of " + name,
            List.of()),
        Issuance.Guard.NONE,
        Actor.SERVER);
    byte[] crl = Patience.until("the list of " + name, () -> {
      HttpResponse<byte[]> answer = new StatusClient(wire)
          .get("/crl/" + name + "/" + shards.of(authorities.get(name), leaf.serial()) + ".crl");
      return answer.statusCode() == 200 ? Optional.of(answer.body()) : Optional.empty();
    });
    return new Chain(
        name,
        key,
        leaf.certificate(),
        authorities.get(name).certificate(),
        authorities.get(root).certificate(),
        (X509CRL)
            CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(crl)));
  }

  /** With a CRL distribution point, which ties the certificate to its list. */
  private static CertificateProfile profile(String authority) {
    return new CertificateProfile(
        CertificateProfiles.ENFORCEMENT_POINT,
        authority,
        LIFE,
        Duration.ZERO,
        Set.of(),
        List.of(),
        List.of(),
        Set.of(CertificateProfile.Usage.DIGITAL_SIGNATURE),
        List.of("1.3.6.1.5.5.7.3.2"),
        List.of(),
        null,
        false,
        true,
        EnrollmentTerms.DEFAULT);
  }

  @ParameterizedTest
  @EnumSource(KeyAlgorithm.class)
  void twoProvidersAcceptChainListAndOcspAnswer(KeyAlgorithm algorithm) throws Exception {
    Chain chain = chain(algorithm);
    X509Certificate issuer = x509(chain.issuer);

    for (CertPathValidator validator : List.of(
        CertPathValidator.getInstance("PKIX"),
        CertPathValidator.getInstance("PKIX", BOUNCY_CASTLE))) {
      PKIXParameters parameters =
          new PKIXParameters(Set.of(new TrustAnchor(x509(chain.root), null)));
      parameters.setRevocationEnabled(false);
      validator.validate(
          CertificateFactory.getInstance("X.509")
              .generateCertPath(List.of(x509(chain.leaf), issuer)),
          parameters);
    }
    chain.crl.verify(issuer.getPublicKey());
    chain.crl.verify(
        java.security.KeyFactory.getInstance(algorithm.family(), BOUNCY_CASTLE)
            .generatePublic(
                new java.security.spec.X509EncodedKeySpec(issuer.getPublicKey().getEncoded())),
        BOUNCY_CASTLE);
    X509CertificateHolder leaf = new X509CertificateHolder(chain.leaf.octets());
    BasicOCSPResp answer = new BasicOCSPRespBuilder(new RespID(leaf.getSubject()))
        .addResponse(
            StatusClient.id(StatusClient.SHA_1, issuer, BigInteger.ONE),
            org.bouncycastle.cert.ocsp.CertificateStatus.GOOD)
        .build(
            new KeySigner(keys, chain.key),
            new X509CertificateHolder[] {leaf},
            Date.from(clock.instant()));
    assertTrue(answer.isSignatureValid(new JcaContentVerifierProviderBuilder().build(leaf)));
    assertTrue(answer.isSignatureValid(
        new JcaContentVerifierProviderBuilder().setProvider(BOUNCY_CASTLE).build(leaf)));
  }

  @ParameterizedTest
  @EnumSource(KeyAlgorithm.class)
  void anAuthorityOfAnyAlgorithmHasAResponder(KeyAlgorithm algorithm) throws Exception {
    Chain chain = chain(algorithm);

    OcspResponders.Responder responder = responders.of(chain.issuing);

    x509(responder.certificate()).verify(x509(chain.issuer).getPublicKey());
  }

  @ParameterizedTest
  @EnumSource(
      value = KeyAlgorithm.class,
      mode = EnumSource.Mode.EXCLUDE,
      // The packaged programs are older than FIPS 204.
      names = {"ML_DSA_44", "ML_DSA_65", "ML_DSA_87"})
  void independentReadersAcceptTheClassicalOnes(KeyAlgorithm algorithm, @TempDir Path folder)
      throws Exception {
    Peers.need("openssl", "certtool", "pki");
    Chain chain = chain(algorithm);
    Files.writeString(folder.resolve("leaf.pem"), chain.leaf.pem("CERTIFICATE"));
    Files.writeString(folder.resolve("issuer.pem"), chain.issuer.pem("CERTIFICATE"));
    Files.writeString(folder.resolve("root.pem"), chain.root.pem("CERTIFICATE"));
    Files.writeString(
        folder.resolve("chain.pem"),
        chain.leaf.pem("CERTIFICATE")
            + chain.issuer.pem("CERTIFICATE")
            + chain.root.pem("CERTIFICATE"));
    Files.write(folder.resolve("list.crl"), chain.crl.getEncoded());
    Files.writeString(folder.resolve("list.pem"), Der.of(chain.crl.getEncoded()).pem("X509 CRL"));

    Peers.run(
            folder,
            "openssl",
            "verify",
            "-x509_strict",
            "-crl_check",
            "-CRLfile",
            "list.pem",
            "-CAfile",
            "root.pem",
            "-untrusted",
            "issuer.pem",
            "leaf.pem")
        .orFail();
    String gnutls = Peers.run(
            folder,
            "certtool",
            "--verify",
            "--load-ca-certificate",
            "root.pem",
            "--infile",
            "chain.pem")
        .orFail();
    assertTrue(gnutls.contains("The certificate is trusted."), gnutls);
    String listed = Peers.run(
            folder,
            "certtool",
            "--verify-crl",
            "--load-ca-certificate",
            "issuer.pem",
            "--infile",
            "list.pem")
        .orFail();
    assertTrue(listed.contains("Verification output: Verified"), listed);
    String strongswan = Peers.run(
            folder,
            "pki",
            "--verify",
            "--in",
            "leaf.pem",
            "--cacert",
            "issuer.pem",
            "--cacert",
            "root.pem",
            "--crl",
            "list.crl")
        .orFail();
    assertTrue(strongswan.contains("certificate trusted"), strongswan);
  }

  @Test
  void aDeviceMayHaveAPostQuantumKey() throws Exception {
    Manufacturer maker = TestPki.manufacturer("Algorithms");
    wire.register(maker);
    wire.document("/api/v1/profiles/algorithms", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: algorithms}
        """);
    wire.register(maker, "A-1", "algorithms");
    KeyPair key = KeyPairGenerator.getInstance("ML-DSA-87", BOUNCY_CASTLE).generateKeyPair();

    X509Certificate certificate = wire.enroll(maker.idevid("A-1"), key, "A-1").certificate();

    assertArrayEquals(key.getPublic().getEncoded(), certificate.getPublicKey().getEncoded());
  }

  private static X509Certificate x509(Der certificate) {
    X509Certificate read = CertificateParts.x509(certificate);
    assertEquals(3, read.getVersion());
    return read;
  }
}
