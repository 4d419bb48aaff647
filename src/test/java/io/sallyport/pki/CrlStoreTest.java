package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.audit.JobLease;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.testing.TestPki;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.bouncycastle.asn1.ASN1Enumerated;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509CRLEntryHolder;
import org.bouncycastle.cert.X509CRLHolder;
import org.jspecify.annotations.Nullable;

/** What is in the table is in the lists, and nothing else; numbers only rise. */
class CrlStoreTest {
  private static final List<String> SCRIPTS = List.of(
      "V10__audit",
      "V130__job_leases",
      "V30__keys",
      "V40__pki",
      "V131__nodes",
      "V132__crl_listings",
      "V210__revocations",
      "V225__marks",
      "V240__list_addresses");
  private static final Instant NOW = Instant.parse("2031-05-06T07:08:09Z");
  private static final KeyPair KEY = TestPki.key();
  private static final KeyHandle HANDLE =
      new KeyHandle(new UUID(0, 1), KeyAlgorithm.EC_P256, Der.of(KEY.getPublic().getEncoded()));
  private static final int REMOVED = 8;
  private static final List<String> ADDRESSES = List.of("http://here");

  @SuppressWarnings("NullAway.Init")
  private static EmbeddedPostgres server;

  @SuppressWarnings("NullAway.Init")
  private static DataSource database;

  @SuppressWarnings("NullAway.Init")
  private static CrlStore store;

