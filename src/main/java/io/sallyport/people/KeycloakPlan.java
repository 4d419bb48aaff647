package io.sallyport.people;

import io.sallyport.people.Operators.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.keycloak.representations.idm.ClientRepresentation;
import org.keycloak.representations.idm.ClientScopeRepresentation;
import org.keycloak.representations.idm.ProtocolMapperRepresentation;
import org.keycloak.representations.idm.RealmRepresentation;
import org.keycloak.representations.idm.RoleRepresentation;

/** What this server needs of a realm, in Keycloak's words. Pure. */
final class KeycloakPlan {
  static final String OPENID = "openid-connect";
  static final String SCOPE = "sallyport";
  static final String SITES = "sites";

  private static final int TOKEN_SECONDS = 300;

  private KeycloakPlan() {}

  /** A new realm; one that exists is left as it is. */
  static RealmRepresentation realm(String name) {
    RealmRepresentation realm = new RealmRepresentation();
    realm.setRealm(name);
    realm.setEnabled(true);
    realm.setSslRequired("external");
    realm.setRegistrationAllowed(false);
    realm.setBruteForceProtected(true);
    realm.setAccessTokenLifespan(TOKEN_SECONDS);
    return realm;
  }

  /** Roles of the API's client; a role of the realm would make other applications' people ours. */
  static List<RoleRepresentation> roles() {
    List<RoleRepresentation> roles = new ArrayList<>();
    for (Role role : Role.values()) {
      roles.add(new RoleRepresentation(role.word(), "A role of Sallyport", false));
    }
    return roles;
  }

  static ClientScopeRepresentation scope() {
    ClientScopeRepresentation scope = new ClientScopeRepresentation();
    scope.setName(SCOPE);
    scope.setDescription("Who a token is meant for, and the person's roles and sites");
    scope.setProtocol(OPENID);
    scope.setAttributes(
        Map.of("include.in.token.scope", "false", "display.on.consent.screen", "false"));
    return scope;
  }

  static List<ProtocolMapperRepresentation> mappers(String audience) {
    return List.of(
        mapper(
            "sallyport mark",
            "oidc-hardcoded-claim-mapper",
            Map.of(
                "claim.name", RealmTokens.SITES_FROM,
                "claim.value", "groups",
                "jsonType.label", "String",
                "access.token.claim", "true",
                "id.token.claim", "false",
                "userinfo.token.claim", "false")),
        mapper(
            "sallyport audience",
            "oidc-audience-mapper",
            Map.of(
                "included.client.audience", audience,
                "access.token.claim", "true",
                "id.token.claim", "false")),
        // The realm's own scope "roles" may have been taken away or changed.
        mapper(
            "sallyport roles",
            "oidc-usermodel-client-role-mapper",
            Map.of(
                "usermodel.clientRoleMapping.clientId", audience,
                "claim.name", "resource_access.${client_id}.roles",
                "jsonType.label", "String",
                "multivalued", "true",
                "access.token.claim", "true",
                "id.token.claim", "false",
                "userinfo.token.claim", "false")),
        mapper(
            "sallyport groups",
            "oidc-group-membership-mapper",
            Map.of(
                "claim.name", "groups",
                "full.path", "true",
                "access.token.claim", "true",
                "id.token.claim", "false",
                "userinfo.token.claim", "false")));
  }

  private static ProtocolMapperRepresentation mapper(
      String name, String type, Map<String, String> config) {
    ProtocolMapperRepresentation mapper = new ProtocolMapperRepresentation();
    mapper.setName(name);
    mapper.setProtocol(OPENID);
    mapper.setProtocolMapper(type);
    mapper.setConfig(new HashMap<>(config));
    return mapper;
  }

  /** What tokens are meant for; nobody signs in to it. */
  static ClientRepresentation api(String clientId) {
    return client(clientId, "Sallyport API: what bearer tokens are meant for", true);
  }

