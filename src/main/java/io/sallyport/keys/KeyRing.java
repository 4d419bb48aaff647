package io.sallyport.keys;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The master keys that are held, by their ids, and the one to seal under. */
record KeyRing(Map<String, MasterKey> held, MasterKey current) {
  /** In the order of the file. */
  static Map<String, MasterKey> byId(List<MasterKey> keys) {
    return keys.stream()
        .collect(
            Collectors.toMap(MasterKey::id, key -> key, (one, other) -> one, LinkedHashMap::new));
  }

  byte @Nullable [] opened(byte[] sealed, String context) {
    MasterKey named = held.get(String.valueOf(MasterKey.idIn(sealed)));
    byte[] secret = named == null ? null : named.open(sealed, context);
    if (secret == null) {
      for (MasterKey key : held.values()) {
        secret = secret == null && key != named ? key.open(sealed, context) : secret;
      }
    }
    return secret;
  }
}
