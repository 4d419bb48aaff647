package io.sallyport.decision;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.attestation.Appraisal;
import io.sallyport.attestation.Attestations;
import io.sallyport.attestation.Signals;
import io.sallyport.attestation.Signals.Signal;
import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.Devices;
import io.sallyport.events.Changes;
import io.sallyport.kernel.Page;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.CredentialIdentity;
import io.sallyport.pki.Credentials;
import io.sallyport.policy.Policies;
import io.sallyport.policy.PolicySet;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the fleet through the doors of those who keep it, each time in a new transaction. */
@Singleton
final class StoredFleet implements FleetSource {
  /** Parts of the fleet that are read at the same time, while another is listed; each takes a connection. */
  private static final int READERS = 3;

  private final Devices devices;
  private final DeviceProfiles profiles;
  private final Authorities authorities;
  private final Credentials credentials;
  private final Attestations attestations;
  private final Signals signals;
  private final Policies policies;
  private final Changes changes;

  StoredFleet(
      Devices devices,
      DeviceProfiles profiles,
      Authorities authorities,
      Credentials credentials,
      Attestations attestations,
      Signals signals,
      Policies policies,
      Changes changes) {
    this.devices = devices;
    this.profiles = profiles;
    this.authorities = authorities;
    this.credentials = credentials;
    this.attestations = attestations;
    this.signals = signals;
    this.policies = policies;
    this.changes = changes;
  }

  @Override
  public Optional<FleetDevice> device(UUID id) {
    return Optional.ofNullable(devices(List.of(id)).get(id));
  }

  @Override
  public Optional<ProfilePolicies> profile(String name) {
    return read(() -> profiles.find(name).map(StoredFleet::policies));
  }

  @Override
  public PolicySet policies() {
    return read(policies::load);
  }

  @Override
  public Set<String> revokedIssuers() {
    return authorities.readDistrustedKeys();
  }

  @Override
  public Page<Loaded> devices(@Nullable String cursor) {
    return read(() -> {
      Page<Device> page = devices.listKnown(cursor, Page.MOST);
      Map<UUID, FleetDevice> read = together(page.items());
      return page.map(
          device -> new Loaded(device.id(), Objects.requireNonNull(read.get(device.id()))));
    });
  }

  @Override
  public Map<UUID, FleetDevice> devices(Collection<UUID> ids) {
    return read(() -> together(devices.findAll(ids)));
  }

  /** Which devices there are is read by the thread that asks, what they are by others meanwhile. */
  @Override
  public void everyDevice(Supplier<Consumer<List<Loaded>>> begin) {
    Semaphore readers = new Semaphore(READERS);
    List<Future<?>> reading = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      String cursor = null;
      do {
        readers.acquireUninterruptibly();
        Consumer<List<Loaded>> read = begin.get();
        String after = cursor;
        Page<Device> page = read(() -> devices.listKnown(after, Page.MOST));
        reading.add(threads.submit(() -> {
          try {
            Map<UUID, FleetDevice> found = read(() -> together(page.items()));
            read.accept(found.entrySet().stream()
                .map(entry -> new Loaded(entry.getKey(), entry.getValue()))
                .toList());
          } finally {
            readers.release();
          }
        }));
        cursor = page.next();
      } while (cursor != null);
      for (Future<?> each : reading) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("the fleet could not be read", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the fleet was not read to its end", e);
    }
  }

  private Map<UUID, FleetDevice> together(List<Device> known) {
    List<UUID> ids = known.stream().map(Device::id).toList();
    Map<String, List<CredentialIdentity>> certificates = credentials.unrevoked(
        CertificateSubject.Kind.DEVICE, ids.stream().map(UUID::toString).toList());
    Map<UUID, Appraisal> appraisals = attestations.latest(ids);
    Map<UUID, List<Signal>> active = signals.active(ids);
    return known.stream()
        .collect(Collectors.toMap(
            Device::id,
            device -> FleetDevice.of(
                device,
                certificates.getOrDefault(device.id().toString(), List.of()),
                Optional.ofNullable(appraisals.get(device.id())),
                active.getOrDefault(device.id(), List.of()))));
  }

  @Override
  public Page<String> profiles(@Nullable String cursor) {
    return read(() -> profiles.list(cursor, Page.MOST).map(DeviceProfile::name));
  }

  @Override
  public long position() {
    return read(changes::position);
  }

  private static ProfilePolicies policies(DeviceProfile profile) {
    List<String> names = profile.policies();
    return new ProfilePolicies(names == null ? null : Set.copyOf(names));
  }

  private static <T> T read(Callable<T> work) {
    return QuarkusTransaction.requiringNew().call(work);
  }
}
