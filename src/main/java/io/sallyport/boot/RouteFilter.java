package io.sallyport.boot;

import io.sallyport.door.Observations;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.ext.Provider;

/** Tells which route a request on the front for people took, as its resource declares it. */
@Provider
class RouteFilter implements ContainerRequestFilter {
  private final ResourceInfo resource;
  private final RoutingContext context;

  RouteFilter(ResourceInfo resource, RoutingContext context) {
    this.resource = resource;
    this.context = context;
  }

  @Override
  public void filter(ContainerRequestContext request) {
    if (resource.getResourceMethod() != null) {
      Observations.routed(
          context,
          part(resource.getResourceClass().getAnnotation(Path.class))
              + part(resource.getResourceMethod().getAnnotation(Path.class)));
    }
  }

  private static String part(Path path) {
    if (path == null || path.value().isEmpty() || path.value().equals("/")) {
      return "";
    }
    return path.value().startsWith("/") ? path.value() : "/" + path.value();
  }
}
