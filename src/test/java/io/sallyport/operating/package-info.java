/** Tests of what those who run a server see of it: metrics, logs, traces, health, the chart and the image. */
@NullMarked
package io.sallyport.operating;

import org.jspecify.annotations.NullMarked;
