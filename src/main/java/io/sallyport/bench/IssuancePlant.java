package io.sallyport.bench;

import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Order;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** Devices that were registered beforehand, and callers that have each certified once, by key of its own. */
@Singleton
final class IssuancePlant {
  private static final int PART = 10_000;
  private static final Duration ROUND = Duration.ofSeconds(3);
  /** More than any machine issues in a second. */
  private static final int MOST_A_SECOND = 4_000;

  private static final String FOUND = """
      insert into manufacturer (id, name, created_at)
        values ('00000000-0000-7000-8000-000000000001', 'Bench', now()) on conflict do nothing""";
  private static final String PROFILE = """
      apiVersion: sallyport.io/v1
      kind: DeviceProfile
      metadata: {name: bench}
      """;
  private static final String REGISTER = """
      with unit as (insert into hardware_unit (id, manufacturer, model, serial_number)
          select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'bench', gen_random_uuid()::text
          from generate_series(1, ?) returning id)
      insert into device (id, hardware_unit, profile, owner, site, labels, state, enrolled, revocation_counter, created_at)
        select gen_random_uuid(), id, 'bench', 'bench', 'bench', '{}', ?, ?, 0, now() from unit
        returning id, hardware_unit""";

  private final DataSource database;
  private final Issuance issuance;
  private final DeviceProfiles deviceProfiles;
  private final CertificateProfile profile;
  private boolean warm;

  IssuancePlant(
      DataSource database,
      Issuance issuance,
      DeviceProfiles deviceProfiles,
      CertificateProfiles profiles) {
    this.database = database;
    this.issuance = issuance;
    this.deviceProfiles = deviceProfiles;
    this.profile = profiles.find(CertificateProfiles.DEVICE).orElseThrow();
  }

  /** A device and what is asked for it; the guard claims the key for its hardware unit, as enrollment does. */
  record Asked(Order order, Guard guard) {}

  /** Enough orders for {@code time}. */
  Queue<Asked> orders(Duration time) throws SQLException, GeneralSecurityException {
    KeyPairGenerator keys = KeyPairGenerator.getInstance("EC");
    keys.initialize(new ECGenParameterSpec("secp256r1"));
    return new ConcurrentLinkedQueue<>(orders(
        time.toMillis() * MOST_A_SECOND / 1000,
        DeviceState.EXPECTED,
        () -> Der.of(keys.generateKeyPair().getPublic().getEncoded())));
  }

  /** One for each of these public keys, of devices that may ask for everything once they are certified. */
  List<Asked> ordersOfActive(List<Der> keys) throws SQLException {
    return orders(keys.size(), DeviceState.ACTIVE, keys.iterator()::next);
  }

  private List<Asked> orders(long count, DeviceState state, Supplier<Der> keys)
      throws SQLException {
    deviceProfiles.apply(PROFILE, Actor.SERVER);
    List<Asked> orders = new ArrayList<>();
    try (Connection connection = database.getConnection();
        Statement found = connection.createStatement();
        PreparedStatement register = connection.prepareStatement(REGISTER)) {
      found.execute(FOUND);
      for (long left = count; left > 0; left -= PART) {
        register.setInt(1, (int) Math.min(left, PART));
        register.setString(2, state.name());
        register.setBoolean(3, state != DeviceState.EXPECTED);
        try (ResultSet rows = register.executeQuery()) {
          while (rows.next()) {
            orders.add(
                asked(rows.getObject(1, UUID.class), rows.getObject(2, UUID.class), keys.get()));
          }
        }
      }
      // What autovacuum does when such a fleet has come together; what is empty yet it leaves
      // alone.
      found.execute("analyze manufacturer, device_profile, hardware_unit, device");
    }
    return orders;
  }

  /** Until what is hot is compiled: a server that runs for months is measured, not its first seconds. */
  void warmUp(int callers) throws Exception {
    if (warm) {
      return;
    }
    WarmUp.with(ROUND, () -> rate(callers, orders(ROUND), ROUND));
    warm = true;
  }

  private Asked asked(UUID device, UUID unit, Der key) {
    Digest digest = key.digest();
    return new Asked(
        new Order(
            CertificateSubject.device(device),
            profile,
            key,
            Digest.of(device.toString().getBytes(StandardCharsets.UTF_8)),
            false,
            "serialNumber=" + device + ",CN=" + device,
            List.of()),
        Guard.claiming(List.of(new KeyClaim(unit, digest, "ldevid")), Guard.NONE));
  }

  /** Certificates a second, with so many callers at once. */
  double rate(int callers, Queue<Asked> orders, Duration time) throws Exception {
    AtomicLong done = new AtomicLong();
    long start = System.nanoTime();
    long end = start + time.toNanos();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        running.add(threads.submit(() -> {
          while (System.nanoTime() < end) {
            Asked asked = orders.poll();
            if (asked == null) {
              throw new IllegalStateException("the devices were used up");
            }
            issuance.issue(asked.order, asked.guard, Actor.SERVER);
            done.incrementAndGet();
          }
        }));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    }
    return done.get() * 1e9 / (System.nanoTime() - start);
  }
}
