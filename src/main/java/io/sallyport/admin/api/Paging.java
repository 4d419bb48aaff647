package io.sallyport.admin.api;

import io.sallyport.kernel.Page;
import jakarta.ws.rs.QueryParam;
import java.util.function.Function;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.jspecify.annotations.Nullable;

/** The part of a list that is asked for. */
public class Paging {
  private static final int USUAL = 100;

  @QueryParam("cursor")
  @Parameter(description = "The \"next\" of the page before.")
  @Nullable
  String cursor;

  @QueryParam("limit")
  @Parameter(
      description = "The most items to give.",
      schema =
          @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000", defaultValue = "100"))
  @Nullable
  String limit;

  /** A door's list. */
  interface Source<T> {
    Page<T> list(@Nullable String cursor, int limit);
  }

  /** The page of {@code list} that was asked for. */
  <T, V> Items<V> of(String list, Source<T> source, Function<T, V> view) {
    int most = (int) Fields.number("limit", limit, USUAL, 1, Page.MOST);
    String after = cursor == null ? null : Cursor.read(list, cursor);
    Page<T> page;
    try {
      page = source.list(after, most);
    } catch (IllegalArgumentException e) {
      if (after == null) {
        throw e;
      }
      throw Cursor.bad();
    }
    String next = page.next();
    return new Items<>(
        page.items().stream().map(view).toList(), next == null ? null : Cursor.write(list, next));
  }
}
