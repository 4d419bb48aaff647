package io.sallyport.bench;

import io.sallyport.decision.FleetReading;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Issuance;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.StringJoiner;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Fleets to decide about, in the tables and then in memory: each device with a live certificate and an appraisal, each
 * policy about some of them. Used by one thread.
 */
@Singleton
final class DecisionFleet {
  static final int SMALL = 1_000;
  /** As many as a plan is made for. */
  static final int PLANNED = 100_000;

  static final int MILLION = 1_000_000;
  static final int FEW_POLICIES = 10;
  static final int MANY_POLICIES = 1_000;

  private static final int PROFILES = 10;
  private static final int SITES = 100;
  private static final int PART = 50_000;
  private static final int MOST_SECONDS = 300;
  private static final long ID_HIGH = 0x0193_516b_0000_7000L;
  private static final long ID_LOW = 0x8000_0000_0000_0000L;

  /** All certificates count as looked at for today: they are copies of one. */
  private static final String FOUND = """
      insert into manufacturer (id, name, created_at)
        values ('00000000-0000-7000-8000-000000000001', 'Bench', now()) on conflict do nothing;
      insert into device_profile (name, yaml, applied_at)
        select 'fleet-' || p, 'apiVersion: sallyport.io/v1
      kind: DeviceProfile
      metadata: {name: fleet-' || p || '}
      ', now() from generate_series(0, %d) p on conflict do nothing;
      insert into certificate_check (cursor, began_at, ended_at) values ('ffffffff-ffff-ffff-ffff-ffffffffffff', now(), now())
        on conflict (one) do update set began_at = now(), ended_at = now();
      insert into evidence (id, device, credential, media_type, octets, received_at)
        values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000002', sha256(''), 'bench', '', now())
        on conflict do nothing""".formatted(PROFILES - 1);

  /** From one number to another; what a device is, its number tells. */
  private static final String FILL = """
      insert into hardware_unit (id, manufacturer, model, serial_number)
        select %1$s, '00000000-0000-7000-8000-000000000001', 'Eye ' || n %% 5, 'fleet-' || n from generate_series(%2$d, %3$d) n;
      insert into device (id, hardware_unit, profile, owner, site, labels, state, enrolled, revocation_counter, created_at)
        select %1$s, %1$s, 'fleet-' || n %% 10, 'bench', 'site-' || n / 10 %% 100, '{"zone":"a"}', 'ACTIVE', true, 0, now()
        from generate_series(%2$d, %3$d) n;
      insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, thumbprint, not_before,
          not_after, crl_shard, state, revocation_counter, prepared_at, issued_at)
        select %1$s, '%4$s', '4c' || md5(n::text), 'DEVICE', (%1$s)::text, 'device', sha256(n::text::bytea),
          sha256(('fleet-' || n)::bytea), now() - interval '1 day', now() + interval '300 days', 0, 'ISSUED', 0, now(), now()
        from generate_series(%2$d, %3$d) n;
      insert into certificate_body (credential, ends_on, tbs, certificate)
        select %1$s, cast((now() + interval '300 days') at time zone 'UTC' as date), '', decode('%5$s', 'hex')
        from generate_series(%2$d, %3$d) n;
      insert into appraisal (id, device, evidence, status, claims, observed, at, expires_at, ear)
        select %1$s, %1$s, '00000000-0000-7000-8000-000000000002', 'WARNING',
          '{"executables":{"value":32,"assurance":"SIGNED_SOFTWARE","source":"bench","reason":"bench"}}',
          '{"firmware.version":"1.' || n %% 3 || '.0"}', now(), now() + interval '1 day', ''
        from generate_series(%2$d, %3$d) n""";

  private static final String POLICY = """
      with version as (
        insert into policy_version (name, hash, document, first_applied_at, first_applied_by)
          values (?, ?, ?, now(), 'bench') on conflict do nothing)
      insert into policy (name, hash, applied_at) values (?, ?, now())""";

  private static final String GONE = "delete from policy where name like 'fleet-%'";

  private static final String ID = "('0193516b-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";

  private final DataSource database;
  private final FleetReading fleet;
  private final Issuance issuance;
  private final IssuancePlant plant;
  private int devices;

  DecisionFleet(DataSource database, FleetReading fleet, Issuance issuance, IssuancePlant plant) {
    this.database = database;
    this.fleet = fleet;
    this.issuance = issuance;
    this.plant = plant;
  }

  /** Devices that there are. */
  int size() {
    return devices;
  }

  static UUID device(int number) {
    return new UUID(ID_HIGH, ID_LOW | number);
  }

  static Digest thumbprint(int number) {
    return Digest.of(("fleet-" + number).getBytes(StandardCharsets.UTF_8));
  }

