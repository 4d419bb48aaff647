package io.sallyport.decision;

import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A decision that was made, with what it came from; nothing of it changes any more, so it is written down later.
 *
 * @param thumbprint null when it was asked by device
 * @param flow null when it was asked what is permitted at all
 * @param question what the policies were asked, or null when they had no say
 */
record Answered(
    Decision decision,
    @Nullable Digest thumbprint,
    @Nullable RequestedFlow flow,
    Place place,
    Instant at,
    Actor asker,
    @Nullable Question question) {}
