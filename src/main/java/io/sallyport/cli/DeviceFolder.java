package io.sallyport.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Key and certificates of one party: {@code key.pem} (the owner's alone, or wrapped by a TPM) or {@code key.uri} (where it is
 * in a PKCS#11 token), {@code cert.pem}, {@code chain.pem} (issuers below
 * the root), {@code root.pem}. Files are replaced whole. A new key waits in {@code next-key.pem} until its certificate is
 * there, so that a cut at any point leaves a pair that belongs together or one that {@link #recover} completes.
 */
final class DeviceFolder {
  /** The key is made by the TPM. */
  static final String TPM = "tpm";

  private final Path folder;
  private final @Nullable String place;
  private @Nullable TokenKey token;

  DeviceFolder(Path folder) {
    this(folder, null);
  }

  /** @param place of a key that is yet to be made: null for a file, {@link #TPM}, or a PKCS#11 URI */
  DeviceFolder(Path folder, @Nullable String place) {
    this.folder = folder;
    this.place = place;
    recover();
    requireSamePlace();
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
    Identity identity = Files.exists(uriFile())
        ? Identity.of(certificateFile(), inToken().getPrivate(), uriFile())
        : Identity.read(certificateFile(), keyFile());
    return Files.exists(chainFile()) ? identity.with(Pem.certificates(chainFile())) : identity;
  }

  /** The present key, made on first use. */
  KeyPair key() {
    if (place != null && place.startsWith(TokenUri.SCHEME) && !Files.exists(uriFile())) {
      TokenUri uri = TokenUri.parse(place);
      token = TokenKey.open(uri);
      token.pair(Clock.systemUTC());
      WholeFile.open(uriFile(), uri.text() + "\n");
    }
    return Files.exists(uriFile()) ? inToken() : keyIn(keyFile());
  }

  /** The present certificate. */
  X509Certificate certificate() {
    return Pem.certificates(certificateFile()).getFirst();
  }

  private KeyPair inToken() {
    if (token == null) {
      token = TokenKey.open(TokenUri.parse(Pem.text(uriFile()).strip()));
    }
    return token.pair(Clock.systemUTC());
  }

  private void requireSamePlace() {
    if (place == null) {
      return;
    }
    boolean fits = place.equals(TPM)
        ? !Files.exists(uriFile())
            && (!Files.exists(keyFile()) || Pem.privateKey(keyFile()) instanceof TpmKey)
        : !Files.exists(keyFile())
            && (!Files.exists(uriFile()) || Pem.text(uriFile()).strip().equals(place));
    if (!fits) {
      throw Failure.usage(
          folder + " has a key in another place; take another folder, or leave --key out.");
    }
  }

  /** The key to change to; the same one until {@link #store} has its certificate. */
  KeyPair nextKey() {
    if (Files.exists(uriFile())) {
      throw Failure.usage(
          "A key in a token stays: enroll in another folder with another object in --key.");
    }
    return keyIn(nextKeyFile());
  }

  /** Keeps what was issued for the present key or the next. */
  void store(EstClient.Issued issued) {
    WholeFile.open(rootFile(), Pem.of(issued.root()));
    store(issued.certificate(), issued.issuers());
  }

  /** Keeps a key that the server made, with its certificate. */
  void store(EstClient.Generated generated) {
    WholeFile.secret(nextKeyFile(), Pem.of(generated.key()));
    store(generated.issued());
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
      WholeFile.secret(
          file, byTpm() ? OpensslTpm.newKey() : Pem.of(Requests.newKey().getPrivate()));
    }
    PrivateKey key = Pem.privateKey(file);
    return new KeyPair(Requests.publicHalf(key), key);
  }

  private boolean byTpm() {
    return TPM.equals(place)
        || Files.exists(keyFile()) && Pem.privateKey(keyFile()) instanceof TpmKey;
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

  private Path uriFile() {
    return folder.resolve("key.uri");
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
