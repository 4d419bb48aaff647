package io.sallyport.cli;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A TPM 2.0 for the demo: swtpm with an endorsement key that a maker of its own certified, driven by tpm2-tools. For one
 * thread; {@link #close} ends the process.
 */
final class SoftwareTpm implements AutoCloseable {
  /** What has to be installed. */
  static final List<String> PROGRAMS =
      List.of("swtpm", "swtpm_setup", "swtpm_localca", "tpm2_createak", "tpm2_quote");

  private static final String RSA_EK = "0x81010001";
  private static final String ATTESTATION_KEY = "0x81000010";
  private static final int PATIENCE_SECONDS = 30;
  private static final int DIGEST = 32;

  private final Path folder;
  private final int port;
  private final Process process;

  /**
   * A quote over the SHA-256 bank.
   *
   * @param message TPMS_ATTEST
   * @param signature TPMT_SIGNATURE
   * @param pcrs hex by PCR
   */
  record Quote(byte[] message, byte[] signature, Map<String, String> pcrs) {}

  private SoftwareTpm(Path folder) throws IOException {
    this.folder = folder.toAbsolutePath();
    Files.createDirectories(this.folder.resolve("state"));
    Files.createDirectories(this.folder.resolve("maker"));
    manufacture();
    this.port = freePair();
    this.process = new ProcessBuilder(
            "swtpm",
            "socket",
            "--tpm2",
            "--tpmstate",
            "dir=" + this.folder + "/state",
            "--server",
            "type=tcp,bindaddr=127.0.0.1,port=" + port,
            "--ctrl",
            "type=tcp,bindaddr=127.0.0.1,port=" + (port + 1),
            "--flags",
            "not-need-init,startup-clear")
        .redirectErrorStream(true)
        .redirectOutput(this.folder.resolve("swtpm.log").toFile())
        .start();
  }

  /** Those of {@link #PROGRAMS} that are not there. */
  static List<String> missing() {
    return PROGRAMS.stream().filter(program -> found(program).isEmpty()).toList();
  }

  static SoftwareTpm start(Path folder) {
    try {
      SoftwareTpm tpm = new SoftwareTpm(folder);
      tpm.awaitStart();
      return tpm;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  X509Certificate ekCertificate() {
    return certificate("ek-rsa2048.crt");
  }

  /** What lies between the endorsement key's certificate and the root. */
  X509Certificate issuer() {
    return certificate("maker/issuercert.pem");
  }

  X509Certificate root() {
    return certificate("maker/swtpm-localca-rootca-cert.pem");
  }

  /** A new restricted signing key under the endorsement key; TPM2B_PUBLIC. */
  byte[] attestationKey() {
    tool(
        "tpm2_createak",
        "-Q",
        "-C",
        RSA_EK,
        "-c",
        "ak.ctx",
        "-G",
        "ecc",
        "-g",
        "sha256",
        "-s",
        "ecdsa",
        "-u",
        "ak.pub",
        "-f",
        "tss",
        "-n",
        "ak.name");
    tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "ak.ctx", ATTESTATION_KEY);
    return read("ak.pub");
  }

  /** TPM2_ActivateCredential over the credential file of tpm2-tools. */
  byte[] activate(byte[] credential) {
    write("credential", credential);
    tool("tpm2_startauthsession", "--policy-session", "-S", "session.ctx");
    tool("tpm2_policysecret", "-Q", "-S", "session.ctx", "-c", "e");
    tool(
        "tpm2_activatecredential",
        "-Q",
        "-c",
        ATTESTATION_KEY,
        "-C",
        RSA_EK,
        "-i",
        "credential",
        "-o",
        "secret",
        "-P",
        "session:session.ctx");
    tool("tpm2_flushcontext", "session.ctx");
    return read("secret");
  }

  Quote quote(byte[] nonce, int... pcrs) {
    List<String> names =
        Arrays.stream(pcrs).sorted().mapToObj(Integer::toString).toList();
    tool(
        "tpm2_quote",
        "-Q",
        "-c",
        ATTESTATION_KEY,
        "-l",
        "sha256:" + String.join(",", names),
        "-q",
        HexFormat.of().formatHex(nonce),
        "-g",
        "sha256",
        "--scheme",
        "ecdsa",
        "-m",
        "message",
        "-s",
        "signature",
        "-o",
        "pcrs",
        "-F",
        "values");
    byte[] octets = read("pcrs");
    Map<String, String> values = new TreeMap<>();
    for (int i = 0; i < names.size(); i++) {
      values.put(names.get(i), HexFormat.of().formatHex(octets, i * DIGEST, (i + 1) * DIGEST));
    }
    return new Quote(read("message"), read("signature"), values);
  }

  /** TPM2_PCR_Extend: what a changed boot loader does. */
  void extend(int pcr) {
    tool("tpm2_pcrextend", pcr + ":sha256=" + "ab".repeat(DIGEST));
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void manufacture() throws IOException {
    Files.writeString(
        folder.resolve("setup.conf"), """
        [swtpm_setup]
        create_certs_tool = %s
        create_certs_tool_config = %s/localca.conf
        create_certs_tool_options = %s/localca.options
        active_pcr_banks = sha256
        """.formatted(found("swtpm_localca"), folder, folder));
    Files.writeString(folder.resolve("localca.conf"), """
        statedir = %1$s/maker
        signingkey = %1$s/maker/signkey.pem
        issuercert = %1$s/maker/issuercert.pem
        certserial = %1$s/maker/certserial
        """.formatted(folder));
    Files.writeString(folder.resolve("localca.options"), """
        --platform-manufacturer Optica
        --platform-version 1.0
        --platform-model Gateway
        """);
    run(
        true,
        "swtpm_setup",
        "--tpm2",
        "--tpmstate",
        folder + "/state",
        "--config",
        folder + "/setup.conf",
        "--create-ek-cert",
        "--lock-nvram",
        "--write-ek-cert-files",
        folder.toString());
  }

  private void awaitStart() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!run(false, "tpm2_getcap", "properties-fixed")) {
      if (!process.isAlive() || System.nanoTime() > end) {
        close();
        throw new Failure(ExitCode.REFUSED, "swtpm does not start; see " + folder);
      }
    }
  }

  private void tool(String... command) {
    run(true, command);
    // There is no resource manager, and a TPM has room for three objects.
    run(true, "tpm2_flushcontext", "-t");
  }

  private boolean run(boolean must, String... command) {
    try {
      Path said = folder.resolve("said.txt");
      ProcessBuilder builder = new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(said.toFile())
          .redirectInput(new File("/dev/null"));
      builder.environment().put("TPM2TOOLS_TCTI", "swtpm:host=127.0.0.1,port=" + port);
      Process running = builder.start();
      if (!running.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        running.destroyForcibly();
        throw new Failure(ExitCode.REFUSED, command[0] + " does not end.");
      }
      if (must && running.exitValue() != 0) {
        throw new Failure(
            ExitCode.REFUSED, command[0] + " failed: " + Files.readString(said).strip());
      }
      return running.exitValue() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.UNREACHABLE, "Interrupted.");
    }
  }

  /** The control channel is looked for on the next port. */
  private static int freePair() throws IOException {
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    List<IOException> taken = new ArrayList<>();
    while (taken.size() < 100) {
      try (ServerSocket first = new ServerSocket(0, 1, loopback);
          ServerSocket second = new ServerSocket(first.getLocalPort() + 1, 1, loopback)) {
        return second.getLocalPort() - 1;
      } catch (IOException e) {
        taken.add(e);
      }
    }
    throw taken.getLast();
  }

  private static String found(String program) {
    return Arrays.stream(String.valueOf(System.getenv("PATH")).split(File.pathSeparator, -1))
        .map(bin -> Path.of(bin, program))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Path::toString)
        .orElse("");
  }

  private X509Certificate certificate(String name) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(read(name)));
    } catch (CertificateException e) {
      throw new Failure(ExitCode.REFUSED, name + " is not a certificate.");
    }
  }

  private byte[] read(String name) {
    try {
      return Files.readAllBytes(folder.resolve(name));
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
}
