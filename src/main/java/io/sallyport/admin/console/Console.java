package io.sallyport.admin.console;

import io.quarkus.security.identity.SecurityIdentity;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What every page of the console may ask, as {@code inject:console} in its template. */
@Singleton
@Named("console")
class Console {
  static final String PATH = "/console";

  /** Where people sign in and out; these pages have a check against forged forms of their own. */
  static final Set<String> SIGNING = Set.of(PATH + "/sign-", PATH + "/first/");

  private final SecurityIdentity identity;
  private final Caller caller;
  private final HttpServerRequest request;
  private final Assets assets;
  private final Clock clock;
  private final String version;

  Console(
      SecurityIdentity identity,
      Caller caller,
      HttpServerRequest request,
      Assets assets,
      Clock clock,
      @ConfigProperty(name = "quarkus.application.version", defaultValue = "unknown")
          String version) {
    this.identity = identity;
    this.caller = caller;
    this.request = request;
    this.assets = assets;
    this.clock = clock;
    this.version = version;
  }

  public boolean signedIn() {
    return !identity.isAnonymous();
  }

  /** Whether a page has the menu; those for signing in and out have none, whoever looks at them. */
  public boolean framed() {
    return signedIn() && SIGNING.stream().noneMatch(request.path()::startsWith);
  }

  public String name() {
    return identity.getPrincipal().getName();
  }

  /** In order, for people. */
  public List<String> roles() {
    return identity.getRoles().stream().sorted().toList();
  }

  /** The token that every form sends back as {@code csrf}; empty when nobody is signed in. */
  public String csrf() {
    return Csrf.token(identity, request).orElse("");
  }

  /** The path of one of {@link Assets}. */
  public String asset(String name) {
    return PATH + "/assets/" + assets.version() + "/" + name;
  }

  /** Whether the page at hand belongs to this entry of the menu. */
  public boolean at(String section) {
    String path = request.path();
    String entry = section.isEmpty() ? PATH : PATH + "/" + section;
    return path.equals(entry) || !section.isEmpty() && path.startsWith(entry + "/");
  }

  /** Whether the caller has this right, by the name of its {@link Right}. */
  public boolean may(String right) {
    return caller.may(Right.valueOf(right));
  }

  /** The same for what concerns every site. */
  public boolean mayEverywhere(String right) {
    return may(right) && caller.sites().isEmpty();
  }

  /** The sites that the caller is bound to, in order; none for every site. */
  public List<String> sites() {
    return caller.sites().stream().sorted().toList();
  }

  public Moment moment(Instant at) {
    return Moment.of(at, clock.instant());
  }

  public String version() {
    return version;
  }
}
