package io.sallyport.door;

import io.vertx.ext.web.Router;

/** One protocol on the plain HTTP front (8080), where nothing is secret and everything is signed. */
public interface StatusDoor {
  /** Adds the protocol's routes. Called once for each event loop, so handlers must be safe for any thread. */
  void mount(Router router);
}
