package io.sallyport.enrollment;

import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Claim;
import io.sallyport.devices.Batches.Unit;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.enrollment.LineIssuance.Answer;
import io.sallyport.enrollment.LineIssuance.Row;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Outage;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.BulkIssuance;
import io.sallyport.pki.BulkIssuance.BlockGuard;
import io.sallyport.pki.BulkIssuance.Outcome;
import io.sallyport.pki.BulkIssuance.Piece;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance.Order;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Answers some rows of a batch together: those that have their certificate, and those that get it now. Any thread. */
final class LineBlock {
  private static final Pattern KEY = Pattern.compile("[!-~]([ -~]{0,62}[!-~])?");
  /** What another request is just answering, or what another transaction was preferred to. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Semaphore places;
  private final Batches batches;
  private final Devices devices;
  private final BulkIssuance bulk;
  private final Credentials credentials;
  private final Allowances allowances;
  private final ProfiledNames names;
  private final Ids ids;
  private final Clock clock;
  private final Batch batch;
  private final @Nullable String station;
  private final Actor actor;
  private final Runnable standing;

  LineBlock(
      Semaphore places,
      Batches batches,
      Devices devices,
      BulkIssuance bulk,
      Credentials credentials,
      Allowances allowances,
      ProfiledNames names,
      Ids ids,
      Clock clock,
      Batch batch,
      @Nullable String station,
      Actor actor,
      Runnable standing) {
    this.places = places;
    this.batches = batches;
    this.devices = devices;
    this.bulk = bulk;
    this.credentials = credentials;
    this.allowances = allowances;
    this.names = names;
    this.ids = ids;
    this.clock = clock;
    this.batch = batch;
    this.station = station;
    this.actor = actor;
    this.standing = standing;
  }

  /** A row whose request was read. */
  private record Asked(Row row, CertificateRequest request) {
    Digest key() {
      return request.subjectPublicKeyInfo().digest();
    }
  }

  /** A row for which a certificate is to be made. */
  private record Wanted(Asked asked, Claim claim, Piece piece) {}

  /** Each row is answered once. */
  void answer(List<Row> rows, Consumer<Answer> answers) {
    List<Asked> left = new ArrayList<>();
    for (Row row : rows) {
      try {
        left.add(read(row));
      } catch (Refusal refusal) {
        answers.accept(new Answer.Refused(row.key(), refusal));
      }
    }
    long end = System.nanoTime() + LONGEST_WAIT.toNanos();
    boolean first = true;
    while (!left.isEmpty()) {
      if (!first) {
        LockSupport.parkNanos(PAUSE.toNanos());
      }
      first = false;
      left = once(left, answers, System.nanoTime() > end);
    }
  }

  private Asked read(Row row) {
    if (!KEY.matcher(row.key()).matches()) {
      throw new Refusal(
          BatchProblem.INVALID_ROW, "The key of a row has 1 to 64 printable ASCII characters.");
    }
    batches.requireFit(batch, row.serialNumber(), row.labels());
    return new Asked(row, CertificateRequest.read(row.request()));
  }

  /** Answers those that are not to be tried again. */
  private List<Asked> once(List<Asked> all, Consumer<Answer> answers, boolean last) {
    List<Asked> again = new ArrayList<>();
    Map<String, Asked> asked = new LinkedHashMap<>();
    for (Asked one : all) {
      if (asked.putIfAbsent(one.row.key(), one) != null) {
        again.add(one);
      }
    }
    Map<String, Answer> answered = new HashMap<>();
    try {
      together(asked, answered);
    } catch (RuntimeException failure) {
      if (!Outage.caused(failure) && !(failure instanceof Refusal)) {
        throw failure;
      }
      Refusal refusal = failure instanceof Refusal refused
          ? refused
          : new Refusal(
              CommonProblem.UNAVAILABLE,
              "The database cannot be reached at the moment; send the row again.");
      asked.keySet().forEach(key -> answered.putIfAbsent(key, new Answer.Refused(key, refusal)));
    }
    answered.forEach((key, answer) -> {
      Asked one = asked.get(key);
      if (!last && one != null && answer instanceof Answer.Refused refused && passes(refused)) {
        again.add(one);
      } else {
        answers.accept(answer);
      }
    });
    return again;
  }

