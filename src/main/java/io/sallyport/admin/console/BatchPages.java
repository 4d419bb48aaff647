package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Row;
import io.sallyport.devices.Batches.Trouble;
import io.sallyport.enrollment.BatchManifests;
import io.sallyport.enrollment.BatchRows;
import io.sallyport.kernel.Page;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Batches: how far they are, what went wrong with their rows, and their manifests. */
@Path("/console/batches")
@RunOnVirtualThread
class BatchPages {
  private static final String PATH = "/console/batches";
  private static final int BATCHES = 50;
  private static final int ROWS = 50;
  private static final int TROUBLES = 100;
  /** Of the bar, which is as wide as its place. */
  private static final int WIDTH = 1000;

  private final Batches batches;
  private final BatchRows rows;
  private final BatchManifests manifests;
  private final Caller caller;

  BatchPages(Batches batches, BatchRows rows, BatchManifests manifests, Caller caller) {
    this.batches = batches;
    this.rows = rows;
    this.manifests = manifests;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance batches(List<View> batches, @Nullable String next);

    static native TemplateInstance batch(Detail detail);
  }

  /** A batch as it is shown. */
  record View(Batch batch, Tag state, int issuedWidth, int registeredWidth, String summary) {
    static View of(Batch batch) {
      int ordered = batch.order().ordered();
      int issued = width(batch.issued(), ordered);
      return new View(
          batch,
          switch (batch.state()) {
            case OPEN -> new Tag("open", "blue");
            case CLOSING -> new Tag("closing", "warn");
            case CLOSED -> new Tag("closed", "good");
          },
          issued,
          Math.max(0, width(batch.registered(), ordered) - issued),
          batch.issued() + " of " + ordered + " have their certificate, " + batch.registered()
              + " are registered");
    }

    /** Whatever is there is seen. */
    private static int width(int count, int ordered) {
      return count == 0 ? 0 : Math.max(4, (int) ((long) count * WIDTH / ordered));
    }
  }

  /** A row as it is shown. */
  record RowView(Row row, Tag state) {
    static RowView of(Row row) {
      return new RowView(
          row,
          switch (row.state()) {
            case "issued" -> new Tag("issued", "good");
            case "given-up" -> new Tag("given up", "calm");
            default -> new Tag("registered", "blue");
          });
    }
  }

  /** A batch on its own. */
  record Detail(
      View view,
      List<Trouble> troubles,
      boolean moreTroubles,
      List<RowView> rows,
      @Nullable String next,
      boolean first,
      String here,
      String done) {}

  @GET
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance list(@QueryParam("cursor") @Nullable String cursor) {
    Page<Batch> page = batches.list(caller.sites(), id(cursor), BATCHES);
    String next = page.next();
    return Templates.batches(
        page.items().stream().map(View::of).toList(),
        next == null ? null : Inputs.address(PATH, "cursor", next));
  }

  private static @Nullable String id(@Nullable String cursor) {
    if (cursor == null) {
      return null;
    }
    return Inputs.id(cursor)
        .map(UUID::toString)
        .orElseThrow(() -> Inputs.malformed("There is no such page; begin with the first."));
  }

  @GET
  @Path("{id}")
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance get(
      @PathParam("id") UUID id,
      @QueryParam("cursor") @Nullable String cursor,
      @QueryParam("done") @Nullable String done) {
    Batch batch = batches.get(id, caller.sites());
    Page<Trouble> troubles = batches.troubles(id, null, TROUBLES);
    Page<Row> page = batches.list(id, cursor, ROWS);
    String next = page.next();
    return Templates.batch(new Detail(
        View.of(batch),
        troubles.items(),
        troubles.next() != null,
        page.items().stream().map(RowView::of).toList(),
        next == null ? null : Inputs.address(PATH + "/" + id, "cursor", next),
        cursor == null,
        Inputs.address(PATH + "/" + id, "cursor", cursor),
        switch (done == null ? "" : done) {
          case "closed" -> "Batch closed, manifest signed";
          case "reopened" -> "Row taken up again";
          case "given-up" -> "Row given up";
          default -> "";
        }));
  }

  @POST
  @Path("{id}/close")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.REGISTER_DEVICES)
  public Response close(@PathParam("id") UUID id) {
    batches.get(id, caller.sites());
    manifests.close(id, caller.actor());
    return to(id, "closed");
  }

  @POST
  @Path("{id}/reopen")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.REPLACE_DEVICES)
  public Response reopen(
      @PathParam("id") UUID id,
      @FormParam("row") @Nullable String row,
      @FormParam("reason") @Nullable String reason) {
    batches.get(id, caller.sites());
    rows.reopen(
        id, Inputs.line("Row", row), caller.sites(), Inputs.line("Reason", reason), caller.actor());
    return to(id, "reopened");
  }

  @POST
  @Path("{id}/give-up")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.REPLACE_DEVICES)
  public Response giveUp(
      @PathParam("id") UUID id,
      @FormParam("row") @Nullable String row,
      @FormParam("reason") @Nullable String reason) {
    batches.get(id, caller.sites());
    rows.giveUp(
        id, Inputs.line("Row", row), caller.sites(), Inputs.line("Reason", reason), caller.actor());
    return to(id, "given-up");
  }

  private static Response to(UUID id, String done) {
    return Response.seeOther(URI.create(PATH + "/" + id + "?done=" + done)).build();
  }

  @GET
  @Path("{id}/manifest.ndjson")
  @Requires(Right.READ)
  public Response manifest(@PathParam("id") UUID id) {
    batches.get(id, caller.sites());
    InputStream manifest = manifests.manifest(id);
    StreamingOutput content = manifest::transferTo;
    return Response.ok(content, "application/x-ndjson")
        .header("Content-Disposition", "attachment; filename=\"manifest-" + id + ".ndjson\"")
        .build();
  }

  @GET
  @Path("{id}/manifest.p7s")
  @Requires(Right.READ)
  public Response signature(@PathParam("id") UUID id) {
    batches.get(id, caller.sites());
    return Response.ok(manifests.signature(id).octets(), "application/pkcs7-signature")
        .header("Content-Disposition", "attachment; filename=\"manifest-" + id + ".p7s\"")
        .build();
  }
}
