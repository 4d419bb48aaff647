package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.SeenPoints;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.EnforcementPoints.Application;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
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
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Enforcement points: how they keep up, how to set them up, and new ones. */
@Path("/console/enforcement-points")
@RunOnVirtualThread
class PointPages {
  private static final int ROWS = 50;

  private static final Pattern REQUEST = Pattern.compile(
      "\\s*-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE REQUEST-----\\s*");

  private final EnforcementPoints points;
  private final SeenPoints seen;
  private final Enforcements enforcements;
  private final Credentials credentials;
  private final Authorities authorities;
  private final RefusedForms refused;
  private final Caller caller;
  private final Clock clock;

  PointPages(
      EnforcementPoints points,
      SeenPoints seen,
      Enforcements enforcements,
      Credentials credentials,
      Authorities authorities,
      RefusedForms refused,
      Caller caller,
      Clock clock) {
    this.points = points;
    this.seen = seen;
    this.enforcements = enforcements;
    this.credentials = credentials;
    this.authorities = authorities;
    this.refused = refused;
    this.caller = caller;
    this.clock = clock;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance points(List<Row> points, @Nullable String next, String done);

    static native TemplateInstance point(View view);

    static native TemplateInstance newPoint(Form form, List<String> kinds, @Nullable String fault);
  }

  /** A point in the list. */
  record Row(
      EnforcementPoint point,
      Tag state,
      long open,
      @Nullable Instant since,
      String delay) {}

  /** A point on its own. */
  record View(
      Row row,
      Set<String> sites,
      List<String> peers,
      Map<String, String> hosts,
      Map<String, String> parameters,
      List<CertificateRow> certificates,
      String certificate,
      String done) {}

  /** What was typed for a new point. */
  record Form(
      String name,
      String kind,
      String sites,
      String peers,
      String delay,
      String secret,
      String request) {}

  @GET
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance list(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("done") @Nullable String done) {
    Page<EnforcementPoint> page = seen.list(cursor, ROWS);
    String next = page.next();
    return Templates.points(
        page.items().stream().map(this::row).toList(),
        next == null ? null : Inputs.address("/console/enforcement-points", "cursor", next),
        "removed".equals(done) ? "Enforcement point withdrawn" : "");
  }

  @GET
  @Path("new")
  @Produces(MediaType.TEXT_HTML)
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  public TemplateInstance start() {
    return form(new Form("", PointKind.AUTHZEN.word(), "", "", "", "", ""), null);
  }

  @POST
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Produces(MediaType.TEXT_HTML)
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  public Response add(
      @FormParam("name") @Nullable String name,
      @FormParam("kind") @Nullable String kind,
      @FormParam("sites") @Nullable String sites,
      @FormParam("peers") @Nullable String peers,
      @FormParam("delay") @Nullable String delay,
      @FormParam("secret") @Nullable String secret,
      @FormParam("request") @Nullable String request) {
    Form form =
        new Form(or(name), or(kind), or(sites), or(peers), or(delay), "", Inputs.document(request));
    try {
      EnforcementPoint point = points
          .add(
              new Application(
                  Inputs.line("Name", name),
                  PointKind.of(or(kind)),
                  new PointSettings(
                      new LinkedHashSet<>(words(form.sites())),
                      words(form.peers()),
                      Map.of(),
                      form.delay().isEmpty() ? null : duration(form.delay()),
                      Map.of()),
                  or(secret).isEmpty() ? null : or(secret),
                  request(form.request())),
              caller.actor())
          .point();
      return Response.seeOther(URI.create(
              "/console/enforcement-points/" + Inputs.encoded(point.name()) + "?done=added"))
          .build();
    } catch (Refusal refusal) {
      refused.record("/console/enforcement-points", refusal);
      return Response.status(refusal.problem().status())
          .entity(form(form, refusal.detail()))
          .build();
    }
  }

