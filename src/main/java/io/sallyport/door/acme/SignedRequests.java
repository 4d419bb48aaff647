package io.sallyport.door.acme;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.enrollment.Accounts;
import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.EnrollmentProblem;
import io.sallyport.enrollment.ReplayNonces;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import jakarta.inject.Singleton;
import java.util.UUID;
import java.util.function.Function;

/** Who signed a request, and that it was signed for this URL and once (RFC 8555 §6.2 to §6.5). */
@Singleton
final class SignedRequests {
  private static final String MEDIA_TYPE = "application/jose+json";

  private final Accounts accounts;
  private final ReplayNonces nonces;
  private final CertificateProfiles profiles;

  SignedRequests(Accounts accounts, ReplayNonces nonces, CertificateProfiles profiles) {
    this.accounts = accounts;
    this.nonces = nonces;
    this.profiles = profiles;
  }

  /** A use case for whoever has an account. What such a one is refused stands in the log (law 8). */
  UseCase byAccount(Function<Signed.ByAccount, Reply> use) {
    return request -> {
      if (read(request) instanceof Signed.ByAccount signed) {
        return recordingRefusals(signed, use);
      }
      throw StrictJson.malformed("Sign with the key of an account, named by kid.");
    };
  }

  /** A use case for whoever brings a key. */
  UseCase byKey(Function<Signed.ByKey, Reply> use) {
    return request -> {
      if (read(request) instanceof Signed.ByKey signed) {
        return use.apply(signed);
      }
      throw StrictJson.malformed("Sign with the key that is meant, given as jwk.");
    };
  }

  /** A use case for either. */
  UseCase byEither(Function<Signed.ByAccount, Reply> account, Function<Signed.ByKey, Reply> key) {
    return request -> switch (read(request)) {
      case Signed.ByAccount signed -> recordingRefusals(signed, account);
      case Signed.ByKey signed -> key.apply(signed);
    };
  }

  private Reply recordingRefusals(Signed.ByAccount signed, Function<Signed.ByAccount, Reply> use) {
    try {
      accounts.requireValid(signed.account());
      return use.apply(signed);
    } catch (Refusal refusal) {
      accounts.recordRefusal(signed.account(), refusal);
      throw refusal;
    }
  }

  private Signed read(Request request) {
    Urls urls = Urls.of(request, profiles);
    if (!request.mediaType().equals(MEDIA_TYPE)) {
      throw new Refusal(
          CommonProblem.UNSUPPORTED_MEDIA_TYPE,
          "Send the request as Content-Type: " + MEDIA_TYPE + ".");
    }
    Jws jws = Jws.read(StrictJson.object(request.body(), "request"));
    jws.requireKnownAlgorithm();
    jws.requireOneKey();
    jws.requireUrl(request.url().get());
    ObjectNode jwk = jws.jwk();
    Signed signed;
    if (jwk == null) {
      Account account = account(urls, jws.kid().orElseThrow());
      jws.requireSignature(SigningKey.of(account.key().subjectPublicKeyInfo()));
      signed = new Signed.ByAccount(urls, account, jws.payload());
    } else {
      SigningKey key = SigningKey.read(jwk);
      jws.requireSignature(key);
      signed = new Signed.ByKey(urls, SigningKey.accountKey(key, jwk), jws.payload());
    }
    // Last, so that only who has a key can make the server write.
    nonces.spend(nonce(jws));
    return signed;
  }

  private static String nonce(Jws jws) {
    return StrictJson.text(jws.header(), "nonce")
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.BAD_NONCE, "The request has no nonce; use the one of this answer."));
  }

  private Account account(Urls urls, String kid) {
    UUID id = urls.accountId(kid).orElseThrow(() -> elsewhere(urls, kid));
    return accounts.get(urls.profile(), id);
  }

  private static Refusal elsewhere(Urls urls, String kid) {
    boolean otherDirectory =
        Urls.read(kid).filter(other -> other.accountId(kid).isPresent()).isPresent();
    return otherDirectory
        ? new Refusal(
            EnrollmentProblem.NOT_OF_THIS_ACCOUNT,
            "The account is one of another directory; use the one that it was made by.")
        : new Refusal(
            EnrollmentProblem.ACCOUNT_UNKNOWN,
            "The kid is no account of " + urls.of("directory") + ".");
  }
}
