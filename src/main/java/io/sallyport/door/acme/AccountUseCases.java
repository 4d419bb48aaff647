package io.sallyport.door.acme;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.door.Reply;
import io.sallyport.enrollment.Accounts;
import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.Accounts.AccountKey;
import io.sallyport.enrollment.Accounts.BindingProof;
import io.sallyport.enrollment.Accounts.KeyChange;
import io.sallyport.enrollment.EnrollmentProblem;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Accounts: made, looked at, changed, ended, moved to another key (RFC 8555 §7.3). */
@Singleton
final class AccountUseCases {
  private static final Map<String, String> MACS =
      Map.of("HS256", "HmacSHA256", "HS384", "HmacSHA384", "HS512", "HmacSHA512");

  private final Accounts accounts;

  AccountUseCases(Accounts accounts) {
    this.accounts = accounts;
  }

  /** newAccount: 201, or 200 with the account that the key has. */
  Reply create(Signed.ByKey signed) {
    ObjectNode payload = signed.payload();
    Urls urls = signed.urls();
    Optional<Account> known = accounts.byKey(urls.profile(), signed.key().thumbprint());
    if (known.isPresent()) {
      accounts.requireValid(known.get());
      return reply(200, known.get(), urls);
    }
    if (payload.path("onlyReturnExisting").asBoolean(false)) {
      throw new Refusal(EnrollmentProblem.ACCOUNT_UNKNOWN, "This key has no account.");
    }
    if (!payload.has("externalAccountBinding")) {
      throw new Refusal(
          AcmeProblem.EXTERNAL_ACCOUNT_REQUIRED,
          "Ask the operator of this server for an external account binding of the device.");
    }
    BindingProof proof = proof(payload.get("externalAccountBinding"), signed);
    return reply(201, accounts.open(urls.profile(), signed.key(), contacts(payload), proof), urls);
  }

  /** RFC 8555 §7.3.4: the binding's MAC is over the account's key and this URL. */
  private static BindingProof proof(JsonNode binding, Signed.ByKey signed) {
    if (!(binding instanceof ObjectNode object)) {
      throw StrictJson.malformed("The externalAccountBinding must be a flattened JWS.");
    }
    Jws jws = Jws.read(object);
    String mac = MACS.get(jws.algorithm());
    if (mac == null) {
      throw StrictJson.malformed("The binding's alg must be HS256, HS384 or HS512.");
    }
    if (jws.header().has("nonce") || jws.header().has("jwk")) {
      throw StrictJson.malformed("The binding's header has alg, kid and url, and nothing else.");
    }
    jws.requireUrl(signed.urls().of("new-account"));
    ObjectNode jwk = StrictJson.object(jws.payload(), "binding's payload");
    if (!SigningKey.accountKey(SigningKey.read(jwk), jwk).equals(signed.key())) {
      throw StrictJson.malformed("The binding's payload must be the key that signs this request.");
    }
    String kid = jws.kid().orElseThrow(() -> StrictJson.malformed("The binding has no kid."));
    return new BindingProof(kid, mac, jws.signed(), jws.signature());
  }

  private static List<String> contacts(ObjectNode payload) {
    List<String> contacts = new ArrayList<>();
    JsonNode found = payload.path("contact");
    if (!found.isMissingNode() && !found.isArray()) {
      throw StrictJson.malformed("The contact must be an array of URIs.");
    }
    for (JsonNode contact : found) {
      if (!contact.isTextual()) {
        throw StrictJson.malformed("The contact must be an array of URIs.");
      }
      contacts.add(contact.textValue());
    }
    return contacts;
  }

  /** The account's own URL: looked at, changed, deactivated. */
  Reply account(Signed.ByAccount signed, String id) {
    requireOwn(signed, id);
    if (signed.asks()) {
      return reply(200, signed.account(), signed.urls());
    }
    ObjectNode payload = signed.payload();
    Optional<String> status = StrictJson.text(payload, "status");
    if (status.isPresent()) {
      if (!status.get().equals("deactivated")) {
        throw StrictJson.malformed("The only status that an account can be given is deactivated.");
      }
      return reply(200, accounts.deactivate(signed.account()), signed.urls());
    }
    return payload.has("contact")
        ? reply(200, accounts.update(signed.account(), contacts(payload)), signed.urls())
        : reply(200, signed.account(), signed.urls());
  }

  /** Refuses the URL of an account that is not the one that signed. */
  static void requireOwn(Signed.ByAccount signed, String id) {
    Optional<UUID> asked = Urls.uuid(id);
    if (asked.isEmpty()) {
      throw new Refusal(CommonProblem.NOT_FOUND, "There is no such account.");
    }
    if (!asked.get().equals(signed.account().id())) {
      throw new Refusal(EnrollmentProblem.NOT_OF_THIS_ACCOUNT, "This is another account.");
    }
  }

  /** keyChange (RFC 8555 §7.3.5): the payload is a JWS by the new key that names account and old key. */
  Reply changeKey(Signed.ByAccount signed) {
    Jws inner = Jws.read(signed.payload());
    inner.requireKnownAlgorithm();
    inner.requireUrl(signed.urls().of("key-change"));
    ObjectNode jwk = inner.jwk();
    if (jwk == null || inner.header().has("kid") || inner.header().has("nonce")) {
      throw StrictJson.malformed(
          "The inner JWS names its key by jwk, and has no kid and no nonce.");
    }
    SigningKey key = SigningKey.read(jwk);
    inner.requireSignature(key);
    ObjectNode wanted = StrictJson.object(inner.payload(), "inner payload");
    if (!StrictJson.required(wanted, "account")
        .equals(signed.urls().account(signed.account().id()))) {
      throw StrictJson.malformed("The inner payload names another account.");
    }
    if (!(wanted.get("oldKey") instanceof ObjectNode old)
        || !SigningKey.accountKey(SigningKey.read(old), old)
            .equals(signed.account().key())) {
      throw StrictJson.malformed("The inner payload's oldKey is not the account's key.");
    }
    AccountKey next = SigningKey.accountKey(key, jwk);
    return switch (accounts.changeKey(signed.account(), next)) {
      case KeyChange.Changed(Account account) -> reply(200, account, signed.urls());
      case KeyChange.InUse(UUID account) ->
        AcmeErrors.refusal(CommonProblem.CONFLICT, "The new key has an account already.")
            .with("Location", signed.urls().account(account));
    };
  }

  private static Reply reply(int status, Account account, Urls urls) {
    return Reply.of(
            status, "application/json", Views.account(account, urls).toBuffer().getBytes())
        .with("Location", urls.account(account.id()));
  }
}
