package io.sallyport.people;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.keycloak.admin.client.Keycloak;
import org.keycloak.admin.client.KeycloakBuilder;
import org.keycloak.admin.client.resource.ClientResource;
import org.keycloak.admin.client.resource.RealmResource;
import org.keycloak.representations.idm.ClientRepresentation;

/** The set-up of a realm by Keycloak's admin client. Each run signs in, compares, and writes what differs. */
@ApplicationScoped
class KeycloakSetup implements RealmSetup {
  private static final Pattern ISSUER = Pattern.compile("(https?://.+)/realms/([^/]+)/?");
  private static final int MOST_SITES = 1000;
  private static final int LONGEST_DETAIL = 2000;
  private static final Logger LOG = Logger.getLogger(KeycloakSetup.class);

  private final RealmSettings realm;
  private final KeycloakSettings settings;
  private final Audit audit;

  KeycloakSetup(RealmSettings realm, KeycloakSettings settings, Audit audit) {
    this.realm = realm;
    this.settings = settings;
    this.audit = audit;
  }

  @Override
  public List<String> apply(Wanted wanted, boolean dryRun, Actor actor) {
    if (wanted.sites().size() > MOST_SITES) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "Groups for more than " + MOST_SITES + " sites are not made.");
    }
    List<String> changes =
        with(keycloak -> new RealmComparison(keycloak, name(), realm, dryRun).apply(wanted));
    if (!dryRun && !changes.isEmpty()) {
      record(Fact.of("realm.applied", actor, "realm", name())
          .with("changes", shortened(String.join("; ", changes))));
    }
    return changes;
  }

  @Override
  public ServiceClient admitPoint(String point, Actor actor) {
    ServiceClient made = with(keycloak -> {
      RealmResource here = keycloak.realm(name());
      ClientRepresentation wanted = KeycloakPlan.point(POINT_PREFIX + point, point);
      Optional<ClientResource> known = RealmComparison.client(here, wanted.getClientId());
      if (known.isPresent()) {
        ClientRepresentation actual = known.get().toRepresentation();
        actual.setEnabled(true);
        known.get().update(actual);
      } else {
        RealmComparison.created(here.clients().create(wanted), wanted.getClientId());
      }
      return secret(here, wanted.getClientId());
    });
    record(Fact.of("service-client.admitted", actor, "service-client", made.clientId()));
    return made;
  }

  @Override
  public ServiceClient rotatePoint(String point, Actor actor) {
    ServiceClient made = with(keycloak -> secret(keycloak.realm(name()), POINT_PREFIX + point));
    record(Fact.of("service-client.rotated", actor, "service-client", made.clientId()));
    return made;
  }

  @Override
  public void disablePoint(String point, Actor actor) {
    String clientId = POINT_PREFIX + point;
    with(keycloak -> {
      ClientResource client = existing(keycloak.realm(name()), clientId);
      ClientRepresentation actual = client.toRepresentation();
      actual.setEnabled(false);
      client.update(actual);
      return clientId;
    });
    record(Fact.of("service-client.disabled", actor, "service-client", clientId));
  }

  private static ServiceClient secret(RealmResource here, String clientId) {
    return new ServiceClient(
        clientId, existing(here, clientId).generateNewSecret().getValue());
  }

  private static ClientResource existing(RealmResource here, String clientId) {
    return RealmComparison.client(here, clientId)
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "The realm has no client " + clientId + "; make it first."));
  }

  private void record(Fact fact) {
    QuarkusTransaction.requiringNew().run(() -> audit.record(fact));
  }

  private static String shortened(String text) {
    return text.length() <= LONGEST_DETAIL ? text : text.substring(0, LONGEST_DETAIL) + "…";
  }

  private String name() {
    return issuer().group(2);
  }

  private Matcher issuer() {
    Matcher issuer = ISSUER.matcher(realm.url().orElse(""));
    if (!issuer.matches()) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "Set SALLYPORT_OIDC_URL to a realm of a Keycloak, such as https://keycloak.plant.example/realms/plant.");
    }
    return issuer;
  }

  /** Signs in as the administrator, for one run. */
  private <T> T with(Function<Keycloak, T> work) {
    try (Keycloak keycloak = KeycloakBuilder.builder()
        .serverUrl(issuer().group(1))
        .realm(settings.adminRealm())
        .clientId("admin-cli")
        .username(settings.adminUser().orElseThrow(KeycloakSetup::noAdministrator))
        .password(password())
        .build()) {
      return work.apply(keycloak);
    } catch (ProcessingException e) {
      LOG.warnf("Keycloak cannot be administered: %s", e.getMessage());
      throw new Refusal(
          PeopleProblem.REALM_AWAY, "Keycloak cannot be reached at the moment; try again shortly.");
    } catch (WebApplicationException e) {
      int status = e.getResponse().getStatus();
      LOG.warnf("Keycloak answered %d to its administrator", status);
      throw new Refusal(
          PeopleProblem.REALM_REFUSED,
          status == 401 || status == 403
              ? "Keycloak refused its administrator; check SALLYPORT_KEYCLOAK_ADMIN_USER, its password and its roles."
              : "Keycloak answered " + status + "; its log says why.");
    }
  }

  private String password() {
    try {
      return Files.readString(
              Path.of(settings.adminPasswordFile().orElseThrow(KeycloakSetup::noAdministrator)))
          .strip();
    } catch (IOException e) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "The file SALLYPORT_KEYCLOAK_ADMIN_PASSWORD_FILE cannot be read.");
    }
  }

  private static Refusal noAdministrator() {
    return new Refusal(
        CommonProblem.NOT_SUPPORTED,
        "Set SALLYPORT_KEYCLOAK_ADMIN_USER and SALLYPORT_KEYCLOAK_ADMIN_PASSWORD_FILE, then start again.");
  }
}
