package io.sallyport.decision;

import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Remembered;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A device as policies see it. Most questions need nothing of it that is not shared, so that the rest is made, and fetched
 * from where it stands among millions, when it is asked for.
 *
 * @param policies immutable
 */
record FleetSubject(
    FleetDevice device, DeviceKind kind, @Nullable Set<String> policies) implements Subject {
  @Override
  public String id() {
    return device.id().toString();
  }

  @Override
  public String manufacturer() {
    return kind.manufacturer();
  }

  @Override
  public String model() {
    return kind.model();
  }

  @Override
  public String serialNumber() {
    return device.serialNumber();
  }

  @Override
  public String profile() {
    return kind.profile();
  }

  @Override
  public String owner() {
    return kind.owner();
  }

  @Override
  public String site() {
    return kind.site();
  }

  @Override
  public Map<String, String> labels() {
    return kind.labels();
  }

  @Override
  public Remembered remembered() {
    return kind.remembered();
  }

  @Override
  public String state() {
    return kind.state().word();
  }
}
