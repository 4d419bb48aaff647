package io.sallyport.keys;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pkcs11.Pkcs11Library;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tokens that were set up, and which keys live in which. Without a library there are none. */
@Singleton
final class Pkcs11Tokens {
  private final Pkcs11Settings settings;
  private volatile @Nullable List<Pkcs11Token> tokens;

  Pkcs11Tokens(Pkcs11Settings settings) {
    this.settings = settings;
  }

  /** Logs in to every token, or refuses and says what to do. */
  void require() {
    all().forEach(Pkcs11Token::require);
  }

  /** The token in which a new key for {@code purpose} is made; empty for software. */
  Optional<Pkcs11Token> forNew(String purpose) {
    if (settings.library().isEmpty()) {
      return Optional.empty();
    }
    String chosen = null;
    String token = null;
    for (String entry : settings.purposes()) {
      int at = entry.indexOf('@');
      String name = at < 0 ? entry : entry.substring(0, at);
      boolean fits = purpose.equals(name) || purpose.startsWith(name + ":");
      if (fits && (chosen == null || name.length() > chosen.length())) {
        chosen = name;
        token = at < 0 ? null : entry.substring(at + 1);
      }
    }
    if (chosen == null) {
      return Optional.empty();
    }
    return Optional.of(token == null ? all().getFirst() : labeled(token));
  }

  /** The token with this label; refuses with {@code unavailable} when it is not set up. */
  Pkcs11Token labeled(String label) {
    return all().stream()
        .filter(token -> token.isNamed(label))
        .findFirst()
        .orElseThrow(() -> new Refusal(
            CommonProblem.UNAVAILABLE,
            "A key is kept in the token \"" + label
                + "\", which is not set up here; name it in SALLYPORT_PKCS11_TOKENS."));
  }

  /** What signs with keys in this token, or says that the token is not set up. */
  String provider(String label) {
    return all().stream()
        .filter(token -> token.isNamed(label))
        .findFirst()
        .map(Pkcs11Token::provider)
        .orElse("none: the token is not set up");
  }

  private List<Pkcs11Token> all() {
    List<Pkcs11Token> known = tokens;
    return known == null ? load() : known;
  }

  private synchronized List<Pkcs11Token> load() {
    List<Pkcs11Token> known = tokens;
    if (known != null) {
      return known;
    }
    List<Pkcs11Token> loaded = new ArrayList<>();
    if (settings.library().isPresent()) {
      List<String> names = settings.tokens().orElse(List.of());
      List<String> pins = pins();
      if (names.isEmpty() || pins.isEmpty() || pins.size() != 1 && pins.size() != names.size()) {
        throw refused("The PIN file must hold one PIN for all tokens, or one a line for each of "
            + names + ".");
      }
      if (Security.getProvider("SunPKCS11") == null) {
        throw refused(
            "This Java has no module jdk.crypto.cryptoki, which tokens need; use a whole JDK.");
      }
      Pkcs11Library library = library(settings.library().get());
      for (int i = 0; i < names.size(); i++) {
        loaded.add(new Pkcs11Token(library, names.get(i), pins.get(pins.size() == 1 ? 0 : i)));
      }
    }
    List<Pkcs11Token> whole = List.copyOf(loaded);
    tokens = whole;
    return whole;
  }

  private static Pkcs11Library library(String path) {
    try {
      return Pkcs11Library.load(path);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw refused("The PKCS#11 library " + path + " cannot be loaded (" + e.getMessage() + ").");
    }
  }

  private List<String> pins() {
    String file = settings
        .pinFile()
        .orElseThrow(() -> refused(
            "Set SALLYPORT_PKCS11_PIN_FILE: a file with the PIN, readable by its owner alone."));
    try {
      return new String(OwnFile.read(file), StandardCharsets.UTF_8)
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .toList();
    } catch (IOException e) {
      throw refused("The PIN file " + file + " cannot be read.");
    } catch (OwnFile.ReadableByOthersException e) {
      throw refused("The PIN file " + file
          + " can be read or changed by others; make it readable by its owner alone (chmod 600).");
    }
  }

  private static Refusal refused(String detail) {
    return new Refusal(CommonProblem.UNAVAILABLE, detail);
  }
}
