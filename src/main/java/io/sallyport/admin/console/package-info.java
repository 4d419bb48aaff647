/**
 * The web console under {@code /console}.
 */
@NullMarked
package io.sallyport.admin.console;

import org.jspecify.annotations.NullMarked;