  private static boolean passes(Answer.Refused refused) {
    // Issuance has a problem of this name too.
    String slug = refused.refusal().problem().slug();
    return slug.equals(BatchProblem.ROW_IN_PROGRESS.slug())
        || slug.equals(CommonProblem.UNAVAILABLE.slug());
  }

  private void together(Map<String, Asked> asked, Map<String, Answer> answered) {
    places.acquireUninterruptibly();
    try {
      standing.run();
      Map<String, Batches.Row> known = new HashMap<>(batches.rows(batch.id(), asked.keySet()));
      List<Row> fresh = asked.values().stream()
          .map(Asked::row)
          .filter(row -> !known.containsKey(row.key()))
          .toList();
      Map<String, Unit> units = fresh.isEmpty()
          ? Map.of()
          : batches.units(
              batch.manufacturer(), fresh.stream().map(Row::serialNumber).toList());
      if (units.values().stream().anyMatch(Unit::inUse)) {
        // By another stream, perhaps, for these very rows, between the two readings.
        known.putAll(batches.rows(batch.id(), fresh.stream().map(Row::key).toList()));
      }
      Map<String, CertificateProfile> profiles = new HashMap<>();
      Map<String, Wanted> wanted = new LinkedHashMap<>();
      asked.forEach((key, one) -> {
        try {
          Batches.Row row = known.get(key);
          if (row != null && row.givenUp()) {
            throw new Refusal(
                BatchProblem.ROW_GIVEN_UP,
                "The row was given up for good; another unit needs another row.");
          }
          if (row != null && row.certificate() != null) {
            answered.put(key, again(one, row, row.certificate()));
          } else {
            wanted.put(key, wanted(one, row, units, profiles));
          }
        } catch (Refusal refusal) {
          answered.put(key, new Answer.Refused(key, refusal));
        }
      });
      issue(List.copyOf(wanted.values()), answered);
    } finally {
      places.release();
    }
  }

  /** Law 2. It is handed out again after its first use too, for that makes no second one; never after its revocation. */
  private Answer again(Asked asked, Batches.Row row, Digest certificate) {
    requireSameSerial(asked, row);
    Optional<Credential> credential = Objects.equals(asked.key(), row.keyDigest())
        ? credentials.byThumbprint(certificate).filter(found -> found.revocation() == null)
        : Optional.empty();
    return new Answer.Issued(
        row.key(),
        true,
        row.device().id(),
        credential.orElseThrow(() -> new Refusal(
            BatchProblem.ROW_ISSUED,
            "The row has its certificate, on another key or revoked; a line gets no second one.")));
  }

  private static void requireSameSerial(Asked asked, Batches.Row row) {
    if (!row.device().hardware().serialNumber().equals(asked.row.serialNumber())) {
      throw new Refusal(
          BatchProblem.CLAIMED_BY_ANOTHER,
          "The row is for serial number " + row.device().hardware().serialNumber() + ".");
    }
  }

  private Wanted wanted(
      Asked asked,
      Batches.@Nullable Row row,
      Map<String, Unit> units,
      Map<String, CertificateProfile> profiles) {
    if (row != null) {
      requireSameSerial(asked, row);
      requireOfBatch(row.device());
    }
    Device device = row == null ? device(asked, units.get(asked.row.serialNumber())) : row.device();
    Claim claim = new Claim(asked.row.key(), device, row == null, asked.key());
    CertificateProfile profile = profiles.computeIfAbsent(
        device.profile(),
        any -> allowances.certificateProfile(device, batch.order().certificateProfile()));
    DeviceEnrollment.requireByAccount(profile);
    DeviceNames.requireOwn(
        asked.request, device, names.own(device, profile), AnnouncedRequest.constants(profile));
    ProfiledNames.Names named = names.of(device, profile, List.of());
    Order order = new Order(
        CertificateSubject.device(device.id()),
        profile,
        asked.request.subjectPublicKeyInfo(),
        Digest.of(("batch:" + batch.id() + ":" + asked.row.key()).getBytes(StandardCharsets.UTF_8)),
        false,
        named.distinguishedName(),
        named.alternatives(),
        named.mudUrl());
    return new Wanted(
        asked,
        claim,
        new Piece(order, List.of(new KeyClaim(device.hardware().id(), asked.key(), "ldevid"))));
  }

