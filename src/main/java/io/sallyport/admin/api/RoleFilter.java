package io.sallyport.admin.api;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.ext.Provider;

/** Lets administrators through; what further roles may do will be said here. */
@Provider
@Priority(Priorities.AUTHORIZATION)
class RoleFilter implements ContainerRequestFilter {
  private final Caller caller;

  RoleFilter(Caller caller) {
    this.caller = caller;
  }

  @Override
  public void filter(ContainerRequestContext request) {
    if (!caller.has(OperatorIdentities.ADMINISTRATOR)) {
      throw new Refusal(
          CommonProblem.FORBIDDEN, "Ask an administrator: your roles do not include this.");
    }
  }
}
