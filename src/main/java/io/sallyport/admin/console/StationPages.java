package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batches;
import io.sallyport.enrollment.Stations;
import io.sallyport.enrollment.Stations.Station;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
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
import java.net.URI;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Stations of manufacturing lines, and new ones. */
@Path("/console/stations")
@RunOnVirtualThread
class StationPages {
  private static final String PATH = "/console/stations";
  private static final int ROWS = 50;

  private final Stations stations;
  private final Batches batches;
  private final Credentials credentials;
  private final Authorities authorities;
  private final RefusedForms refused;
  private final Caller caller;

  StationPages(
      Stations stations,
      Batches batches,
      Credentials credentials,
      Authorities authorities,
      RefusedForms refused,
      Caller caller) {
    this.stations = stations;
    this.batches = batches;
    this.credentials = credentials;
    this.authorities = authorities;
    this.refused = refused;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance stations(
        List<Station> stations, @Nullable String next, String done);

    static native TemplateInstance newStation(Form form, @Nullable String fault);
  }

  /** What was typed for a new station. */
  record Form(String name, String site, String line, String batch, String request) {}

  @GET
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance list(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("done") @Nullable String done) {
    Page<Station> page = stations.list(caller.sites(), cursor, ROWS);
    String next = page.next();
    return Templates.stations(
        page.items(),
        next == null ? null : Inputs.address(PATH, "cursor", next),
        switch (done == null ? "" : done) {
          case "added" -> "Station added";
          case "removed" -> "Station withdrawn";
          default -> "";
        });
  }

  @GET
  @Path("new")
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.CONTROL_DEVICES)
  public TemplateInstance start() {
    return Templates.newStation(new Form("", "", "", "", ""), null);
  }

  @POST
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.CONTROL_DEVICES)
  public Response add(
      @FormParam("name") @Nullable String name,
      @FormParam("site") @Nullable String site,
      @FormParam("line") @Nullable String line,
      @FormParam("batch") @Nullable String batch,
      @FormParam("request") @Nullable String request) {
    Form form = new Form(or(name), or(site), or(line), or(batch), Inputs.document(request));
    try {
      caller.requireSite(Inputs.line("Site", site));
      stations.add(
          Inputs.line("Name", name),
          Inputs.line("Site", site),
          Inputs.line("Line", line),
          batch(form.batch()),
          PointPages.request(form.request()),
          caller.actor());
      return Response.seeOther(URI.create(PATH + "?done=added")).build();
    } catch (Refusal refusal) {
      refused.record(PATH, refusal);
      return Response.status(refusal.problem().status())
          .entity(Templates.newStation(form, refusal.detail()))
          .build();
    }
  }

  private @Nullable UUID batch(String text) {
    if (text.isEmpty()) {
      return null;
    }
    UUID id = Inputs.id(text)
        .orElseThrow(() -> Inputs.malformed("The batch is named by its id, as its page has it."));
    return batches.get(id, caller.sites()).id();
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text.strip();
  }

  /** The newest certificate and its chain, as most programs want them. */
  @GET
  @Path("{name}/certificate.pem")
  @Requires(Right.READ)
  public Response certificate(@PathParam("name") String name) {
    Station station = stations.get(name, caller.sites());
    Credential credential = credentials
        .of(new CertificateSubject(CertificateSubject.Kind.STATION, station.id().toString()))
        .stream()
        .findFirst()
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "No certificate has been issued to this station."));
    String pem = credential.certificate().pem("CERTIFICATE")
        + authorities.chain(credential.authority()).stream()
            .map(certificate -> certificate.pem("CERTIFICATE"))
            .collect(Collectors.joining());
    return Response.ok(pem, "application/x-pem-file")
        .header("Content-Disposition", "attachment; filename=\"" + station.name() + ".pem\"")
        .build();
  }

  @POST
  @Path("{name}/remove")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public Response remove(@PathParam("name") String name) {
    stations.remove(name, caller.sites(), caller.actor());
    return Response.seeOther(URI.create(PATH + "?done=removed")).build();
  }
}
