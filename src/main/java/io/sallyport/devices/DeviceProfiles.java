package io.sallyport.devices;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Device profiles as YAML documents, {@code apiVersion: sallyport.io/v1}, {@code kind: DeviceProfile}. */
public interface DeviceProfiles {
  /** Creates or replaces the profile that the document names; refuses with {@code invalid-profile}, line and reason. */
  DeviceProfile apply(String yaml, Actor actor);

  Optional<DeviceProfile> find(String name);

  /** As {@link #find}, for those in no transaction: concurrent ones share a query. */
  default Optional<DeviceProfile> lookUp(String name) {
    return find(name);
  }

  Page<DeviceProfile> list(@Nullable String cursor, int limit);
}
