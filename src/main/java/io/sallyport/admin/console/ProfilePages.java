package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfile.FirmwareReference;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Device profiles, to read. */
@Path("/console/profiles")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class ProfilePages {
  private static final int ROWS = 50;

  private final DeviceProfiles profiles;

  ProfilePages(DeviceProfiles profiles) {
    this.profiles = profiles;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance profiles(List<DeviceProfile> profiles, @Nullable String next);

    static native TemplateInstance profile(
        DeviceProfile profile, Map<String, List<FirmwareReference>> firmware);
  }

  @GET
  @Requires(Right.READ)
  public TemplateInstance list(@QueryParam("cursor") @Nullable String cursor) {
    Page<DeviceProfile> page = profiles.list(cursor, ROWS);
    String next = page.next();
    return Templates.profiles(
        page.items(), next == null ? null : Inputs.address("/console/profiles", "cursor", next));
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  public TemplateInstance get(@PathParam("name") String name) {
    DeviceProfile profile = profiles
        .find(name)
        .orElseThrow(
            () -> new Refusal(CommonProblem.NOT_FOUND, "There is no profile of this name."));
    return Templates.profile(profile, new TreeMap<>(profile.firmware()));
  }
}
