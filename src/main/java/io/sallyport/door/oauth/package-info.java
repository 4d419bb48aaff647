/**
 * The OAuth 2.0 token endpoint for grants (RFC 6749, RFC 8414, RFC 8705, RFC 9396).
 */
@NullMarked
package io.sallyport.door.oauth;

import org.jspecify.annotations.NullMarked;
