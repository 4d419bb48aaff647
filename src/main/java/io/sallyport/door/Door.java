package io.sallyport.door;

import io.vertx.ext.web.Router;

/** One protocol on the front for devices and enforcement points (8443). Every CDI bean of this type is mounted. */
public interface Door {
  /** Adds the protocol's routes. Called once for each event loop, so handlers must be safe for any thread. */
  void mount(Router router);
}
