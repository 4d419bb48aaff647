package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Manufacturer;
import io.sallyport.devices.Manufacturers;
import io.sallyport.kernel.Page;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Manufacturers and their trust anchors, to read. */
@Path("/console/manufacturers")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class ManufacturerPages {
  private static final int ROWS = 25;

  private final Manufacturers manufacturers;

  ManufacturerPages(Manufacturers manufacturers) {
    this.manufacturers = manufacturers;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance manufacturers(List<View> manufacturers, @Nullable String next);
  }

  /** A manufacturer. */
  record View(String name, List<Certificates.View> anchors) {
    static View of(Manufacturer manufacturer) {
      return new View(
          manufacturer.name(),
          manufacturer.anchors().stream().map(Certificates.View::of).toList());
    }
  }

  @GET
  @Requires(Right.READ)
  public TemplateInstance list(@QueryParam("cursor") @Nullable String cursor) {
    Page<Manufacturer> page = manufacturers.list(cursor, ROWS);
    String next = page.next();
    return Templates.manufacturers(
        page.items().stream().map(View::of).toList(),
        next == null ? null : Inputs.address("/console/manufacturers", "cursor", next));
  }
}
