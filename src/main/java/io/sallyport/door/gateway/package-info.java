/**
 * HTTP gateways: nginx {@code auth_request} and Envoy HTTP {@code ext_authz}.
 */
@NullMarked
package io.sallyport.door.gateway;

import org.jspecify.annotations.NullMarked;
