package io.sallyport.pki;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.LongSupplier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Refuses keys whose private half is known to others: those of published test vectors, and those of the operator's files,
 * Debian's weak keys (CVE-2008-0166) for instance. Files are read with the first key that is asked for, and again when they
 * have changed. Any thread; reads files, so not on an event loop.
 */
@Singleton
final class KeyBlocklist {
  private static final Logger LOG = Logger.getLogger(KeyBlocklist.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** SHA-256 of the SubjectPublicKeyInfo. */
  private static final Set<String> PUBLISHED = Set.of(
      // RFC 6979 A.2.5 and A.2.6: P-256 and P-384
      "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4",
      "2f95601fa82060b909bfc6b979dbd303d34d34e0afb27ea496beac362f242a4b",
      // RFC 7515 A.3: P-256
      "2bd1bb0c44a897c30a7aa0991cde38d8062fe441de50da0f46825344f602e827",
      // The private key 1: the generators of P-256 and P-384
      "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3",
      "29f8fe74f38c49d49810cec736a26732a30bff2e64827b709a1c63340d4f7181",
      // RFC 8032 §7.1, tests 1 to 3, and the private key of zeros: Ed25519
      "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9",
      "deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170",
      "8d39ba50abe50f77b6bb8ae7b6927aff7ffbeba35ad2837c0e51e82bcbcc60d5",
      "339e2ff917630507b6a423b5ce084e285d1fa65d93b3e27a6195d3bbebc9ae23");

  private final List<Path> files;
  private final LongSupplier nanos;
  private @Nullable Read read;
  private long looked;

  /** What was read, and how the files looked then. */
  private record Read(List<Seen> seen, KeyDigestFile digests) {}

  private record Seen(FileTime changed, long size) {}

  @Inject
  KeyBlocklist(KeyBlocklistSettings settings) {
    this(settings.keyBlocklists().orElse(List.of()), System::nanoTime);
  }

  KeyBlocklist(List<Path> files, LongSupplier nanos) {
    this.files = List.copyOf(files);
    this.nanos = nanos;
  }

  /** Refuses with {@code weak-key}; with {@code unavailable} while a file cannot be read that never was. */
  void check(Der subjectPublicKeyInfo) {
    String digest = subjectPublicKeyInfo.digest().hex();
    if (PUBLISHED.contains(digest)) {
      throw new Refusal(
          PkiProblem.WEAK_KEY,
          "The private half of this key stands in a published test vector; make a new key.");
    }
    if (files.isEmpty()) {
      return;
    }
    KeyDigestFile digests = current();
    if (digests.hasKey(digest)
        || digests.hasModuli() && hasModulus(digests, subjectPublicKeyInfo)) {
      throw new Refusal(
          PkiProblem.WEAK_KEY,
          "This key is on a list of keys that others know; make a new key, with a sound random generator.");
    }
  }

  private synchronized KeyDigestFile current() {
    long now = nanos.getAsLong();
    Read known = read;
    if (known != null && now - looked < LOOK_EVERY.toNanos()) {
      return known.digests;
    }
    looked = now;
    try {
      List<Seen> seen = look();
      if (known == null || !known.seen.equals(seen)) {
        KeyDigestFile digests = new KeyDigestFile();
        for (Path file : files) {
          digests.add(file);
        }
        known = new Read(seen, digests.sorted());
        read = known;
        LOG.infof("Blocklists of keys are read: %d keys", digests.size());
      }
      return known.digests;
    } catch (IOException | KeyDigestFile.MalformedException e) {
      if (known == null) {
        LOG.errorf(
            "No certificate is issued: a blocklist of keys cannot be read: %s", e.getMessage());
        throw new Refusal(
            CommonProblem.UNAVAILABLE,
            "The server cannot read its blocklist of keys; tell its operator.");
      }
      LOG.errorf(
          "A blocklist of keys cannot be read again; what was read before stays: %s",
          e.getMessage());
      return known.digests;
    }
  }

  private List<Seen> look() throws IOException {
    List<Seen> seen = new ArrayList<>();
    for (Path file : files) {
      seen.add(new Seen(Files.getLastModifiedTime(file), Files.size(file)));
    }
    return seen;
  }

  private static boolean hasModulus(KeyDigestFile digests, Der key) {
    SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(key.octets());
    if (!info.getAlgorithm().getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption)) {
      return false;
    }
    try {
      String modulus = RSAPublicKey.getInstance(info.parsePublicKey())
          .getModulus()
          .toString(16)
          .toUpperCase(Locale.ROOT);
      byte[] line = ("Modulus=" + modulus + "\n").getBytes(StandardCharsets.US_ASCII);
      return digests.hasModulus(
          HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(line)));
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException("a key that was checked cannot be read", e);
    }
  }
}
