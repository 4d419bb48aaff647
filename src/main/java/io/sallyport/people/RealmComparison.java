package io.sallyport.people;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.keycloak.admin.client.Keycloak;
import org.keycloak.admin.client.resource.ClientResource;
import org.keycloak.admin.client.resource.ClientScopeResource;
import org.keycloak.admin.client.resource.GroupResource;
import org.keycloak.admin.client.resource.RealmResource;
import org.keycloak.representations.idm.ClientRepresentation;
import org.keycloak.representations.idm.ClientScopeRepresentation;
import org.keycloak.representations.idm.GroupRepresentation;
import org.keycloak.representations.idm.ProtocolMapperRepresentation;
import org.keycloak.representations.idm.RoleRepresentation;

/**
 * Compares a realm with the one that is wanted, and writes what differs. In a dry run of a realm that does not exist
 * everything is told without asking further.
 */
final class RealmComparison {
  private static final int NOT_FOUND = 404;
  private static final Logger LOG = Logger.getLogger(RealmComparison.class);

  private final List<String> changes = new ArrayList<>();
  private final Keycloak keycloak;
  private final RealmResource here;
  private final String name;
  private final RealmSettings realm;
  private final boolean dry;

  RealmComparison(Keycloak keycloak, String name, RealmSettings realm, boolean dry) {
    this.keycloak = keycloak;
    this.here = keycloak.realm(name);
    this.name = name;
    this.realm = realm;
    this.dry = dry;
  }

  List<String> apply(RealmSetup.Wanted wanted) {
    boolean there = exists();
    if (!there) {
      change("create realm " + name, () -> keycloak.realms().create(KeycloakPlan.realm(name)));
    }
    boolean ask = there || !dry;
    client(ask, KeycloakPlan.api(realm.audience()));
    roles(ask);
    @Nullable String scope = scope(ask);
    List<ClientRepresentation> clients = List.of(
        KeycloakPlan.console(realm.clientId(), consoleSecret(), wanted.consoles()),
        KeycloakPlan.commandLine(RealmSetup.COMMAND_LINE));
    for (ClientRepresentation client : clients) {
      client(ask, client);
      defaultScope(ask, client.getClientId(), scope);
    }
    groups(ask, wanted.sites());
    return List.copyOf(changes);
  }

