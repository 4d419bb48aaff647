package io.sallyport.door.acme;

import io.sallyport.door.Request;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The URLs of one profile's directory, under the name by which the client reached the server.
 *
 * @param base without a slash at the end
 */
record Urls(String profile, String base) {
  private static final Pattern ABSOLUTE =
      Pattern.compile("(https://[A-Za-z0-9.:\\[\\]-]{1,260}/acme/([a-z0-9-]{1,63}))/.*");

  /** Refuses a profile that devices cannot have. */
  static Urls of(Request request, CertificateProfiles profiles) {
    Urls urls = read(request.url().get()).orElseThrow(Urls::nothing);
    if (profiles.forDevices(urls.profile).isEmpty()) {
      throw nothing();
    }
    return urls;
  }

  /** Without a look at the profile. */
  static Optional<Urls> read(String url) {
    Matcher matcher = ABSOLUTE.matcher(url);
    return matcher.matches()
        ? Optional.of(new Urls(matcher.group(2), matcher.group(1)))
        : Optional.empty();
  }

  private static Refusal nothing() {
    return new Refusal(CommonProblem.NOT_FOUND, "There is no certificate profile of this name.");
  }

  String of(String resource) {
    return base + "/" + resource;
  }

  String account(UUID id) {
    return of("account/" + id);
  }

  String orders(UUID account) {
    return of("account/" + account + "/orders");
  }

  String order(UUID id) {
    return of("order/" + id);
  }

  String authorization(UUID id) {
    return of("authorization/" + id);
  }

  String challenge(UUID authorization) {
    return of("challenge/" + authorization);
  }

  String certificate(UUID order) {
    return of("certificate/" + order);
  }

  /** The id in an account's URL of this directory; empty for any other URL. */
  Optional<UUID> accountId(String url) {
    String prefix = of("account/");
    return url.startsWith(prefix) ? uuid(url.substring(prefix.length())) : Optional.empty();
  }

  static Optional<UUID> uuid(String text) {
    try {
      UUID id = UUID.fromString(text);
      return id.toString().equals(text) ? Optional.of(id) : Optional.empty();
    } catch (IllegalArgumentException notAnId) {
      return Optional.empty();
    }
  }
}
