package io.sallyport.admin.api;

import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.sallyport.admin.Caller;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Problem;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Set;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Answers everything that is thrown on the people front, and records refusals of changes (law 8): the one place. */
class FailureMapper {
  private static final Logger LOG = Logger.getLogger(FailureMapper.class);

  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");
  private static final String SECRET = "{secret}";
  private static final int RETRY_AFTER_SECONDS = 2;

  private final Caller caller;
  private final Audit audit;
  private final Refusals refusals;
  private final Ids ids;

  FailureMapper(Caller caller, Audit audit, Refusals refusals, Ids ids) {
    this.caller = caller;
    this.audit = audit;
    this.refusals = refusals;
    this.ids = ids;
  }

  /** The classes are named because the framework has mappers of its own for them. */
  @ServerExceptionMapper({
    Throwable.class,
    MismatchedInputException.class,
    WebApplicationException.class,
    AuthenticationFailedException.class,
    UnauthorizedException.class,
    ForbiddenException.class
  })
  Response answer(Throwable thrown, ContainerRequestContext request, ResourceInfo resource) {
    if (thrown instanceof Replay replay) {
      return replay.response();
    }
    Failure failure = Failure.of(thrown);
    Throwable cause = thrown;
    if (recorded(failure.problem(), request, resource)) {
      try {
        record(failure.problem(), request, resource);
      } catch (RuntimeException e) {
        failure = Failure.of(e);
        cause = e;
      }
    }
    refusals.count(failure.problem());
    return response(failure, cause, request, resource);
  }

  /** Without a resource nothing could have been changed. */
  private boolean recorded(
      Problem problem, ContainerRequestContext request, ResourceInfo resource) {
    return problem.status() >= 400
        && problem.status() < 500
        && !SAFE_METHODS.contains(request.getMethod())
        && resource.getResourceMethod() != null
        && caller.known();
  }

  private void record(Problem problem, ContainerRequestContext request, ResourceInfo resource) {
    audit.recordRefusal(Fact.of("request.refused", caller.actor(), "request", template(resource))
        .with("method", request.getMethod())
        .with("path", path(request, resource))
        .with("problem", problem.slug()));
  }

  /** A link that may be used once is a secret: no log says more of it than its template. */
  private static String path(ContainerRequestContext request, ResourceInfo resource) {
    String template = template(resource);
    return template.contains(SECRET)
        ? template
        : Fields.shown(request.getUriInfo().getPath());
  }

  private static String template(ResourceInfo resource) {
    Path whole = resource.getResourceClass().getAnnotation(Path.class);
    Path part = resource.getResourceMethod().getAnnotation(Path.class);
    return (whole == null ? "" : whole.value()) + (part == null ? "" : "/" + part.value());
  }

  private Response response(
      Failure failure, Throwable cause, ContainerRequestContext request, ResourceInfo resource) {
    UUID instance = failure.expected() ? null : ids.next();
    if (instance != null) {
      LOG.errorf(
          cause,
          // Not the path: a link that may be used once is a secret.
          "%s %s failed; instance %s",
          request.getMethod(),
          resource.getResourceMethod() == null ? "a path without a resource" : template(resource),
          instance);
    }
    Problem problem = failure.problem();
    Response.ResponseBuilder response = Response.status(problem.status())
        .type(ProblemDocument.MEDIA_TYPE)
        .entity(ProblemDocument.of(problem, failure.detail(), instance).json());
    if (problem == CommonProblem.UNAVAILABLE) {
      response.header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    if (problem == CommonProblem.UNAUTHENTICATED) {
      response.header(HttpHeaders.WWW_AUTHENTICATE, BearerAuthentication.CHALLENGE);
    }
    if (cause instanceof WebApplicationException web
        && web.getResponse().getHeaderString(HttpHeaders.ALLOW) != null) {
      response.header(HttpHeaders.ALLOW, web.getResponse().getHeaderString(HttpHeaders.ALLOW));
    }
    return response.build();
  }
}
