package io.sallyport.keys;

import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Where the master keys come from: the setting, or the file, which is read anew each time. */
final class MasterKeySource {
  private static final int MOST_KEYS = 8;
  private static final String WHAT = "32 random octets in base64";

  private final KeySettings settings;

  MasterKeySource(KeySettings settings) {
    this.settings = settings;
  }

  /** At least one key, in their order, no two the same. Refuses with {@code master-key} what cannot be read as keys. */
  List<MasterKey> read() {
    if (settings.masterKey().isPresent()) {
      return keys("SALLYPORT_MASTER_KEY", settings.masterKey().get().split("[\\s,]+"));
    }
    String name = settings
        .masterKeyFile()
        .orElseThrow(
            () -> refused("Set SALLYPORT_MASTER_KEY_FILE or SALLYPORT_MASTER_KEY: " + WHAT + "."));
    return keys("The master key file " + name, file(name).split("\\R"));
  }

  private static List<MasterKey> keys(String where, String[] texts) {
    List<MasterKey> keys = new ArrayList<>();
    for (String text : texts) {
      if (text.isBlank()) {
        continue;
      }
      MasterKey key = key(where, text.strip());
      if (keys.stream().anyMatch(other -> other.id().equals(key.id()))) {
        throw refused(where + " holds the key " + key.id() + " twice.");
      }
      if (keys.size() == MOST_KEYS) {
        throw refused(where + " holds more than " + MOST_KEYS
            + " keys; take away those that are no longer needed.");
      }
      keys.add(key);
    }
    if (keys.isEmpty()) {
      throw refused(where + " holds no key. Each key is " + WHAT + ".");
    }
    return List.copyOf(keys);
  }

  private static MasterKey key(String where, String text) {
    byte[] octets;
    try {
      octets = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      throw refused(where + " holds something else than keys: each must be " + WHAT + ".");
    }
    if (octets.length != MasterKey.OCTETS) {
      throw refused(
          where + " holds a key of " + octets.length + " octets: each must be " + WHAT + ".");
    }
    return new MasterKey(octets);
  }

  private static String file(String name) {
    try {
      return new String(OwnFile.read(name), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw refused("The master key file " + name
          + " cannot be read. Without it nothing that this server keeps secret can be opened:"
          + " put it back from its copy.");
    } catch (OwnFile.ReadableByOthersException e) {
      throw refused("The master key file " + name
          + " can be read or changed by others; make it readable by its owner alone (chmod 600).");
    }
  }

  private static Refusal refused(String detail) {
    return new Refusal(KeysProblem.MASTER_KEY, detail);
  }
}
