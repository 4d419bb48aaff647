package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ResourceInfo;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/** Lets through whoever has the right that the page requires; what a page does not show is refused all the same. */
class RightsFilter {
  private final Caller caller;

  RightsFilter(Caller caller) {
    this.caller = caller;
  }

  @ServerRequestFilter(priority = Priorities.AUTHORIZATION)
  void check(ResourceInfo resource) {
    Class<?> page = resource.getResourceClass();
    if (!page.getPackageName().equals(RightsFilter.class.getPackageName())
        || page.isAnnotationPresent(PermitAll.class)
        || page.getSimpleName().startsWith("Sign")) {
      return;
    }
    @Nullable Requires required = resource.getResourceMethod().getAnnotation(Requires.class);
    caller.require(required == null ? Right.ADMINISTER_PEOPLE : required.value());
    if (required != null && required.everySite()) {
      caller.requireEverySite();
    }
  }
}
