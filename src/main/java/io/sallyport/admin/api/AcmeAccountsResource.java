package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.AccountBindings;
import io.sallyport.enrollment.AccountBindings.Binding;
import io.sallyport.enrollment.AccountBindings.Minted;
import io.sallyport.enrollment.Accounts;
import io.sallyport.enrollment.Accounts.Account;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** ACME accounts of devices, and the bindings that open them. */
@Path(Api.V1 + "/acme-accounts")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "ACME accounts")
class AcmeAccountsResource {
  private static final Duration USUAL_LIFETIME = Duration.ofHours(24);

  private final AccountBindings bindings;
  private final Accounts accounts;
  private final Devices devices;
  private final Caller caller;
  private final Once once;

  AcmeAccountsResource(
      AccountBindings bindings, Accounts accounts, Devices devices, Caller caller, Once once) {
    this.devices = devices;
    this.bindings = bindings;
    this.accounts = accounts;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Path("/bindings")
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = BindingView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "createAcmeBinding",
      summary = "Make an external account binding that lets a device open one ACME account")
  public BindingView bind(@Nullable NewBinding body) {
    NewBinding wanted = Fields.body(body);
    UUID device = Fields.uuid("device", wanted.device());
    Duration lifetime = Fields.duration("lifetime", wanted.lifetime(), USUAL_LIFETIME);
    List<String> hostNames = wanted.hostNames() == null
        ? List.of()
        : wanted.hostNames().stream()
            .map(name -> Fields.text("host_names", name))
            .toList();
    devices.get(device, caller.sites());
    return once.run(201, () -> {
      Minted minted = bindings.create(device, hostNames, lifetime, caller.actor());
      return BindingView.of(minted.binding(), minted.key());
    });
  }

  @GET
  @Path("/bindings")
  @Requires(Right.READ)
  @Operation(
      operationId = "listAcmeBindings",
      summary = "List external account bindings, without their keys")
  public Items<BindingView> bindings(@BeanParam Paging paging) {
    return paging.of(
        "acme-bindings",
        (cursor, limit) -> bindings.list(caller.sites(), cursor, limit),
        binding -> BindingView.of(binding, null));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listAcmeAccounts", summary = "List ACME accounts")
  public Items<AccountView> list(@BeanParam Paging paging) {
    return paging.of(
        "acme-accounts",
        (cursor, limit) -> accounts.list(caller.sites(), cursor, limit),
        AccountView::of);
  }

  @POST
  @Path("/{id}/revoke")
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "revokeAcmeAccount",
      summary = "Take an account away for good; its certificates stay as they are")
  public AccountView revoke(@PathParam("id") String id) {
    UUID account = Fields.uuid("id", id);
    return once.run(
        200, () -> AccountView.of(accounts.revoke(account, caller.sites(), caller.actor())));
  }

  /** A binding to make. */
  @Schema(name = "NewAcmeBinding", requiredProperties = "device")
  record NewBinding(
      @Schema(format = "uuid") @Nullable String device,

      @Schema(
          description =
              "Host names that the device may be certified for, at most 16; each is proven by http-01 then.")
      @Nullable
      List<@Nullable String> hostNames,

      @Schema(description = "An ISO 8601 duration, at most 90 days.", defaultValue = "PT24H")
      @Nullable
      String lifetime) {}

  /** A binding, as people see it. */
  @Schema(name = "AcmeBinding")
  record BindingView(
      UUID kid,
      UUID device,
      List<String> hostNames,
      Instant createdAt,
      Instant expiresAt,
      @Schema(nullable = true) @Nullable Instant usedAt,

      @Schema(description = "The MAC key in base64url, told once: when the binding is made.")
      @JsonInclude(JsonInclude.Include.NON_NULL)
      @Nullable
      String hmacKey) {
    static BindingView of(Binding binding, @Nullable String key) {
      return new BindingView(
          binding.id(),
          binding.device(),
          binding.hostNames(),
          binding.createdAt(),
          binding.expiresAt(),
          binding.usedAt(),
          key);
    }

    /** Without the key. */
    @Override
    public String toString() {
      return "BindingView[" + kid + "]";
    }
  }

  /** An account, as people see it. */
  @Schema(name = "AcmeAccount")
  record AccountView(
      UUID id,
      UUID device,
      String profile,
      String status,
      List<String> contacts,
      List<String> hostNames,

      @Schema(description = "The key's thumbprint (RFC 7638).")
      String thumbprint,

      Instant createdAt) {
    static AccountView of(Account account) {
      return new AccountView(
          account.id(),
          account.device(),
          account.profile(),
          account.status().word(),
          account.contacts(),
          account.hostNames(),
          account.key().thumbprint(),
          account.createdAt());
    }
  }
}
