package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.LocalPasswords;
import io.sallyport.people.LocalPasswords.Link;
import io.sallyport.people.Operators;
import io.sallyport.people.Operators.Admitted;
import io.sallyport.people.Operators.Registered;
import io.sallyport.people.Operators.Role;
import io.sallyport.people.PeopleProblem;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** People and automation that this server knows by itself; those of a realm are kept there. */
@Path(Api.V1 + "/operators")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "people")
class OperatorsResource {
  private final Operators operators;
  private final LocalPasswords passwords;
  private final Caller caller;
  private final Once once;

  OperatorsResource(Operators operators, LocalPasswords passwords, Caller caller, Once once) {
    this.operators = operators;
    this.passwords = passwords;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = OperatorView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(
      operationId = "addOperator",
      summary = "Register an operator and make its bearer token")
  public OperatorView add(@Nullable NewOperator body) {
    NewOperator wanted = Fields.body(body);
    String name = Fields.text("name", wanted.name());
    Set<Role> roles = roles(Fields.required("roles", wanted.roles()));
    Set<String> sites = wanted.sites() == null ? Set.of() : texts("sites", wanted.sites());
    return once.run(
        201, () -> OperatorView.of(operators.admit(name, roles, sites, caller.actor())));
  }

  @GET
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(operationId = "listOperators", summary = "List operators")
  public Items<OperatorView> list(@BeanParam Paging paging) {
    return paging.of("operators", operators::list, registered -> OperatorView.of(registered, null));
  }

  @GET
  @Path("{name}")
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(operationId = "getOperator", summary = "One operator")
  public OperatorView get(@PathParam("name") String name) {
    return operators
        .find(name)
        .map(registered -> OperatorView.of(registered, null))
        .orElseThrow(() -> new Refusal(
            PeopleProblem.UNKNOWN_OPERATOR, "Nobody is registered as " + Fields.shown(name) + "."));
  }

  @PATCH
  @Path("{name}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(
      operationId = "changeOperator",
      summary = "Give an operator other roles or sites",
      description = "What is left out stays; an empty list of sites means every site.")
  public OperatorView change(@PathParam("name") String name, @Nullable ChangedOperator body) {
    ChangedOperator wanted = Fields.body(body);
    Set<Role> roles = wanted.roles() == null ? null : roles(wanted.roles());
    Set<String> sites = wanted.sites() == null ? null : texts("sites", wanted.sites());
    return OperatorView.of(operators.change(name, roles, sites, caller.actor()), null);
  }

  @DELETE
  @Path("{name}")
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(
      operationId = "removeOperator",
      summary = "Withdraw an operator with its token, password and sessions")
  public void remove(@PathParam("name") String name) {
    operators.remove(name, caller.actor());
  }

  @POST
  @Path("{name}/token")
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(
      operationId = "renewOperatorToken",
      summary = "Make a new bearer token and withdraw the old one")
  public OperatorView renew(@PathParam("name") String name) {
    return once.run(200, () -> OperatorView.of(operators.renewToken(name, caller.actor())));
  }

  @POST
  @Path("{name}/console-link")
  @ResponseStatus(201)
  @APIResponseSchema(value = LinkView.class, responseCode = "201", responseDescription = "Created")
  @Requires(Right.ADMINISTER_PEOPLE)
  @Operation(
      operationId = "createConsoleLink",
      summary = "Make a link with which an operator sets a password for the console, once")
  public LinkView link(@PathParam("name") String name) {
    return once.run(201, () -> LinkView.of(passwords.link(name, caller.actor())));
  }

  private static Set<Role> roles(List<@Nullable String> words) {
    return texts("roles", words).stream()
        .map(word -> Role.of(word)
            .orElseThrow(() -> Fields.malformed(
                "roles",
                "may hold "
                    + Arrays.stream(Role.values())
                        .map(Role::word)
                        .collect(Collectors.joining(", ")))))
        .collect(Collectors.toUnmodifiableSet());
  }

  private static Set<String> texts(String field, List<@Nullable String> values) {
    Set<String> texts = new LinkedHashSet<>();
    values.forEach(value -> texts.add(Fields.text(field, value)));
    return texts;
  }

  /** An operator to register. */
  @Schema(
      name = "NewOperator",
      requiredProperties = {"name", "roles"})
  record NewOperator(
      @Nullable String name,

      @Schema(description = "Words such as fleet-operator.") @Nullable
      List<@Nullable String> roles,

      @Schema(description = "The only sites that are seen; empty or left out: every site.")
      @Nullable
      List<@Nullable String> sites) {}

  /** What an operator becomes. */
  @Schema(name = "ChangedOperator")
  record ChangedOperator(
      @Nullable List<@Nullable String> roles, @Nullable List<@Nullable String> sites) {}

  /** An operator, as administrators see it. */
  @Schema(name = "Operator")
  record OperatorView(
      String name,
      List<String> roles,

      @Schema(description = "Empty: every site.") List<String> sites,

      Instant createdAt,

      @Schema(description = "The bearer token, told once: when it is made.")
      @JsonInclude(JsonInclude.Include.NON_NULL)
      @Nullable
      String token) {
    static OperatorView of(Admitted admitted) {
      return of(admitted.registered(), admitted.token());
    }

    static OperatorView of(Registered registered, @Nullable String token) {
      return new OperatorView(
          registered.operator().name(),
          registered.operator().roles().stream().map(Role::word).sorted().toList(),
          registered.operator().sites().stream().sorted().toList(),
          registered.createdAt(),
          token);
    }

    /** Without the token. */
    @Override
    public String toString() {
      return "OperatorView[" + name + "]";
    }
  }

  /** A link to set a password. */
  @Schema(name = "ConsoleLink")
  record LinkView(
      @Schema(description = "The path below the address of the front for people; told once.")
      String path,

      Instant expiresAt) {
    static LinkView of(Link link) {
      return new LinkView("/console/first/" + link.secret(), link.expiresAt());
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "LinkView[" + expiresAt + "]";
    }
  }
}