  /** The code flow with PKCE; confidential when this server has a secret for it. */
  static ClientRepresentation console(
      String clientId, @Nullable String secret, Set<String> origins) {
    ClientRepresentation client = client(clientId, "Sallyport console", secret == null);
    client.setStandardFlowEnabled(true);
    client.setFullScopeAllowed(true);
    client.setRedirectUris(new ArrayList<>(new TreeSet<>(
        origins.stream().map(origin -> origin + "/console/sign-in/callback").toList())));
    client.getAttributes().put("pkce.code.challenge.method", "S256");
    client
        .getAttributes()
        .put(
            "post.logout.redirect.uris",
            String.join(
                "##",
                new TreeSet<>(origins.stream()
                    .map(origin -> origin + "/console/sign-in?local=")
                    .toList())));
    if (secret != null) {
      client.setSecret(secret);
    }
    return client;
  }

  static ClientRepresentation commandLine(String clientId) {
    ClientRepresentation client = client(clientId, "Sallyport command line", true);
    client.setFullScopeAllowed(true);
    client.getAttributes().put("oauth2.device.authorization.grant.enabled", "true");
    return client;
  }

  static ClientRepresentation point(String clientId, String point) {
    ClientRepresentation client = client(clientId, "Sallyport enforcement point " + point, false);
    client.setServiceAccountsEnabled(true);
    // Its tokens carry no role of a person.
    client.setFullScopeAllowed(false);
    client.getAttributes().put("sallyport.point", point);
    return client;
  }

  private static ClientRepresentation client(String clientId, String name, boolean isPublic) {
    ClientRepresentation client = new ClientRepresentation();
    client.setClientId(clientId);
    client.setName(name);
    client.setProtocol(OPENID);
    client.setEnabled(true);
    client.setPublicClient(isPublic);
    client.setStandardFlowEnabled(false);
    client.setImplicitFlowEnabled(false);
    client.setDirectAccessGrantsEnabled(false);
    client.setServiceAccountsEnabled(false);
    client.setRedirectUris(new ArrayList<>());
    client.setAttributes(new HashMap<>());
    return client;
  }

  /** What of {@code actual} is not as wanted; what is not mentioned may be anything. */
  static Set<String> differences(ClientRepresentation wanted, ClientRepresentation actual) {
    Map<String, Boolean> same = new LinkedHashMap<>();
    same.put("name", Objects.equals(wanted.getName(), actual.getName()));
    same.put("enabled", Objects.equals(wanted.isEnabled(), actual.isEnabled()));
    same.put("public", Objects.equals(wanted.isPublicClient(), actual.isPublicClient()));
    same.put(
        "standard flow",
        Objects.equals(wanted.isStandardFlowEnabled(), actual.isStandardFlowEnabled()));
    same.put(
        "implicit flow",
        Objects.equals(wanted.isImplicitFlowEnabled(), actual.isImplicitFlowEnabled()));
    same.put(
        "password grant",
        Objects.equals(wanted.isDirectAccessGrantsEnabled(), actual.isDirectAccessGrantsEnabled()));
    same.put(
        "service account",
        Objects.equals(wanted.isServiceAccountsEnabled(), actual.isServiceAccountsEnabled()));
    same.put(
        "full scope",
        wanted.isFullScopeAllowed() == null
            || wanted.isFullScopeAllowed().equals(actual.isFullScopeAllowed()));
    same.put("redirect URIs", set(wanted.getRedirectUris()).equals(set(actual.getRedirectUris())));
    same.put("secret", wanted.getSecret() == null || wanted.getSecret().equals(actual.getSecret()));
    same.put("attributes", contains(actual.getAttributes(), wanted.getAttributes()));
    same.values().removeIf(equal -> equal);
    return same.keySet();
  }

  static boolean contains(
      @Nullable Map<String, String> actual, @Nullable Map<String, String> wanted) {
    return wanted == null || actual != null && actual.entrySet().containsAll(wanted.entrySet());
  }

  private static Set<String> set(@Nullable List<String> values) {
    return values == null ? Set.of() : new HashSet<>(values);
  }
}
