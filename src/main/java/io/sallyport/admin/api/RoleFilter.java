package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ResourceInfo;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/** Lets through whoever has the right that the resource method requires. */
class RoleFilter {
  private final Caller caller;

  RoleFilter(Caller caller) {
    this.caller = caller;
  }

  @ServerRequestFilter(priority = Priorities.AUTHORIZATION)
  void check(ResourceInfo resource) {
    if (!resource.getResourceClass().getName().startsWith("io.sallyport.admin.api.")) {
      return;
    }
    @Nullable Requires required = resource.getResourceMethod().getAnnotation(Requires.class);
    caller.require(required == null ? Right.ADMINISTER_PEOPLE : required.value());
    if (required != null && required.everySite()) {
      caller.requireEverySite();
    }
  }
}
