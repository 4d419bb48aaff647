package io.sallyport.policy;

/**
 * Why a policy does not apply.
 *
 * @param unknown whether it could not be found out; false when it is known not to apply
 * @param words for people
 */
record Shortfall(boolean unknown, String words) {}
