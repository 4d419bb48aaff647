package io.sallyport.decision;

import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.UUID;

/** How often a device's essential flow was permitted through one loss of Sallyport (law 6). */
record EssentialUse(
    UUID device, RequestedFlow flow, String owner, long count, Instant first, Instant last) {}
