package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** External account bindings (RFC 8555 §7.3.4): each opens one account, for one device. */
public interface AccountBindings {
  /**
   * A binding without its key.
   *
   * @param id also the key identifier that the client gives
   * @param hostNames what the device may be certified for beside its own identifiers, lower-case
   * @param usedAt when an account was opened by it, or null
   */
  record Binding(
      UUID id,
      UUID device,
      List<String> hostNames,
      Instant createdAt,
      Instant expiresAt,
      @Nullable Instant usedAt) {
    public Binding {
      hostNames = List.copyOf(hostNames);
    }
  }

  /**
   * A new binding with its secret, told once.
   *
   * @param key the MAC key in unpadded base64url
   */
  record Minted(Binding binding, String key) {}

  /**
   * Makes a binding that lets {@code device} open an account within {@code lifetime} (at most 90 days). Refuses names that
   * are no host names, and those of the server itself (law 10).
   */
  Minted create(UUID device, List<String> hostNames, Duration lifetime, Actor actor);

  /** By id, after {@code cursor}, those for devices of {@code sites}, or all of them when it is empty. */
  Page<Binding> list(Set<String> sites, @Nullable String cursor, int limit);
}
