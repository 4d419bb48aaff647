package io.sallyport.enrollment;

import io.sallyport.attestation.Attestations;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Change;
import io.sallyport.enforcement.AddressBindings;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Releases and claims in the database, each in the commit of the change that it tells of. */
@ApplicationScoped
class StoredOwnerships implements Ownerships {
  private static final int CODE_OCTETS = 24;
  private static final int LONGEST_CODE = 256;
  private static final Duration LONGEST_LIFETIME = Duration.ofDays(365);
  /** A device changes hands a few times. */
  private static final int MOST_ENTRIES = 1000;

  private static final String RELEASE = """
      insert into ownership_release (device, code, to_owner, released_at, released_by, expires_at)
      values (?, ?, ?, ?, ?, ?)
      on conflict (device) do update set code = excluded.code, to_owner = excluded.to_owner,
        released_at = excluded.released_at, released_by = excluded.released_by, expires_at = excluded.expires_at""";
  private static final String RELEASED = "select device from ownership_release where code = ?";
  private static final String FORGET = "delete from ownership_release where device = ?";
  private static final String TAKE =
      "delete from ownership_release where device = ? and code = ? returning to_owner, expires_at";
  private static final String NOTE = """
      insert into ownership_act (id, device, act, from_owner, to_owner, at, by) values (?, ?, ?, ?, ?, ?, ?)""";
  private static final String HISTORY = """
      select act, from_owner, to_owner, at, by from ownership_act where device = ? order by id limit ?""";
  private static final String END_TOKENS =
      "update enrollment_token set expires_at = ? where device = ? and expires_at > ?";
  private static final String END_BINDINGS =
      "update account_binding set expires_at = ? where device = ? and expires_at > ?";
  private static final String FORGET_SECRETS = "delete from decryption_key where device = ?";
  private static final String END_ACCOUNTS =
      "update enrollment_account set status = 'REVOKED' where device = ? and status = 'VALID'";

  private final DataSource database;
  private final Devices devices;
  private final Credentials credentials;
  private final Attestations attestations;
  private final AddressBindings addresses;
  private final Enforcements enforcements;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredOwnerships(
      DataSource database,
      Devices devices,
      Credentials credentials,
      Attestations attestations,
      AddressBindings addresses,
      Enforcements enforcements,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.database = database;
    this.devices = devices;
    this.credentials = credentials;
    this.attestations = attestations;
    this.addresses = addresses;
    this.enforcements = enforcements;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Release release(UUID device, @Nullable String to, Duration lifetime, Actor actor) {
    if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST_LIFETIME) > 0) {
      throw new Refusal(
          EnrollmentProblem.INVALID_LIFETIME, "A release may live for 365 days at most.");
    }
    Device released = devices.lock(device);
    requireUsable(released);
    String code = ids.secret(CODE_OCTETS);
    Instant now = now();
    Instant end = now.plus(lifetime);
    execute(
        RELEASE,
        device,
        digest(code),
        to,
        now.atOffset(ZoneOffset.UTC),
        actor.id(),
        end.atOffset(ZoneOffset.UTC));
    note(device, Act.RELEASED, released.owner(), to, now, actor);
    audit.record(Fact.of("device.released-by-owner", actor, "device", device)
        .with("owner", released.owner())
        .with("to", to == null ? "" : to)
        .with("expires_at", end));
    return new Release(device, code, end);
  }

  @Override
  @Transactional
  public void keep(UUID device, Actor actor) {
    Device kept = devices.lock(device);
    if (execute(FORGET, device) > 0) {
      note(device, Act.KEPT, kept.owner(), kept.owner(), now(), actor);
      audit.record(
          Fact.of("device.kept-by-owner", actor, "device", device).with("owner", kept.owner()));
    }
  }

  @Override
  @Transactional
  public Device claim(String code, Claim claim, Actor actor) {
    byte[] digest = digest(code);
    UUID device = code.length() > LONGEST_CODE ? null : released(digest);
    if (device == null) {
      throw unknownCode();
    }
    // Everybody who changes a device locks it first; what was released is read behind that.
    Device before = devices.lock(device);
    requireUsable(before);
    take(device, digest, claim.owner());
    Change change = new Change(
        before.hardware().serialNumber(),
        claim.profile(),
        claim.owner(),
        claim.site(),
        Map.of(),
        before.labels().keySet());
    devices.change(device, change, "claimed by its next owner", actor);
    credentials.revokeAll(
        CertificateSubject.device(device), RevocationReason.AFFILIATION_CHANGED, actor);
    attestations.end(device, actor);
    addresses
        .live(device)
        .forEach(live -> addresses.withdraw(live.id(), "the device has another owner", actor));
    enforcements.withdraw(device, "device.claimed");
    Instant now = now();
    OffsetDateTime ended = now.atOffset(ZoneOffset.UTC);
    execute(END_TOKENS, ended, device, ended);
    execute(END_BINDINGS, ended, device, ended);
    execute(END_ACCOUNTS, device);
    execute(FORGET_SECRETS, device);
    note(device, Act.CLAIMED, before.owner(), claim.owner(), now, actor);
    audit.record(Fact.of("device.claimed", actor, "device", device)
        .with("from", before.owner())
        .with("to", claim.owner())
        .with("site", claim.site()));
    return devices.get(device);
  }

  private static Refusal unknownCode() {
    return new Refusal(
        EnrollmentProblem.UNKNOWN_CLAIM_CODE,
        "No device waits for this code; ask its owner for a new one.");
  }

  private static void requireUsable(Device device) {
    if (device.state() != DeviceState.EXPECTED && device.state() != DeviceState.ACTIVE) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device is " + device.state().word()
              + "; only an expected or active one changes hands.");
    }
  }

  private @Nullable UUID released(byte[] code) {
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(RELEASED)) {
      query.setBytes(1, code);
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? row.getObject(1, UUID.class) : null;
      }
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private void take(UUID device, byte[] code, String owner) {
    try (Connection transaction = database.getConnection();
        PreparedStatement take = transaction.prepareStatement(TAKE)) {
      take.setObject(1, device);
      take.setBytes(2, code);
      try (ResultSet row = take.executeQuery()) {
        if (!row.next()
            || !row.getObject(2, OffsetDateTime.class).toInstant().isAfter(clock.instant())) {
          throw unknownCode();
        }
        String to = row.getString(1);
        if (to != null && !to.equals(owner)) {
          throw new Refusal(
              EnrollmentProblem.OTHER_OWNER, "The device was released to another owner.");
        }
      }
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private void note(
      UUID device, Act act, String from, @Nullable String to, Instant at, Actor actor) {
    execute(
        NOTE, ids.next(), device, act.name(), from, to, at.atOffset(ZoneOffset.UTC), actor.id());
  }

  @Override
  @Transactional
  public List<Entry> history(UUID device) {
    List<Entry> entries = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(HISTORY)) {
      query.setObject(1, device);
      query.setInt(2, MOST_ENTRIES);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          entries.add(new Entry(
              Act.valueOf(row.getString(1)),
              row.getString(2),
              row.getString(3),
              row.getObject(4, OffsetDateTime.class).toInstant(),
              row.getString(5)));
        }
      }
    } catch (SQLException e) {
      throw failed(e);
    }
    return entries;
  }

  private int execute(String sql, @Nullable Object... values) {
    try (Connection transaction = database.getConnection();
        PreparedStatement statement = transaction.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static IllegalStateException failed(SQLException e) {
    return new IllegalStateException("a device's owners could not be read or changed", e);
  }

  private static byte[] digest(String code) {
    return Digest.of(code.getBytes(StandardCharsets.UTF_8)).octets();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
