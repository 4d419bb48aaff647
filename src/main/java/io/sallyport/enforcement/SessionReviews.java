package io.sallyport.enforcement;

import io.sallyport.enforcement.Sessions.Session;

/** What sessions were given against what is decided now. */
public interface SessionReviews {
  /**
   * Has a session withdrawn when the device is no longer let in, or would be attached otherwise. Right after a session
   * was reported, too: what was decided when it began may have changed before anybody knew of it.
   *
   * @return false when this node is not confirmed current, which says nothing about the device
   */
  boolean review(Session session);
}
