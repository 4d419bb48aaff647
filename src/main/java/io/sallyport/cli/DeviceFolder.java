package io.sallyport.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Key and certificates of one party: {@code key.pem} (the owner's alone), {@code cert.pem}, {@code chain.pem} (issuers below
 * the root), {@code root.pem}. Files are replaced whole. A new key waits in {@code next-key.pem} until its certificate is
 * there, so that a cut at any point leaves a pair that belongs together or one that {@link #recover} completes.
 */
final class DeviceFolder {
  private final Path folder;

  DeviceFolder(Path folder) {
    this.folder = folder;
    recover();
  }

  Path rootFile() {
    return folder.resolve("root.pem");
  }

  boolean enrolled() {
    return Files.exists(certificateFile());
  }

  Identity identity() {
    if (!enrolled()) {
      throw Failure.usage(folder + " holds no certificate; enroll first.");
    }
    Identity identity = Identity.read(certificateFile(), keyFile());
    return Files.exists(chainFile()) ? identity.with(Pem.certificates(chainFile())) : identity;
  }

  /** The present key, made on first use. */
  KeyPair key() {
    return keyIn(keyFile());
  }

  /** The key to change to; the same one until {@link #store} has its certificate. */
  KeyPair nextKey() {
    return keyIn(nextKeyFile());
  }

  /** Keeps what was issued for the present key or the next. */
  void store(EstClient.Issued issued) {
    WholeFile.open(rootFile(), Pem.of(issued.root()));
    store(issued.certificate(), issued.issuers());
  }

  void store(X509Certificate certificate, List<X509Certificate> issuers) {
    if (issuers.isEmpty()) {
      delete(chainFile());
    } else {
      WholeFile.open(chainFile(), Pem.of(issuers));
    }
    WholeFile.open(nextCertificateFile(), Pem.of(certificate));
    recover();
  }

  /** Finishes a change that was cut: the waiting certificate, with the waiting key when it belongs to that. */
  private void recover() {
    if (!Files.exists(nextCertificateFile())) {
      return;
    }
    PublicKey certified = Pem.certificates(nextCertificateFile()).getFirst().getPublicKey();
    try {
      if (Files.exists(nextKeyFile())
          && Requests.belong(Pem.privateKey(nextKeyFile()), certified)) {
        Files.move(
            nextKeyFile(),
            keyFile(),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
      Files.move(
          nextCertificateFile(),
          certificateFile(),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw Failure.usage(folder + " cannot be written: " + e.getMessage());
    }
  }

  private KeyPair keyIn(Path file) {
    if (!Files.exists(file)) {
      KeyPair pair = Requests.newKey();
      WholeFile.secret(file, Pem.of(pair.getPrivate()));
      return pair;
    }
    PrivateKey key = Pem.privateKey(file);
    return new KeyPair(Requests.publicHalf(key), key);
  }

  private void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw Failure.usage(file + " cannot be removed: " + e.getMessage());
    }
  }

  private Path keyFile() {
    return folder.resolve("key.pem");
  }

  private Path nextKeyFile() {
    return folder.resolve("next-key.pem");
  }

  private Path certificateFile() {
    return folder.resolve("cert.pem");
  }

  private Path nextCertificateFile() {
    return folder.resolve("next-cert.pem");
  }

  private Path chainFile() {
    return folder.resolve("chain.pem");
  }
}
