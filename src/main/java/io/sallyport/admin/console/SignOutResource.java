package io.sallyport.admin.console;

import io.quarkus.qute.Location;
import io.quarkus.qute.Template;
import io.sallyport.admin.Caller;
import io.sallyport.admin.ServedAlways;
import io.sallyport.people.ConsoleSessions;
import io.sallyport.people.Realm;
import io.smallrye.common.annotation.Blocking;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.jspecify.annotations.Nullable;

/** Signing out. */
@ServedAlways
@Path(SessionAuthentication.CONSOLE + "/sign-out")
@Blocking
class SignOutResource {
  private final ConsoleSessions sessions;
  private final Caller caller;
  private final Realm realm;
  private final Template signedOut;

  SignOutResource(
      ConsoleSessions sessions,
      Caller caller,
      Realm realm,
      @Location("console/signed-out.html") Template signedOut) {
    this.sessions = sessions;
    this.caller = caller;
    this.realm = realm;
    this.signedOut = signedOut;
  }

  @POST
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Operation(hidden = true)
  public Response signOut(
      @Context HttpServerRequest request,
      @HeaderParam("X-CSRF-Token") @Nullable String header,
      @FormParam("csrf") @Nullable String csrf) {
    FormCheck.requireEqual(caller.formToken().orElse(null), header == null ? csrf : header);
    Cookie session = request.getCookie(SessionCookie.SESSION);
    if (session != null) {
      sessions.end(session.getValue());
    }
    return Pages.page(
        200,
        signedOut.data(
            "realm",
            realm
                .departure(URI.create("https://" + request.authority() + "/console/sign-in?local="))
                .map(URI::toString)
                .orElse("")),
        SessionCookie.gone(SessionCookie.SESSION));
  }
}