  /** Whoever claimed the device, or has it at another site, has nothing to do with this line. */
  private void requireOfBatch(Device device) {
    if (!device.owner().equals(batch.order().owner())
        || !device.site().equals(batch.order().site())) {
      throw new Refusal(
          BatchProblem.CLAIMED_BY_ANOTHER,
          "The row's device has another owner or site by now; it enrolls there, or the row is given up.");
    }
  }

  /** As it is to be registered. */
  private Device device(Asked asked, @Nullable Unit unit) {
    if (unit != null && (unit.inUse() || !unit.model().equals(batch.order().model()))) {
      throw new Refusal(
          BatchProblem.CLAIMED_BY_ANOTHER,
          unit.inUse()
              ? "Serial number " + asked.row.serialNumber()
                  + " has a device that is not this row's."
              : "Serial number " + asked.row.serialNumber() + " is recorded as model \""
                  + unit.model() + "\".");
    }
    return new Device(
        ids.next(),
        new HardwareUnit(
            unit == null ? ids.next() : unit.id(),
            batch.order().manufacturer(),
            batch.order().model(),
            asked.row.serialNumber()),
        batch.order().profile(),
        batch.order().owner(),
        batch.order().site(),
        asked.row.labels(),
        DeviceState.EXPECTED,
        0,
        clock.instant().truncatedTo(ChronoUnit.MICROS));
  }

  private void issue(List<Wanted> wanted, Map<String, Answer> answered) {
    if (wanted.isEmpty()) {
      return;
    }
    List<Outcome> outcomes =
        bulk.issue(batch.id(), wanted.stream().map(Wanted::piece).toList(), guard(wanted), actor);
    for (int i = 0; i < wanted.size(); i++) {
      String key = wanted.get(i).claim.key();
      answered.put(
          key,
          switch (outcomes.get(i)) {
            case Outcome.Issued issued ->
              new Answer.Issued(key, false, wanted.get(i).claim.device().id(), issued.credential());
            case Outcome.Refused refused -> new Answer.Refused(key, refused.refusal());
          });
    }
  }

  /** What it may have and what it is called was read before its row was locked. */
  private boolean isUnchanged(Device read) {
    Device now = devices.held(read);
    return now.profile().equals(read.profile())
        && now.owner().equals(read.owner())
        && now.site().equals(read.site())
        && now.labels().equals(read.labels());
  }

  private BlockGuard guard(List<Wanted> wanted) {
    return new BlockGuard() {
      @Override
      public Map<Integer, Refusal> prepare(UUID block, Map<Integer, Piece> asked) {
        Map<Integer, Refusal> refused = new HashMap<>();
        Map<String, Integer> places = new HashMap<>();
        List<Claim> claims = new ArrayList<>();
        asked.keySet().forEach(index -> {
          Claim claim = wanted.get(index).claim;
          if (claim.fresh() || isUnchanged(claim.device())) {
            claims.add(claim);
            places.put(claim.key(), index);
          } else {
            refused.put(
                index,
                new Refusal(
                    BatchProblem.ROW_IN_PROGRESS,
                    "The device was changed at this moment; send the row again."));
          }
        });
        batches
            .claim(batch.id(), block, claims, station, bulk::underWay, actor)
            .forEach((key, refusal) ->
                refused.put(Optional.ofNullable(places.get(key)).orElseThrow(), refusal));
        return refused;
      }

      @Override
      public void issued(UUID block, Map<Integer, Credential> issued) {
        Map<String, Digest> certificates = new HashMap<>();
        issued.forEach((index, credential) ->
            certificates.put(wanted.get(index).claim.key(), credential.thumbprint()));
        batches.issued(batch.id(), certificates);
      }
    };
  }
}
