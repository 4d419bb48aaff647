package io.sallyport.enrollment;

import java.time.Duration;

/** What a first request's credentials come to, when they are not refused. */
sealed interface Contact permits Contact.Held, Proven {
  /** The unit is one of a manufacturer's and not registered yet; somebody has to approve it. */
  record Held(Duration retryAfter) implements Contact {}
}
