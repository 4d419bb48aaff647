package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.EnforcementProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.RealmSetup;
import io.sallyport.people.RealmSetup.ServiceClient;
import io.sallyport.people.RealmSetup.Wanted;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** The realm that people and enforcement points come from. */
@Path(Api.V1 + "/keycloak")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "people")
class KeycloakResource {
  private static final Pattern ORIGIN = Pattern.compile("https://[A-Za-z0-9.\\[\\]:-]{1,255}");

  private static final int MOST_ORIGINS = 32;

  private static final String NO_ACCESS =
      "For what else the realm serves: this server recognises points by their certificates and does not accept tokens of "
          + "these clients at /access/v1. Removing the point does not disable the client.";

  private final RealmSetup setup;
  private final Devices devices;
  private final EnforcementPoints points;
  private final Caller caller;
  private final Once once;
  private final int peoplePort;

  KeycloakResource(
      RealmSetup setup,
      Devices devices,
      EnforcementPoints points,
      Caller caller,
      Once once,
      @ConfigProperty(name = "sallyport.people-port", defaultValue = "9443") int peoplePort) {
    this.setup = setup;
    this.devices = devices;
    this.points = points;
    this.caller = caller;
    this.once = once;
    this.peoplePort = peoplePort;
  }

  @POST
  @Path("realm")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(
      operationId = "applyRealm",
      summary = "Make the realm what this server needs, or say what would be done",
      description = "Idempotent: what is as it should be is left alone.")
  public AppliedRealm apply(@Nullable WantedRealm body) {
    WantedRealm wanted = Fields.body(body);
    boolean dryRun = Boolean.TRUE.equals(wanted.dryRun());
    Set<String> consoles = wanted.consoles() == null
        ? Set.of("https://localhost:" + peoplePort)
        : origins(wanted.consoles());
    Set<String> sites = wanted.sites() == null
        ? devices.sites().stream()
            .filter(site -> !site.contains("/"))
            .collect(Collectors.toUnmodifiableSet())
        : sites(wanted.sites());
    return once.apart(
        200,
        () -> new AppliedRealm(
            dryRun, setup.apply(new Wanted(consoles, sites), dryRun, caller.actor())));
  }

  @POST
  @Path("service-clients/{point}")
  @ResponseStatus(201)
  @APIResponseSchema(
      value = ServiceClientView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  @Operation(
      operationId = "admitServiceClient",
      summary = "Make the service client of an enforcement point, or enable it again",
      description = NO_ACCESS)
  public ServiceClientView admit(@PathParam("point") String point) {
    requirePoint(point);
    return once.apart(201, () -> ServiceClientView.of(setup.admitPoint(point, caller.actor())));
  }

  @POST
  @Path("service-clients/{point}/rotate")
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  @Operation(
      operationId = "rotateServiceClient",
      summary = "Give the service client of an enforcement point a new secret",
      description = NO_ACCESS)
  public ServiceClientView rotate(@PathParam("point") String point) {
    requirePoint(point);
    return once.apart(200, () -> ServiceClientView.of(setup.rotatePoint(point, caller.actor())));
  }

  @DELETE
  @Path("service-clients/{point}")
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  @Operation(
      operationId = "disableServiceClient",
      summary = "Disable the service client of an enforcement point",
      description = "Works also when the point was removed, which leaves its client enabled.")
  public void disable(@PathParam("point") String point) {
    setup.disablePoint(point, caller.actor());
  }

  private void requirePoint(String name) {
    if (points.find(name).isEmpty()) {
      throw new Refusal(
          EnforcementProblem.UNKNOWN_ENFORCEMENT_POINT,
          "No enforcement point \"" + Fields.shown(name) + "\" is registered.");
    }
  }

  private static Set<String> origins(List<@Nullable String> values) {
    Set<String> origins = new TreeSet<>();
    values.forEach(value -> {
      String origin = Fields.text("consoles", value);
      if (!ORIGIN.matcher(origin).matches() || values.size() > MOST_ORIGINS) {
        throw Fields.malformed(
            "consoles", "holds at most 32 origins such as https://sallyport.plant.example:9443");
      }
      origins.add(origin);
    });
    return origins;
  }

  private static Set<String> sites(List<@Nullable String> values) {
    Set<String> sites = new TreeSet<>();
    values.forEach(value -> {
      String site = Fields.text("sites", value);
      if (site.contains("/")) {
        throw Fields.malformed("sites", "holds a name with a slash, which no group can have");
      }
      sites.add(site);
    });
    return sites;
  }

  /** What the realm must know. */
  @Schema(name = "WantedRealm")
  record WantedRealm(
      @Schema(defaultValue = "false") @Nullable Boolean dryRun,

      @Schema(
          description = "Origins at which people open the console; left out: https at localhost.")
      @Nullable
      List<@Nullable String> consoles,

      @Schema(description = "Sites that get a group; left out: those of all devices.") @Nullable
      List<@Nullable String> sites) {}

  /** What was done, or would be. */
  @Schema(name = "AppliedRealm")
  record AppliedRealm(boolean dryRun, List<String> changes) {
    AppliedRealm {
      changes = List.copyOf(changes);
    }
  }

  /** A service client with its secret. */
  @Schema(name = "ServiceClient")
  record ServiceClientView(
      String clientId, @Schema(description = "Told once.") String clientSecret) {
    static ServiceClientView of(ServiceClient client) {
      return new ServiceClientView(client.clientId(), client.secret());
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "ServiceClientView[" + clientId + "]";
    }
  }
}