  @GET
  @Path("{name}")
  @Produces(MediaType.TEXT_HTML)
  @Requires(Right.READ)
  public TemplateInstance get(
      @PathParam("name") String name, @QueryParam("done") @Nullable String done) {
    EnforcementPoint point = seen.get(name);
    Instant now = clock.instant();
    List<Credential> issued = issued(point);
    Map<String, String> hosts = new TreeMap<>();
    point
        .settings()
        .hosts()
        .forEach((host, addresses) -> hosts.put(host, String.join(", ", addresses)));
    return Templates.point(new View(
        row(point),
        new TreeSet<>(point.settings().sites()),
        point.settings().peers(),
        hosts,
        new TreeMap<>(point.settings().parameters()),
        issued.stream()
            .map(credential -> CertificateRow.of(credential, false, now))
            .toList(),
        issued.stream()
            .findFirst()
            .map(credential -> credential.certificate().pem("CERTIFICATE"))
            .orElse(""),
        "added".equals(done) ? "Enforcement point added" : ""));
  }

  /** The newest certificate and its chain, as most programs want them. */
  @GET
  @Path("{name}/certificate.pem")
  @Requires(Right.READ)
  public Response certificate(@PathParam("name") String name) {
    EnforcementPoint point = seen.get(name);
    Credential credential = issued(point).stream()
        .findFirst()
        .orElseThrow(() ->
            new Refusal(CommonProblem.NOT_FOUND, "No certificate has been issued to this point."));
    String pem = credential.certificate().pem("CERTIFICATE")
        + authorities.chain(credential.authority()).stream()
            .map(certificate -> certificate.pem("CERTIFICATE"))
            .collect(Collectors.joining());
    return Response.ok(pem, "application/x-pem-file")
        .header("Content-Disposition", "attachment; filename=\"" + point.name() + ".pem\"")
        .build();
  }

  @POST
  @Path("{name}/remove")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  public Response remove(@PathParam("name") String name) {
    points.remove(name, caller.actor());
    return Response.seeOther(URI.create("/console/enforcement-points?done=removed"))
        .build();
  }

  private Row row(EnforcementPoint point) {
    String delay = point.kind().asks() ? "none: asks each time" : words(point.worstCaseDelay());
    long open = point.kind().asks() ? 0 : enforcements.open(point.id());
    Instant since = open == 0 ? null : enforcements.waitingSince(point.id()).orElse(null);
    Tag state;
    if (point.kind().asks()) {
      state = new Tag("asks each time", "good");
    } else if (since == null) {
      state = new Tag("all confirmed", "good");
    } else {
      state = since.plus(point.worstCaseDelay()).isBefore(clock.instant())
          ? new Tag("unconfirmed", "bad")
          : new Tag("pending", "blue");
    }
    return new Row(point, state, open, since, delay);
  }

  private List<Credential> issued(EnforcementPoint point) {
    return credentials.of(new CertificateSubject(
        CertificateSubject.Kind.ENFORCEMENT_POINT, point.id().toString()));
  }

  private static TemplateInstance form(Form form, @Nullable String fault) {
    return Templates.newPoint(
        form, Arrays.stream(PointKind.values()).map(PointKind::word).toList(), fault);
  }

  static Der request(String pem) {
    Matcher request = REQUEST.matcher(pem);
    if (!request.matches()) {
      throw Inputs.malformed("Paste one certificate request in PEM, from BEGIN to END.");
    }
    try {
      return Der.of(Base64.getMimeDecoder().decode(request.group(1)));
    } catch (IllegalArgumentException e) {
      throw Inputs.malformed("The certificate request is not valid base64.");
    }
  }

  private static Duration duration(String seconds) {
    try {
      return Duration.ofSeconds(Inputs.number("Worst-case delay", seconds, 0, 86_400));
    } catch (DateTimeException e) {
      throw Inputs.malformed("The delay must be a number of seconds.");
    }
  }

  /** Separated by commas, spaces or lines. */
  private static List<String> words(String text) {
    return Arrays.stream(text.split("[,\\s]+")).filter(word -> !word.isEmpty()).toList();
  }

  private static String words(Duration delay) {
    return delay.toSeconds() < 120 ? delay.toSeconds() + " s" : delay.toMinutes() + " min";
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text.strip();
  }
}
