package io.sallyport.admin.api;

import io.sallyport.admin.ServedAlways;
import io.sallyport.marks.Marks;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ResourceInfo;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Law 9: while the database is behind its marks people sign in and reconcile, and nothing else. */
class MarksFilter {
  private final Marks marks;

  MarksFilter(Marks marks) {
    this.marks = marks;
  }

  @ServerRequestFilter(priority = Priorities.AUTHENTICATION)
  void check(ResourceInfo resource) {
    if (!resource.getResourceClass().isAnnotationPresent(ServedAlways.class)) {
      marks.require();
    }
  }
}
