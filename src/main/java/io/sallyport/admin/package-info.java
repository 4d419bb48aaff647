/**
 * What people and automation do, as use cases over the other doors.
 */
@NullMarked
package io.sallyport.admin;

import org.jspecify.annotations.NullMarked;
