package io.sallyport.testing;

import io.sallyport.kernel.Digest;
import io.sallyport.testing.TestPki.Identity;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Boolean;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.jspecify.annotations.Nullable;

/**
 * A TPM 2.0 of its own: swtpm with EK certificates by a CA of its own, driven with tpm2-tools and, where these lack an
 * option, tpm2-pytss. One at a time may use it; {@link #close} ends the process and removes its folder.
 *
 * <pre>{@code
 * try (Tpm tpm = Tpm.start()) {
 *   Tpm.AttestationKey ak = tpm.attestationKey("ecc");
 *   byte[] secret = tpm.activate(ak, credentialFile);
 *   Tpm.Quote quote = tpm.quote(ak, nonce, "sha256:0,7");
 *   tpm.extend(7, new byte[32]);
 * }
 * }</pre>
 */
public final class Tpm implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String RSA_EK = "0x81010001";
  private static final String STORAGE = "0x81000001";
  private static final int FIRST_HANDLE = 0x81000010;
  private static final int MOST_STARTS = 5;
  private static final Duration START = Duration.ofSeconds(10);
  private static final HexFormat HEX = HexFormat.of();

  /** Certifies a key; tpm2_certify has no option for the qualifying data. */
  private static final String CERTIFY = """
      import sys
      from tpm2_pytss import ESAPI, TPM2B_DATA, TPMT_SIG_SCHEME, TPM2_ALG
      tcti, key, ak, data = sys.argv[1], int(sys.argv[2], 16), int(sys.argv[3], 16), sys.argv[4]
      with ESAPI(tcti) as tpm:
          key, ak = tpm.tr_from_tpmpublic(key), tpm.tr_from_tpmpublic(ak)
          info, signature = tpm.certify(
              key, ak, TPM2B_DATA(bytes.fromhex(data)), TPMT_SIG_SCHEME(scheme=TPM2_ALG.NULL))
          open('certify.info', 'wb').write(bytes(info))
          open('certify.signature', 'wb').write(signature.marshal())
      """;

  private final Path folder;
  private final Path authority;
  private final AtomicInteger nextHandle = new AtomicInteger(FIRST_HANDLE);
  private final Thread atExit = new Thread(this::kill);
  private Process process;
  private int port;

  /**
   * An attestation key.
   *
   * @param scheme {@code ecdsa}, {@code rsassa} or {@code rsapss}
   * @param handle persistent
   * @param publicArea TPM2B_PUBLIC
   * @param name its Name: algorithm and digest
   */
  public record AttestationKey(
      String handle, String scheme, String hash, byte[] publicArea, byte[] name) {}

  /**
   * A P-256 key that signs and never leaves the TPM.
   *
   * @param publicArea TPM2B_PUBLIC
   * @param keys works wherever Java signs with SHA256withECDSA, for TLS and certificate requests too
   * @param pem the same key for OpenSSL's tpm2 provider (TSS2 PRIVATE KEY)
   */
  public record DeviceKey(String handle, byte[] publicArea, KeyPair keys, Path pem) {
    /** The key with a certificate for it. */
    public Identity with(List<X509Certificate> chain) {
      return new Identity(keys, chain);
    }
  }

  /**
   * A quote.
   *
   * @param message TPMS_ATTEST
   * @param signature TPMT_SIGNATURE
   * @param pcrs values in hex by bank and PCR
   */
  public record Quote(byte[] message, byte[] signature, Map<String, Map<String, String>> pcrs) {
    /** One PCR in hex. */
    public String pcr(String bank, int pcr) {
      return String.valueOf(pcrs.getOrDefault(bank, Map.of()).get(Integer.toString(pcr)));
    }
  }

  /** TPMS_ATTEST and TPMT_SIGNATURE of TPM2_Certify. */
  public record Certification(byte[] info, byte[] signature) {}

  private Tpm(@Nullable Path authority) {
    try {
      this.folder = Files.createTempDirectory("sallyport-tpm").toAbsolutePath();
      this.authority = authority == null ? folder.resolve("ca") : authority;
      Files.createDirectories(folder.resolve("state"));
      Files.createDirectories(this.authority);
      Files.writeString(folder.resolve("certify.py"), CERTIFY);
      manufacture();
      this.process = startup();
      Runtime.getRuntime().addShutdownHook(atExit);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    tool("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc", "-c", "storage.ctx");
    tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "storage.ctx", STORAGE);
  }

  /** A TPM of a maker of its own; skips the test, or fails it, where the programs are missing. */
  public static Tpm start() {
    Peers.need("swtpm", "swtpm_setup", "swtpm_localca", "tpm2_createak", "tpm2_quote", "openssl");
    return new Tpm(null);
  }

  /** Another TPM by the same maker. Ends before this one does. */
  public Tpm sibling() {
    return new Tpm(authority);
  }

  /** The certificate of the RSA-2048 endorsement key. */
  public X509Certificate ekCertificate() {
    return certificate(read("ek-rsa2048.crt"));
  }

  /** The certificate of the P-384 endorsement key. */
  public X509Certificate eccEkCertificate() {
    return certificate(read("ek-secp384r1.crt"));
  }

  /** What lies between the EK certificate and the root. */
  public X509Certificate issuer() {
    return certificate(bytes(authority.resolve("issuercert.pem")));
  }

  /** The maker's root, which an operator would trust. */
  public X509Certificate root() {
    return certificate(bytes(authority.resolve("swtpm-localca-rootca-cert.pem")));
  }

  /** @param algorithm {@code ecc} for P-256 with ECDSA, {@code rsassa} or {@code rsapss} for RSA-2048 */
  public AttestationKey attestationKey(String algorithm) {
    return attestationKey(algorithm, "sha256");
  }

  /** @param hash of the signatures, for instance {@code sha1} */
  public AttestationKey attestationKey(String algorithm, String hash) {
    String handle = handle();
    boolean ecc = algorithm.equals("ecc");
    String scheme = ecc ? "ecdsa" : algorithm;
    tool(
        "tpm2_createak",
        "-Q",
        "-C",
        RSA_EK,
        "-c",
        "ak.ctx",
        "-G",
        ecc ? "ecc" : "rsa",
        "-g",
        hash,
        "-s",
        scheme,
        "-u",
        "ak.pub",
        "-f",
        "tss",
        "-n",
        "ak.name");
    tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "ak.ctx", handle);
    return new AttestationKey(handle, scheme, hash, read("ak.pub"), read("ak.name"));
  }

  /** A key made with these attributes, for instance {@code fixedtpm|fixedparent|sign}; TPM2B_PUBLIC. */
  public AttestationKey keyWith(String attributes) {
    String handle = handle();
    create("odd", "ecc256:ecdsa-sha256", attributes);
    tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "odd.ctx", handle);
    return new AttestationKey(handle, "ecdsa", "sha256", read("odd.pub"), new byte[0]);
  }

  /**
   * TPM2_ActivateCredential: the secret that was sealed for this TPM and this key.
   *
   * @param credential the file of tpm2-tools: header, credential blob, encrypted secret
   */
  public byte[] activate(AttestationKey ak, byte[] credential) {
    write("credential", credential);
    tool("tpm2_startauthsession", "--policy-session", "-S", "session.ctx");
    try {
      tool("tpm2_policysecret", "-Q", "-S", "session.ctx", "-c", "e");
      tool(
          "tpm2_activatecredential",
          "-Q",
          "-c",
          ak.handle(),
          "-C",
          RSA_EK,
          "-i",
          "credential",
          "-o",
          "secret",
          "-P",
          "session:session.ctx");
    } finally {
      tool("tpm2_flushcontext", "session.ctx");
    }
    return read("secret");
  }

  /** @param selection for instance {@code sha256:0,1,7}, or several banks with + between them */
  public Quote quote(AttestationKey ak, byte[] qualifyingData, String selection) {
    tool(
        "tpm2_quote",
        "-Q",
        "-c",
        ak.handle(),
        "-l",
        selection,
        "-q",
        HEX.formatHex(qualifyingData),
        "-g",
        ak.hash(),
        "--scheme",
        ak.scheme(),
        "-m",
        "quote.message",
        "-s",
        "quote.signature",
        "-o",
        "quote.pcrs",
        "-F",
        "values");
    return new Quote(
        read("quote.message"), read("quote.signature"), values(selection, read("quote.pcrs")));
  }

  /** TPM2_PCR_Extend in the SHA-256 bank. */
  public void extend(int pcr, byte[] digest) {
    tool("tpm2_pcrextend", pcr + ":sha256=" + HEX.formatHex(digest));
  }

  /** A key inside this TPM. */
  public DeviceKey deviceKey() {
    String handle = handle();
    String name = "device-" + handle;
    create(
        name, "ecc256:ecdsa-sha256", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign");
    tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", name + ".ctx", handle);
    byte[] publicArea = read(name + ".pub");
    TpmKeys.install();
    return new DeviceKey(
        handle,
        publicArea,
        new KeyPair(point(publicArea), new TpmKeys.Held(this, handle)),
        openSslKey(name));
  }

  /** TPM2_Certify: the attestation key vouches for a key in the same TPM. */
  public Certification certify(DeviceKey key, AttestationKey ak, byte[] qualifyingData) {
    tool(
        "/usr/bin/python3",
        "certify.py",
        tcti(),
        key.handle(),
        ak.handle(),
        HEX.formatHex(qualifyingData));
    return new Certification(read("certify.info"), read("certify.signature"));
  }

  /** A certificate request by OpenSSL with a key inside the TPM, in DER. */
  public byte[] request(DeviceKey key, String subject) {
    tool(
        "openssl",
        "req",
        "-new",
        "-provider",
        "tpm2",
        "-provider",
        "default",
        "-propquery",
        "?provider=tpm2",
        "-key",
        key.pem().toString(),
        "-subj",
        subject,
        "-outform",
        "DER",
        "-out",
        "request.der");
    return read("request.der");
  }

  /** DER signature by a device key over SHA-256 of {@code octets}. */
  byte[] sign(String handle, byte[] octets) {
    write("signed", Digest.of(octets).octets());
    tool(
        "tpm2_sign",
        "-Q",
        "-c",
        handle,
        "-g",
        "sha256",
        "-s",
        "ecdsa",
        "-d",
        "signed",
        "-f",
        "plain",
        "-o",
        "signature");
    return read("signature");
  }

  /** Power off and on: the reset counter goes up by one, the PCRs start anew. */
  public void powerCycle() {
    tool("tpm2_shutdown", "-c");
    stop();
    process = startup();
  }

  /** Power lost without a shutdown: as {@link #powerCycle}, and the clock may not be right until it was written. */
  public void powerLoss() {
    stop();
    process = startup();
  }

  /** TPM2_Clear: resetCount and clock start anew; storage keys are gone, and with them those made here. */
  public void clear() {
    tool("tpm2_clear", "-c", "p");
  }

  /** The environment in which tpm2-tools and OpenSSL's provider find this TPM. */
  public Map<String, String> environment() {
    return Map.of("TPM2TOOLS_TCTI", tcti(), "TPM2OPENSSL_TCTI", tcti());
  }

  /** Runs a program of tpm2-tools in the TPM's folder; fails unless it succeeds. */
  public synchronized String tool(String... command) {
    String said = Peers.run(folder, environment(), command).orFail();
    if (command[0].startsWith("tpm2_") && !command[0].equals("tpm2_shutdown")) {
      // There is no resource manager, and a TPM has room for three objects.
      Peers.run(folder, environment(), "tpm2_flushcontext", "-t").orFail();
    }
    return said;
  }

  /** Where the programs run and leave their files. */
  public Path folder() {
    return folder;
  }

  @Override
  public void close() {
    stop();
    Runtime.getRuntime().removeShutdownHook(atExit);
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void manufacture() throws IOException {
    Files.writeString(
        folder.resolve("setup.conf"), """
        [swtpm_setup]
        create_certs_tool = %s
        create_certs_tool_config = %s/localca.conf
        create_certs_tool_options = %s/localca.options
        active_pcr_banks = sha1,sha256
        """.formatted(found("swtpm_localca"), folder, folder));
    Files.writeString(folder.resolve("localca.conf"), """
        statedir = %1$s
        signingkey = %1$s/signkey.pem
        issuercert = %1$s/issuercert.pem
        certserial = %1$s/certserial
        """.formatted(authority));
    Files.writeString(folder.resolve("localca.options"), """
        --platform-manufacturer Example
        --platform-version 1.0
        --platform-model Machine
        """);
    Peers.run(
            folder,
            "swtpm_setup",
            "--tpm2",
            "--tpmstate",
            folder + "/state",
            "--config",
            folder + "/setup.conf",
            "--create-ek-cert",
            "--lock-nvram",
            "--write-ek-cert-files",
            folder.toString())
        .orFail();
  }

  private static String found(String program) {
    return Arrays.stream(String.valueOf(System.getenv("PATH")).split(File.pathSeparator))
        .map(bin -> Path.of(bin, program))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow()
        .toString();
  }

  private Process startup() {
    for (int attempt = 1; ; attempt++) {
      port = freePair();
      Process started = swtpm();
      long end = System.nanoTime() + START.toNanos();
      while (started.isAlive() && System.nanoTime() < end) {
        if (Peers.run(folder, environment(), "tpm2_getcap", "properties-fixed").code() == 0) {
          return started;
        }
      }
      started.destroyForcibly();
      if (attempt == MOST_STARTS) {
        throw new AssertionError("swtpm does not start");
      }
    }
  }

  private Process swtpm() {
    try {
      return new ProcessBuilder(
              "swtpm",
              "socket",
              "--tpm2",
              "--tpmstate",
              "dir=" + folder + "/state",
              "--server",
              "type=tcp,bindaddr=" + LOOPBACK + ",port=" + port,
              "--ctrl",
              "type=tcp,bindaddr=" + LOOPBACK + ",port=" + (port + 1),
              "--flags",
              "not-need-init,startup-clear")
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(folder.resolve("swtpm.log").toFile())
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The control channel is looked for on the next port. */
  private static int freePair() {
    for (int attempt = 0; attempt < 100; attempt++) {
      try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK));
          ServerSocket second =
              new ServerSocket(first.getLocalPort() + 1, 1, InetAddress.getByName(LOOPBACK))) {
        return second.getLocalPort() - 1;
      } catch (IOException | IllegalArgumentException taken) {
        continue;
      }
    }
    throw new AssertionError("no two free ports side by side");
  }

  private void stop() {
    process.destroy();
    try {
      if (!process.waitFor(START.toSeconds(), TimeUnit.SECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      kill();
    }
  }

  private void kill() {
    process.destroyForcibly();
  }

  private String tcti() {
    return "swtpm:host=" + LOOPBACK + ",port=" + port;
  }

  private String handle() {
    return "0x" + Integer.toHexString(nextHandle.getAndIncrement());
  }

  private void create(String name, String algorithm, String attributes) {
    tool(
        "tpm2_create",
        "-Q",
        "-C",
        STORAGE,
        "-G",
        algorithm,
        "-u",
        name + ".pub",
        "-r",
        name + ".priv",
        "-a",
        attributes);
    tool(
        "tpm2_load",
        "-Q",
        "-C",
        STORAGE,
        "-u",
        name + ".pub",
        "-r",
        name + ".priv",
        "-c",
        name + ".ctx");
  }

  /** SEQUENCE { type, [0] emptyAuth TRUE, parent, TPM2B_PUBLIC, TPM2B_PRIVATE }. */
  private Path openSslKey(String name) {
    try {
      ASN1EncodableVector key = new ASN1EncodableVector();
      key.add(new ASN1ObjectIdentifier("2.23.133.10.1.3"));
      key.add(new DERTaggedObject(true, 0, ASN1Boolean.TRUE));
      key.add(new ASN1Integer(new BigInteger(STORAGE.substring(2), 16)));
      key.add(new DEROctetString(read(name + ".pub")));
      key.add(new DEROctetString(read(name + ".priv")));
      byte[] der = new DERSequence(key).getEncoded();
      return Files.writeString(folder.resolve(name + ".pem"), TestPki.pem("TSS2 PRIVATE KEY", der));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The point at the end of a P-256 public area. */
  private static PublicKey point(byte[] publicArea) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      ECPublicKey any = (ECPublicKey) generator.generateKeyPair().getPublic();
      int end = publicArea.length;
      ECPoint point = new ECPoint(
          new BigInteger(1, Arrays.copyOfRange(publicArea, end - 66, end - 34)),
          new BigInteger(1, Arrays.copyOfRange(publicArea, end - 32, end)));
      return KeyFactory.getInstance("EC")
          .generatePublic(new ECPublicKeySpec(point, any.getParams()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Map<String, String>> values(String selection, byte[] octets) {
    Map<String, Map<String, String>> banks = new LinkedHashMap<>();
    int at = 0;
    for (String bank : selection.split("\\+", -1)) {
      String[] parts = bank.split(":", 2);
      int length = parts[0].equals("sha1") ? 20 : Digest.LENGTH;
      Map<String, String> pcrs = new LinkedHashMap<>();
      for (int pcr : Arrays.stream(parts[1].split(",", -1))
          .mapToInt(Integer::parseInt)
          .sorted()
          .toArray()) {
        pcrs.put(Integer.toString(pcr), HEX.formatHex(octets, at, at + length));
        at += length;
      }
      banks.put(parts[0], pcrs);
    }
    return banks;
  }

  private static X509Certificate certificate(byte[] octets) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(octets));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("not a certificate", e);
    }
  }

  private byte[] read(String name) {
    return bytes(folder.resolve(name));
  }

  private static byte[] bytes(Path path) {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write(String name, byte[] octets) {
    try {
      Files.write(folder.resolve(name), octets);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** DER of a certificate in base64, as {@code POST /attest/v1/aks} takes it. */
  public static String base64(X509Certificate certificate) {
    try {
      return Base64.getEncoder().encodeToString(certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
