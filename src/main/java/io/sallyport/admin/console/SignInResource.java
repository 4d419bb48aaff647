package io.sallyport.admin.console;

import io.quarkus.qute.Location;
import io.quarkus.qute.Template;
import io.sallyport.admin.ServedAlways;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.ConsoleSessions;
import io.sallyport.people.ConsoleSessions.Origin;
import io.sallyport.people.LocalPasswords;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.Realm;
import io.sallyport.people.Realm.Departure;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.jspecify.annotations.Nullable;

/** Signing in: through the realm when there is one, with a password otherwise or at {@code ?local}. */
@ServedAlways
@Path(SessionAuthentication.CONSOLE)
@Blocking
class SignInResource {
  private static final URI HOME = URI.create(SessionAuthentication.CONSOLE);

  private final LocalPasswords passwords;
  private final Realm realm;
  private final ConsoleSessions sessions;
  private final FormCheck forms;
  private final Template signIn;
  private final Template first;

  SignInResource(
      LocalPasswords passwords,
      Realm realm,
      ConsoleSessions sessions,
      FormCheck forms,
      @Location("console/sign-in.html") Template signIn,
      @Location("console/first.html") Template first) {
    this.passwords = passwords;
    this.realm = realm;
    this.sessions = sessions;
    this.forms = forms;
    this.signIn = signIn;
    this.first = first;
  }

  @GET
  @Path("sign-in")
  @Operation(hidden = true)
  public Response ask(
      @Context HttpServerRequest request, @QueryParam("local") @Nullable String local) {
    if (!realm.enabled() || local != null) {
      return form(200, "", "");
    }
    try {
      Departure departure = realm.depart(callback(request));
      // The realm sends the browser back from another site.
      return Pages.to(
          departure.place(),
          SessionCookie.of(SessionCookie.FLOW, departure.flow(), CookieSameSite.LAX));
    } catch (Refusal refusal) {
      return form(refusal.problem().status(), "", refusal.detail());
    }
  }

  @GET
  @Path("sign-in/callback")
  @Operation(hidden = true)
  public Response back(
      @Context HttpServerRequest request,
      @QueryParam("state") @Nullable String state,
      @QueryParam("code") @Nullable String code) {
    Cookie flow = request.getCookie(SessionCookie.FLOW);
    if (!realm.enabled() || flow == null || state == null || code == null) {
      return form(403, "", "The realm did not sign you in.");
    }
    try {
      Operator operator = realm.arrive(flow.getValue(), callback(request), state, code);
      return signedIn(request, operator, Origin.REALM, SessionCookie.gone(SessionCookie.FLOW));
    } catch (Refusal refusal) {
      return form(refusal.problem().status(), "", refusal.detail());
    }
  }

  /** The realm knows the addresses at which it may send somebody back. */
  private static URI callback(HttpServerRequest request) {
    return URI.create("https://" + request.authority() + "/console/sign-in/callback");
  }

  @POST
  @Path("sign-in")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Operation(hidden = true)
  public Response signIn(
      @Context HttpServerRequest request,
      @FormParam("csrf") @Nullable String csrf,
      @FormParam("name") @Nullable String name,
      @FormParam("password") @Nullable String password) {
    String asked = name == null ? "" : name.strip();
    try {
      FormCheck.require(request, csrf);
      Operator operator = passwords.check(
          asked, password == null ? "" : password, request.remoteAddress().hostAddress());
      return signedIn(request, operator, Origin.REGISTERED, SessionCookie.gone(SessionCookie.FORM));
    } catch (Refusal refusal) {
      return form(refusal.problem().status(), asked, refusal.detail());
    }
  }

  @GET
  @Path("first/{secret}")
  @Operation(hidden = true)
  public Response askForPassword(@PathParam("secret") String secret) {
    return passwords
        .byLink(secret)
        .map(name -> passwordForm(200, secret, name, ""))
        .orElseGet(() -> passwordForm(404, secret, "", ""));
  }

  @POST
  @Path("first/{secret}")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Operation(hidden = true)
  public Response setPassword(
      @Context HttpServerRequest request,
      @PathParam("secret") String secret,
      @FormParam("csrf") @Nullable String csrf,
      @FormParam("password") @Nullable String password,
      @FormParam("again") @Nullable String again) {
    try {
      FormCheck.require(request, csrf);
      if (password == null || !password.equals(again)) {
        return passwords
            .byLink(secret)
            .map(name -> passwordForm(422, secret, name, "The two passwords differ."))
            .orElseGet(() -> passwordForm(404, secret, "", ""));
      }
      return signedIn(
          request,
          passwords.set(secret, password),
          Origin.REGISTERED,
          SessionCookie.gone(SessionCookie.FORM));
    } catch (Refusal refusal) {
      return passwordForm(
          refusal.problem().status(),
          secret,
          passwords.byLink(secret).orElse(""),
          refusal.detail());
    }
  }

  /** Always a session of its own: one that the browser had before, whoever gave it, ends. */
  private Response signedIn(
      HttpServerRequest request, Operator operator, Origin origin, Cookie spent) {
    Cookie before = request.getCookie(SessionCookie.SESSION);
    if (before != null) {
      sessions.end(before.getValue());
    }
    // A realm's redirect is the first step of a chain that began at another site.
    return Pages.to(
        HOME,
        SessionCookie.of(
            SessionCookie.SESSION,
            sessions.begin(operator, origin),
            origin == Origin.REALM ? CookieSameSite.LAX : CookieSameSite.STRICT),
        spent);
  }

  private Response form(int status, String name, String complaint) {
    Cookie form = forms.fresh();
    return Pages.page(
        status,
        signIn.data("csrf", form.getValue()).data("name", name).data("complaint", complaint),
        form);
  }

  private Response passwordForm(int status, String secret, String name, String complaint) {
    Cookie form = forms.fresh();
    return Pages.page(
        status,
        first
            .data("csrf", form.getValue())
            .data("secret", secret)
            .data("name", name)
            .data("complaint", complaint),
        form);
  }
}