  private boolean exists() {
    try {
      here.toRepresentation();
      return true;
    } catch (WebApplicationException e) {
      if (e.getResponse().getStatus() == NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private void change(String sentence, Runnable act) {
    changes.add(sentence);
    if (!dry) {
      act.run();
    }
  }

  private void roles(boolean ask) {
    String clientId = realm.audience();
    Optional<ClientResource> client = ask ? client(here, clientId) : Optional.empty();
    Set<String> known = client
        .map(api -> api.roles().list().stream()
            .map(RoleRepresentation::getName)
            .collect(Collectors.toSet()))
        .orElseGet(Set::of);
    for (RoleRepresentation role : KeycloakPlan.roles()) {
      if (!known.contains(role.getName())) {
        change(
            "create role " + role.getName() + " of client " + clientId,
            () -> client.orElseThrow().roles().create(role));
      }
    }
  }

  private void client(boolean ask, ClientRepresentation wanted) {
    Optional<ClientResource> known = ask ? client(here, wanted.getClientId()) : Optional.empty();
    if (known.isEmpty()) {
      change(
          "create client " + wanted.getClientId(),
          () -> created(here.clients().create(wanted), wanted.getClientId()));
      return;
    }
    ClientRepresentation actual = known.get().toRepresentation();
    Set<String> differences = KeycloakPlan.differences(wanted, actual);
    if (!differences.isEmpty()) {
      change(
          "change client " + wanted.getClientId() + ": " + String.join(", ", differences),
          () -> known.get().update(merged(wanted, actual)));
    }
  }

  private static ClientRepresentation merged(
      ClientRepresentation wanted, ClientRepresentation actual) {
    Map<String, String> attributes = new HashMap<>(actual.getAttributes());
    attributes.putAll(wanted.getAttributes());
    wanted.setAttributes(attributes);
    wanted.setId(actual.getId());
    return wanted;
  }

  private @Nullable String scope(boolean ask) {
    Optional<ClientScopeRepresentation> known = ask ? knownScope() : Optional.empty();
    if (known.isEmpty()) {
      change(
          "create client scope " + KeycloakPlan.SCOPE,
          () -> created(here.clientScopes().create(KeycloakPlan.scope()), KeycloakPlan.SCOPE));
    }
    String id = ask && !dry
        ? knownScope().orElseThrow().getId()
        : known.map(ClientScopeRepresentation::getId).orElse(null);
    mappers(id);
    return id;
  }

  private Optional<ClientScopeRepresentation> knownScope() {
    return here.clientScopes().findAll().stream()
        .filter(scope -> scope.getName().equals(KeycloakPlan.SCOPE))
        .findFirst();
  }

  private void mappers(@Nullable String scope) {
    Map<String, ProtocolMapperRepresentation> known = new HashMap<>();
    if (scope != null) {
      here.clientScopes()
          .get(scope)
          .getProtocolMappers()
          .getMappers()
          .forEach(mapper -> known.put(mapper.getName(), mapper));
    }
    for (ProtocolMapperRepresentation wanted : KeycloakPlan.mappers(realm.audience())) {
      ProtocolMapperRepresentation actual = known.get(wanted.getName());
      if (actual == null) {
        change(
            "create mapper " + wanted.getName(),
            () ->
                created(scope(scope).getProtocolMappers().createMapper(wanted), wanted.getName()));
      } else if (!actual.getProtocolMapper().equals(wanted.getProtocolMapper())
          || !KeycloakPlan.contains(actual.getConfig(), wanted.getConfig())) {
        wanted.setId(actual.getId());
        change(
            "change mapper " + wanted.getName(),
            () -> scope(scope).getProtocolMappers().update(actual.getId(), wanted));
      }
    }
  }

  private ClientScopeResource scope(@Nullable String id) {
    if (id == null) {
      throw new IllegalStateException("the client scope was not made");
    }
    return here.clientScopes().get(id);
  }

  private void defaultScope(boolean ask, String clientId, @Nullable String scope) {
    Optional<ClientResource> client = ask ? client(here, clientId) : Optional.empty();
    boolean there = scope != null
        && client.isPresent()
        && client.get().getDefaultClientScopes().stream()
            .anyMatch(known -> known.getId().equals(scope));
    if (!there) {
      change(
          "give client " + clientId + " the scope " + KeycloakPlan.SCOPE,
          () -> client.orElseThrow().addDefaultClientScope(Objects.requireNonNull(scope)));
    }
  }

  private void groups(boolean ask, Set<String> sites) {
    Optional<GroupRepresentation> known = ask ? sitesGroup() : Optional.empty();
    if (known.isEmpty()) {
      change("create group /" + KeycloakPlan.SITES, () -> {
        GroupRepresentation group = new GroupRepresentation();
        group.setName(KeycloakPlan.SITES);
        created(here.groups().add(group), group.getName());
      });
    }
    Set<String> there = known
        .map(group ->
            here.groups().group(group.getId()).getSubGroups(0, Integer.MAX_VALUE, true).stream()
                .map(GroupRepresentation::getName)
                .collect(Collectors.toSet()))
        .orElseGet(Set::of);
    for (String site : new TreeSet<>(sites)) {
      if (!there.contains(site)) {
        change("create group /" + KeycloakPlan.SITES + "/" + site, () -> {
          GroupResource parent = here.groups().group(sitesGroup().orElseThrow().getId());
          GroupRepresentation group = new GroupRepresentation();
          group.setName(site);
          created(parent.subGroup(group), site);
        });
      }
    }
  }

  private Optional<GroupRepresentation> sitesGroup() {
    return here.groups().groups(KeycloakPlan.SITES, true, 0, 10, true).stream()
        .filter(group -> group.getName().equals(KeycloakPlan.SITES))
        .findFirst();
  }

  private @Nullable String consoleSecret() {
    if (realm.clientSecretFile().isEmpty()) {
      return realm.clientSecret().orElse(null);
    }
    try {
      return Files.readString(Path.of(realm.clientSecretFile().get())).strip();
    } catch (IOException e) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "The file SALLYPORT_OIDC_CLIENT_SECRET_FILE cannot be read.");
    }
  }

  static Optional<ClientResource> client(RealmResource here, String clientId) {
    return here.clients().findByClientId(clientId).stream()
        .findFirst()
        .map(found -> here.clients().get(found.getId()));
  }

  static void created(Response response, String what) {
    try (response) {
      if (response.getStatusInfo().getFamily() != Response.Status.Family.SUCCESSFUL) {
        LOG.warnf("Keycloak answered %d to the making of %s", response.getStatus(), what);
        throw new WebApplicationException(Response.status(response.getStatus()).build());
      }
    }
  }
}
