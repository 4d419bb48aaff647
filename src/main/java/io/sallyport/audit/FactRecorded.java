package io.sallyport.audit;

import java.util.UUID;

/**
 * CDI event fired for every recorded fact. Observe it with {@code TransactionPhase.AFTER_SUCCESS}: the observer then runs
 * in the committing thread, after the commit and before the caller goes on. An observer must not throw, and must do its
 * database work in a transaction of its own.
 */
public record FactRecorded(UUID id, Fact fact) {}
