package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.LogChecks;
import io.sallyport.audit.LogChecks.Check;
import io.sallyport.audit.LogEntry;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
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
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The log: its facts, newest first, and whether it is what was signed. */
@Path("/console/audit")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class AuditPages {
  private static final int ROWS = 50;
  private static final String PATH = "/console/audit";

  private final AuditLog log;
  private final LogChecks checks;
  private final Devices devices;
  private final Caller caller;

  AuditPages(AuditLog log, LogChecks checks, Devices devices, Caller caller) {
    this.log = log;
    this.checks = checks;
    this.devices = devices;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance audit(View view);

    static native TemplateInstance fact(LogEntry fact, Check check);

    static native TemplateInstance verify(
        @Nullable Checkpoint checkpoint, String key, String note, @Nullable Check check);
  }

  /**
   * A page of facts.
   *
   * @param bound whether the caller is bound to sites and must name a device
   */
  record View(
      List<LogEntry> facts,
      String kind,
      String subject,
      boolean bound,
      @Nullable String first,
      @Nullable String next) {
    public boolean narrowed() {
      return !(kind + subject).isEmpty();
    }
  }

  @GET
  @Requires(Right.READ_AUDIT)
  public TemplateInstance facts(
      @QueryParam("kind") @Nullable String kind,
      @QueryParam("subject") @Nullable String subject,
      @QueryParam("cursor") @Nullable String cursor) {
    String askedKind = Inputs.find("kind", kind).orElse("");
    String askedSubject = Inputs.find("subject", subject).orElse("");
    boolean bound = !caller.sites().isEmpty();
    if (bound && askedSubject.isEmpty()) {
      return Templates.audit(new View(List.of(), askedKind, askedSubject, true, null, null));
    }
    if (bound) {
      requireOwnDevice(askedSubject);
    }
    Page<LogEntry> page = log.newest(
        cursor == null ? Long.MAX_VALUE : Inputs.number("cursor", cursor, 0, Long.MAX_VALUE),
        ROWS,
        askedSubject.isEmpty() ? null : askedSubject,
        askedKind.isEmpty() ? null : askedKind);
    return Templates.audit(new View(
        page.items(),
        askedKind,
        askedSubject,
        bound,
        cursor == null ? null : address(askedKind, askedSubject, null),
        page.next() == null ? null : address(askedKind, askedSubject, page.next())));
  }

  @GET
  @Path("facts/{position}")
  @Requires(Right.READ_AUDIT)
  public TemplateInstance fact(@PathParam("position") long position) {
    LogEntry fact = log.entry(position).orElseThrow(AuditPages::unknown);
    if (!caller.sites().isEmpty()) {
      requireOwnDevice(fact.subject());
    }
    return Templates.fact(fact, checks.inclusion(position));
  }

  @GET
  @Path("verify")
  @Requires(Right.READ)
  public TemplateInstance verify() {
    return Templates.verify(log.latest().orElse(null), log.verifierKey(), "", null);
  }

  @POST
  @Path("verify")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.READ)
  public TemplateInstance verify(@FormParam("note") @Nullable String note) {
    String text = Inputs.document(note);
    // A note ends with a line break, which copying loses.
    String whole = text.strip() + "\n";
    return Templates.verify(
        log.latest().orElse(null), log.verifierKey(), text, checks.consistency(whole));
  }

  /** Facts know no site; what is told about a device is for whoever sees the device. */
  private void requireOwnDevice(String subject) {
    UUID id = Inputs.id(subject).orElseThrow(AuditPages::unknown);
    devices.get(id, caller.sites());
  }

  private static String address(String kind, String subject, @Nullable String cursor) {
    return Inputs.address(PATH, "kind", kind, "subject", subject, "cursor", cursor);
  }

  private static Refusal unknown() {
    return new Refusal(
        CommonProblem.NOT_FOUND, "There is no such fact, or it is not yours to see.");
  }
}