  @BeforeContainer
  static void startDatabase() throws Exception {
    Path folder = Files.createTempDirectory("crl-store");
    server =
        EmbeddedPostgres.builder().setOverrideWorkingDirectory(folder.toFile()).start();
    database = server.getPostgresDatabase();
    for (String name : SCRIPTS) {
      try (InputStream script = CrlStoreTest.class
          .getClassLoader()
          .getResourceAsStream("db/migration/" + name + ".sql")) {
        execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    execute("alter table authority drop constraint authority_signing_key_fkey");
    store = new CrlStore(database);
  }

  @AfterContainer
  static void stopDatabase() throws Exception {
    server.close();
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** An authority of one shard, with the model of its table and what was published. */
  private static final class Plant {
    final String authority = "a" + UUID.randomUUID().toString().substring(0, 8);
    final Map<BigInteger, Integer> model = new HashMap<>();
    final Map<BigInteger, UUID> ids = new HashMap<>();

    @Nullable
    X509CRLHolder base;

    long last;
    Instant now = NOW;

    Plant() throws SQLException {
      execute("insert into authority values ('" + authority + "', '" + authority + "', '"
          + UUID.randomUUID() + "', '\\x00', 0, now())");
      try (Connection connection = database.getConnection()) {
        store.found(connection, authority, 1);
      }
    }

    void issue(BigInteger serial, Instant notAfter) throws SQLException {
      UUID id = UUID.randomUUID();
      try (Connection connection = database.getConnection();
          PreparedStatement insert = connection.prepareStatement(
              "insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest,"
                  + " tbs_certificate, not_before, not_after, crl_shard, state, revocation_counter, prepared_at)"
                  + " values (?, ?, ?, 'DEVICE', 'd', 'p', '\\x00', '\\x00', now(), ?, 0, 'ISSUED', 0, now())")) {
        insert.setObject(1, id);
        insert.setString(2, authority);
        insert.setString(3, serial.toString(16));
        insert.setObject(4, notAfter.atOffset(ZoneOffset.UTC));
        insert.executeUpdate();
      }
      ids.put(serial, id);
    }

    void revoke(BigInteger serial, RevocationReason reason) throws SQLException {
      execute("update credential set state = 'REVOKED', revocation_reason = '" + reason
          + "', revoked_at = coalesce(revoked_at, '2031-01-02 03:04:05Z') where id = '"
          + ids.get(serial) + "'");
      model.put(serial, reason.code());
    }

    void release(BigInteger serial) throws SQLException {
      execute("update credential set state = 'ISSUED', revocation_reason = null, revoked_at = null"
          + " where id = '" + ids.get(serial) + "'");
      model.remove(serial);
    }

    CrlStore.Standing standing(Connection connection) throws SQLException {
      return store.standings(connection).stream()
          .filter(one -> one.authority().equals(authority))
          .findFirst()
          .orElseThrow();
    }

    /** Publishes and holds what comes out against the model. */
    void publish(boolean whole) throws Exception {
      now = now.plusSeconds(1);
      CrlStore.Draft draft;
      try (Connection connection = database.getConnection()) {
        connection.setAutoCommit(false);
        draft = store.draft(connection, standing(connection), whole);
        connection.commit();
        assertTrue(draft.number() > last, "numbers rise");
        last = draft.number();
        CrlEntries entries = draft.whole();
        CrlStore.Signed list = entries == null ? null : sign(draft, null, entries);
        CrlStore.Signed delta = sign(draft, draft.baseNumber(), draft.delta());
        X509CRLHolder former = base;
        store.publish(connection, draft, list, delta, ADDRESSES);
        connection.commit();
        if (list != null) {
          base = new X509CRLHolder(list.crl());
          assertEquals(model, entries(base));
        }
        X509CRLHolder follows = former == null || list == null ? base : former;
        Map<BigInteger, Integer> together = new HashMap<>(entries(follows));
        entries(new X509CRLHolder(delta.crl())).forEach((serial, reason) -> {
          if (reason == REMOVED) {
            together.remove(serial);
          } else {
            together.put(serial, reason);
          }
        });
        assertEquals(model, together, "list and delta");
      }
    }

    private CrlStore.Signed sign(
        CrlStore.Draft draft, @Nullable Long baseNumber, CrlEntries entries) throws Exception {
      CrlEncoding.Content content = new CrlEncoding.Content(
          new X500Name("CN=" + authority),
          new byte[] {1, 2, 3, 4},
          HANDLE,
          draft.number(),
          baseNumber,
          List.of("http://here/crl/0.crl"),
          baseNumber == null ? "http://here/crl/0-delta.crl" : null,
          now,
          now.plus(Duration.ofHours(1)));
      byte[] tbs = CrlEncoding.tbs(content, entries);
      var signer = TestPki.signer(KEY);
      signer.getOutputStream().write(tbs);
      byte[] list = CrlEncoding.list(content, tbs, signer.getSignature());
      X509CRLHolder read = new X509CRLHolder(list);
      assertEquals(entries.count(), read.getRevokedCertificates().size());
      assertEquals(now, read.getThisUpdate().toInstant());
      assertArrayEquals(
          list, read.toASN1Structure().getEncoded("DER"), "as Bouncy Castle would encode it");
      return new CrlStore.Signed(now, content.nextUpdate(), list);
    }
  }

  private static Map<BigInteger, Integer> entries(@Nullable X509CRLHolder list) {
    Map<BigInteger, Integer> entries = new HashMap<>();
    if (list != null) {
      for (Object one : list.getRevokedCertificates()) {
        X509CRLEntryHolder entry = (X509CRLEntryHolder) one;
        Extension reason = entry.getExtension(Extension.reasonCode);
        entries.put(
            entry.getSerialNumber(),
            reason == null
                ? 0
                : ASN1Enumerated.getInstance(reason.getParsedValue()).getValue().intValue());
      }
    }
    return entries;
  }

  @Property(tries = 15)
  void whatIsInTheTableIsInTheListsAndNothingElse(
      @ForAll long seed, @ForAll @IntRange(min = 5, max = 60) int acts) throws Exception {
    Random random = new Random(seed);
    Plant plant = new Plant();
    plant.publish(true);
    List<BigInteger> serials = new ArrayList<>();
    RevocationReason[] reasons = RevocationReason.values();
    for (int i = 0; i < acts; i++) {
      int act = random.nextInt(6);
      if (act <= 1 || serials.isEmpty()) {
        BigInteger serial = new BigInteger(1 + random.nextInt(136), random).add(BigInteger.ONE);
        if (!plant.ids.containsKey(serial)) {
          plant.issue(serial, NOW.plus(Duration.ofDays(90)));
          serials.add(serial);
        }
      } else if (act <= 3) {
        BigInteger serial = serials.get(random.nextInt(serials.size()));
        Integer known = plant.model.get(serial);
        if (known == null || known == RevocationReason.CERTIFICATE_HOLD.code()) {
          plant.revoke(serial, reasons[random.nextInt(reasons.length)]);
        }
      } else if (act == 4) {
        BigInteger serial = serials.get(random.nextInt(serials.size()));
        if (Integer.valueOf(RevocationReason.CERTIFICATE_HOLD.code())
            .equals(plant.model.get(serial))) {
          plant.release(serial);
        }
      } else {
        plant.publish(random.nextInt(3) == 0);
      }
    }
    plant.publish(false);
    plant.publish(true);
  }

  @Property(tries = 1)
  void anExpiredCertificateLeavesAfterOneMoreWholeList() throws Exception {
    Plant plant = new Plant();
    plant.publish(true);
    BigInteger serial = BigInteger.valueOf(0x80);
    plant.issue(serial, plant.now.plusSeconds(2));
    plant.revoke(serial, RevocationReason.SUPERSEDED);
    plant.publish(true);
    plant.now = plant.now.plusSeconds(60);
    plant.publish(true);
    assertEquals(1, entries(plant.base).size(), "it stood in one more");
    plant.now = plant.now.plusSeconds(60);
    plant.model.clear();
    plant.publish(true);
    plant.publish(false);
    try (Connection connection = database.getConnection();
        PreparedStatement left = connection.prepareStatement(
            "select count(*) from revocation where authority = '" + plant.authority + "'");
        ResultSet row = left.executeQuery()) {
      assertTrue(row.next());
      assertEquals(0, row.getInt(1), "what no list to come carries is not read for ever");
    }
  }

  @Property(tries = 1)
  void aListIsMovedWhenCertificatesCarryOtherAddressesAndByNothingElse() throws Exception {
    try (Connection connection = database.getConnection()) {
      store.use(ADDRESSES.getFirst(), Map.of());
      Plant plant = new Plant();
      plant.publish(true);
      assertFalse(plant.standing(connection).moved());

      store.use("http://elsewhere", Map.of(plant.authority, 3));

      assertTrue(plant.standing(connection).moved());
      assertEquals(List.of("http://elsewhere", "http://here"), store.addresses(connection));
      assertEquals(
          3,
          store.standings(connection).stream()
              .filter(one -> one.authority().equals(plant.authority))
              .count(),
          "shards that the job's node does not know of");
      assertEquals(
          new CertificateStatus.Lists(
              3, 1, plant.last, plant.now, plant.now.plus(Duration.ofHours(1))),
          store.lists().get(plant.authority),
          "two are missing");
      store.use(ADDRESSES.getFirst(), Map.of());
      assertEquals(List.of("http://here", "http://elsewhere"), store.addresses(connection));
    } finally {
      execute("delete from status_url");
    }
  }

  @Property(tries = 1)
  void parallelRevocationsAllComeIntoAListAndNumbersOnlyRise() throws Exception {
    Plant plant = new Plant();
    plant.publish(true);
    List<BigInteger> serials = new ArrayList<>();
    for (int i = 1; i <= 200; i++) {
      serials.add(BigInteger.valueOf(i));
      plant.issue(serials.getLast(), NOW.plus(Duration.ofDays(90)));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> running = new ArrayList<>();
      for (BigInteger serial : serials) {
        running.add(threads.submit(() -> {
          execute(
              "update credential set state = 'REVOKED', revocation_reason = 'SUPERSEDED', revoked_at = now()"
                  + " where id = '" + plant.ids.get(serial) + "'");
          return null;
        }));
      }
      long number = plant.last;
      while (running.stream().anyMatch(one -> !one.isDone())) {
        try (Connection connection = database.getConnection()) {
          connection.setAutoCommit(false);
          CrlStore.Draft draft = store.draft(connection, plant.standing(connection), false);
          store.publish(
              connection,
              draft,
              null,
              plant.sign(draft, draft.baseNumber(), draft.delta()),
              ADDRESSES);
          connection.commit();
          assertTrue(draft.number() > number);
          number = draft.number();
        }
      }
      for (Future<?> one : running) {
        one.get();
      }
      plant.last = number;
    }
    serials.forEach(serial -> plant.model.put(serial, RevocationReason.SUPERSEDED.code()));
    plant.publish(false);
    plant.publish(true);
    try (Connection connection = database.getConnection()) {
      assertTrue(
          !plant.standing(connection).unlisted() && !plant.standing(connection).cutOff());
    }
  }

  @Property(tries = 1)
  void aFormerHolderThatWasOnlyPausedPublishesNothingAndAnOldNumberReplacesNone() throws Exception {
    Plant plant = new Plant();
    plant.publish(true);
    try (JobLease former = new JobLease(database, "crl-" + plant.authority, "former");
        JobLease next = new JobLease(database, "crl-" + plant.authority, "next")) {
      assertTrue(former.take());
      List<CrlStore.Draft> drafts = new ArrayList<>();
      former.write((transaction, mark) -> {
        drafts.add(store.draft(transaction, plant.standing(transaction), true));
        return mark + 1;
      });
      CrlStore.Draft old = drafts.getFirst();
      CrlStore.Signed list = plant.sign(old, null, Objects.requireNonNull(old.whole()));
      try (Statement statement = former.connection().createStatement()) {
        statement.execute("select pg_advisory_unlock_all()");
      }
      assertTrue(next.take());
      assertThrows(
          JobLease.LostLeaseException.class,
          () -> former.write((transaction, mark) -> {
            store.publish(transaction, old, list, list, ADDRESSES);
            return mark;
          }));
      try (Connection connection = database.getConnection()) {
        assertTrue(plant.standing(connection).cutOff(), "the next holder sees that it is owed");
      }
      plant.publish(true);
      assertTrue(plant.last > old.number());
      try (Connection connection = database.getConnection()) {
        connection.setAutoCommit(false);
        assertThrows(
            IllegalStateException.class,
            () -> store.publish(connection, old, list, list, ADDRESSES));
        connection.rollback();
      }
    }
  }
}
