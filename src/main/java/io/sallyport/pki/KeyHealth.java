package io.sallyport.pki;

import io.sallyport.kernel.Page;
import io.sallyport.keys.KeyInventory;
import io.sallyport.keys.KeyInventory.KeyEntry;
import io.sallyport.keys.MasterKeys;
import io.sallyport.keys.MasterKeys.MasterKeyState;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where the authorities' keys are, and what those in software are sealed under. */
@Singleton
final class KeyHealth implements HealthCheck {
  /** A year in use is what auditors expect of a key that encrypts keys. */
  private static final Duration LONGEST_IN_USE = Duration.ofDays(366);

  private static final int AT_ONCE = 1000;

  private final Authorities authorities;
  private final KeyInventory keys;
  private final MasterKeys masterKeys;
  private final Clock clock;

  KeyHealth(Authorities authorities, KeyInventory keys, MasterKeys masterKeys, Clock clock) {
    this.authorities = authorities;
    this.keys = keys;
    this.masterKeys = masterKeys;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "keys";
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    Map<UUID, KeyEntry> held = held();
    for (Authority authority : authorities.list()) {
      UUID key = authority.key();
      if (key != null && authority.distrust() == null) {
        findings.add(kept(authority.name(), held.get(key)));
      }
    }
    MasterKeys.Standing standing = masterKeys.standing();
    standing.keys().forEach(one -> findings.add(master(one)));
    if (standing.formerFormat() > 0) {
      findings.add(new Finding(
          name(),
          Level.ADVICE,
          "format",
          standing.formerFormat() + " stored secrets are sealed in the former format.",
          "Run ./sallyport admin keys rotate-master with a new master key in front of the file."));
    }
    return findings;
  }

  private Map<UUID, KeyEntry> held() {
    Map<UUID, KeyEntry> held = new HashMap<>();
    String cursor = null;
    do {
      Page<KeyEntry> page = keys.list(cursor, AT_ONCE);
      page.items().forEach(one -> held.put(one.id(), one));
      cursor = page.next();
    } while (cursor != null);
    return held;
  }

  private Finding kept(String authority, @Nullable KeyEntry key) {
    if (key == null) {
      return new Finding(
          name(),
          Level.FAULT,
          authority,
          "Its key is neither in the database nor in a token.",
          "Put the database and the token back together, or make a successor of this authority.");
    }
    if (key.token() != null) {
      return Finding.good(name(), authority, "Its key is in the token " + key.token() + ".");
    }
    return new Finding(
        name(),
        Level.ADVICE,
        authority,
        "Its key is in software, sealed under the master key " + key.masterKey() + ".",
        "Whoever has the database and the master key file has this key. Make its successor in a PKCS#11"
            + " token (sallyport.pkcs11.purposes).");
  }

  private Finding master(MasterKeyState key) {
    String subject = "master key " + key.id();
    if (!key.held() && key.values() > 0) {
      return new Finding(
          name(),
          Level.FAULT,
          subject,
          "This node does not have it, and " + key.values()
              + " stored secrets are sealed under it.",
          "Put it back into the master key file, behind the current one.");
    }
    if (!key.current()) {
      return key.values() == 0
          ? Finding.good(name(), subject, "Nothing is sealed under this former one any more.")
          : new Finding(
              name(),
              Level.WARNING,
              subject,
              key.values() + " stored secrets are still sealed under this former one.",
              "Run ./sallyport admin keys rotate-master until none is.");
    }
    Duration used = Duration.between(key.currentSince(), clock.instant());
    return used.compareTo(LONGEST_IN_USE) > 0
        ? new Finding(
            name(),
            Level.ADVICE,
            subject,
            "It is the current one since " + key.currentSince() + ".",
            "Put a new one in front of the master key file and run ./sallyport admin keys rotate-master.")
        : Finding.good(name(), subject, "It is the current one since " + key.currentSince() + ".");
  }
}
