/** What tests share: a database, a small PKI of their own, and a client for every interface of the server. */
@NullMarked
package io.sallyport.testing;

import org.jspecify.annotations.NullMarked;
