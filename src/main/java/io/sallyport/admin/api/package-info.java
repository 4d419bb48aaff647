/**
 * REST for people and automation under {@code /api/v1}; errors are RFC 9457 problems.
 */
@NullMarked
package io.sallyport.admin.api;

import org.jspecify.annotations.NullMarked;
