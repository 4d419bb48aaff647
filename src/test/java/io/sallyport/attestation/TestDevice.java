package io.sallyport.attestation;

import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.Map;
import java.util.UUID;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A device with a key, a certificate and an agent that signs whatever it is given. */
final class TestDevice {
  static final Instant NOW = Instant.parse("2026-11-22T12:00:00.123456Z");

  final UUID id;
  final String alg;
  private final KeyPair keys;
  private final String jca;
  private final Credential credential;

  private TestDevice(UUID id, String alg, String jca, KeyPair keys) throws Exception {
    this.id = id;
    this.alg = alg;
    this.jca = jca;
    this.keys = keys;
    this.credential = certify(id, alg, keys);
  }

  /** One whose key is used with this JWS algorithm. */
  static TestDevice with(String alg) throws Exception {
    UUID id = UUID.randomUUID();
    return switch (alg) {
      case "ES256" -> new TestDevice(id, alg, "SHA256withECDSAinP1363Format", generate("EC", 256));
      case "ES384" -> new TestDevice(id, alg, "SHA384withECDSAinP1363Format", generate("EC", 384));
      case "ES512" -> new TestDevice(id, alg, "SHA512withECDSAinP1363Format", generate("EC", 521));
      case "RS256" -> new TestDevice(id, alg, "SHA256withRSA", generate("RSA", 2048));
      case "EdDSA" -> new TestDevice(id, alg, "Ed25519", generate("Ed25519", 255));
      default -> throw new IllegalArgumentException(alg);
    };
  }

  private static KeyPair generate(String family, int size) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(family);
    if (!family.equals("Ed25519")) {
      generator.initialize(size);
    }
    return generator.generateKeyPair();
  }

  PublicKey key() {
    return keys.getPublic();
  }

  /** The public key's octets, which an attacker may know. */
  byte[] keyOctets() {
    return keys.getPublic().getEncoded();
  }

  Device device(DeviceState state) {
    HardwareUnit hardware = new HardwareUnit(UUID.randomUUID(), "acme", "cam", "SN-1");
    return new Device(id, hardware, "camera", "ops", "plant-1", Map.of(), state, 0, NOW);
  }

  Credential credential() {
    return credential;
  }

  private static Credential certify(UUID id, String alg, KeyPair keys) throws Exception {
    String signature = switch (alg) {
      case "RS256" -> "SHA256withRSA";
      case "EdDSA" -> "Ed25519";
      default -> "SHA256withECDSA";
    };
    X500Name name = new X500Name("CN=" + id);
    Der certificate = Der.of(new JcaX509v3CertificateBuilder(
            name,
            BigInteger.ONE,
            Date.from(NOW.minus(Duration.ofHours(1))),
            Date.from(NOW.plus(Duration.ofDays(1))),
            name,
            keys.getPublic())
        .build(new JcaContentSignerBuilder(signature).build(keys.getPrivate()))
        .getEncoded());
    return new Credential(
        "devices",
        BigInteger.ONE,
        CertificateSubject.device(id),
        "device",
        certificate.digest(),
        Digest.of(keys.getPublic().getEncoded()),
        NOW.minus(Duration.ofHours(1)),
        NOW.plus(Duration.ofDays(1)),
        null,
        null,
        null,
        certificate);
  }

  /** A compact JWS over exactly these header and payload texts. */
  String sign(String header, String payload) throws Exception {
    return sign(
        base64(header.getBytes(StandardCharsets.UTF_8)), payload.getBytes(StandardCharsets.UTF_8));
  }

  String sign(String encodedHeader, byte[] payload) throws Exception {
    String signed = encodedHeader + "." + base64(payload);
    Signature signature = Signature.getInstance(jca);
    signature.initSign(keys.getPrivate());
    signature.update(signed.getBytes(StandardCharsets.US_ASCII));
    return signed + "." + base64(signature.sign());
  }

  String header() {
    return "{\"alg\":\"" + alg + "\",\"typ\":\"eat+jwt\",\"kid\":\"device\"}";
  }

  static String base64(byte[] octets) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
  }

  static final String DIGEST = "sha-256:" + "ab".repeat(32);

  /** The report of good firmware. */
  static String report(String nonce) {
    return report(nonce, "1.3.0", DIGEST, true);
  }

  static String report(String nonce, String version, String digest, boolean secureBoot) {
    return """
        {"eat_nonce":"%s","eat_profile":"tag:sallyport.io,2026:device-report","iat":%d,"ueid":"AQIDBAUGBwg",\
        "swname":"camera-os","swversion":["%s"],"swdigest":"%s","oemboot":%s}""".formatted(nonce, NOW.getEpochSecond(), version, digest, secureBoot);
  }
}
