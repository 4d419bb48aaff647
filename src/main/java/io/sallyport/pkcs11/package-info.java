/** PKCS#11 libraries, as far as the JDK does not tell of them: for the server's keys and for those of clients. */
@NullMarked
package io.sallyport.pkcs11;

import org.jspecify.annotations.NullMarked;
