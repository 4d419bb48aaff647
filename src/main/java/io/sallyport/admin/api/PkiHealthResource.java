package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.pki.PkiHealth;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Locale;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The state of the authority as an auditor sees it. */
@Path(Api.V1 + "/pki/health")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class PkiHealthResource {
  private final PkiHealth health;

  PkiHealthResource(PkiHealth health) {
    this.health = health;
  }

  @GET
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "getPkiHealth",
      summary = "Expiry, revocation lists, weak profiles, clock, key protection; with advice")
  public HealthView get() {
    List<Finding> findings = health.check();
    Level worst = findings.stream().map(Finding::level).max(Level::compareTo).orElse(Level.GOOD);
    return new HealthView(word(worst), findings.stream().map(FindingView::of).toList());
  }

  private static String word(Level level) {
    return level.name().toLowerCase(Locale.ROOT);
  }

  /** What was looked at. */
  @Schema(name = "PkiHealth")
  record HealthView(
      @Schema(
          description = "The worst of the findings.",
          enumeration = {"good", "advice", "warning", "fault"})
      String level,

      List<FindingView> findings) {}

  /** One thing that was looked at. */
  @Schema(name = "PkiFinding")
  record FindingView(
      @Schema(description = "What was looked at, the same word every time.")
      String check,

      @Schema(enumeration = {"good", "advice", "warning", "fault"})
      String level,

      String subject,
      @Schema(description = "A sentence.") String finding,

      @Schema(nullable = true, description = "What to do, or null when it is good.") @Nullable
      String advice) {
    static FindingView of(Finding finding) {
      return new FindingView(
          finding.check(),
          word(finding.level()),
          finding.subject(),
          finding.finding(),
          finding.advice());
    }
  }
}
