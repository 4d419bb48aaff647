package io.sallyport.admin.console;

import io.sallyport.admin.Rights.Right;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The right that a page or an act needs. A method that names none is for administrators alone. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Requires {
  Right value();

  /** Whether it concerns every site, so that people who are bound to some are refused. */
  boolean everySite() default false;
}
