package io.sallyport.admin.api;

import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** A part of a list, and the cursor of the next part, or null when this is the last. */
record Items<T>(
    List<T> items,

    @Schema(
        description = "The cursor of the next page, or null when this is the last.",
        nullable = true)
    @Nullable
    String next) {
  Items {
    items = List.copyOf(items);
  }
}