  /** A peer that this device may open on port 8554 by many policies. */
  static String peer(int number) {
    return "vms-" + number % PROFILES + ".site-" + number / PROFILES % SITES + ".example";
  }

  /** The same by few policies. */
  static String peerOfFew(int number) {
    return "vms-" + number % PROFILES + ".example";
  }

  /** There are so many devices in the tables from now on, and so many policies in force. */
  void fill(int wantedDevices, int wantedPolicies) throws Exception {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      int usual = connection.getNetworkTimeout();
      // Longer than anything that the server does by itself.
      connection.setNetworkTimeout(Runnable::run, MOST_SECONDS * 1000);
      statement.execute(FOUND);
      // What refers to what is known here; to have it checked would take most of the time.
      statement.execute("set session_replication_role = replica");
      String certificate = HexFormat.of().formatHex(certificate());
      while (devices < wantedDevices) {
        int last = Math.min(devices + PART, wantedDevices) - 1;
        statement.execute(FILL.formatted(ID, devices, last, Authorities.DEVICES, certificate));
        devices = last + 1;
      }
      statement.execute("set session_replication_role = origin");
      // What autovacuum would have done by the time that so many have come together.
      statement.execute(
          "analyze hardware_unit, device, credential, certificate_body, appraisal, device_profile");
      connection.setNetworkTimeout(Runnable::run, usual);
    }
    apply(wantedPolicies);
  }

  private byte[] certificate() throws Exception {
    IssuancePlant.Asked asked = plant.orders(Duration.ofMillis(10)).remove();
    Credential issued = issuance.issue(asked.order(), asked.guard(), Actor.SERVER);
    return issued.certificate().octets();
  }

  /** In the place of those before: each device is selected by one. */
  private void apply(int wanted) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        PreparedStatement policy = connection.prepareStatement(POLICY)) {
      statement.execute(GONE);
      for (int number = 0; number < wanted; number++) {
        String document = wanted == FEW_POLICIES ? ofProfile(number) : ofSite(number);
        policy.setString(1, "fleet-" + number);
        policy.setString(2, Digest.of(document.getBytes(StandardCharsets.UTF_8)).hex());
        policy.setString(3, document);
        policy.setString(4, "fleet-" + number);
        policy.setString(5, Digest.of(document.getBytes(StandardCharsets.UTF_8)).hex());
        policy.execute();
      }
    }
  }

  private static String ofProfile(int number) {
    return document(number, "", peerOfFew(number), "10.0.0.0/16");
  }

  private static String ofSite(int number) {
    int site = number / PROFILES % SITES;
    return document(number, "site: site-" + site + ", ", peer(number), "10." + site + ".0.0/16");
  }

  private static String document(int number, String selected, String peer, String prefix) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: fleet-%1$d}
        spec:
          selector: {profile: fleet-%2$d, %3$slabels: {zone: a}}
          posture:
            executables: {tier: warning, assurance: signed-software}
          allow:
            - {peer: %4$s, protocol: tcp, ports: [8554, "9000-9010"]}
            - {peer: %5$s, protocol: udp, ports: [123]}
          grant: {ttl: PT10M}
        """.formatted(number, number % PROFILES, selected, peer, prefix);
  }

  /** The policies of {@link #MANY_POLICIES} as documents, of which one in ten permits another port. */
  static String candidate() {
    StringJoiner documents = new StringJoiner("---\n");
    for (int i = 0; i < MANY_POLICIES; i++) {
      documents.add(i % 10 == 0 ? ofSite(i).replace("8554", "8555") : ofSite(i));
    }
    return documents.toString();
  }

  /** Seconds to read all of it into memory. */
  double load() {
    long start = System.nanoTime();
    fleet.load();
    return (System.nanoTime() - start) / 1e9;
  }

  /** Seconds to read the same columns, and to do nothing with them. */
  double read() throws SQLException {
    long start = System.nanoTime();
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      int usual = connection.getNetworkTimeout();
      connection.setNetworkTimeout(Runnable::run, MOST_SECONDS * 1000);
      for (String query : new String[] {
        "select d.id, h.model, h.serial_number, d.profile, d.owner, d.site, d.labels, d.state from device d"
            + " join hardware_unit h on h.id = d.hardware_unit",
        "select subject_id, serial, thumbprint, not_before, not_after from credential",
        "select id, device, status, claims, observed, expires_at from appraisal"
      }) {
        try (PreparedStatement statement = connection.prepareStatement(query)) {
          statement.setFetchSize(5_000);
          try (var rows = statement.executeQuery()) {
            while (rows.next()) {
              rows.getObject(1);
            }
          }
        }
      }
      connection.rollback();
      connection.setNetworkTimeout(Runnable::run, usual);
      connection.setAutoCommit(true);
    }
    return (System.nanoTime() - start) / 1e9;
  }
}
