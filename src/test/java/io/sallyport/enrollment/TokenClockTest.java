package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.Audit;
import io.sallyport.decision.DrivenClock;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Manufacturers;
import io.sallyport.enrollment.EnrollmentTokens.Coverage;
import io.sallyport.enrollment.EnrollmentTokens.Minted;
import io.sallyport.enrollment.TokenTable.Use;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.PkiProblem;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tokens under a server's clock that is an hour off, and set right afterwards. */
@QuarkusTest
class TokenClockTest extends ServerTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static @Nullable Plant opened;
  private static int units;

  @Inject
  EntityManager entities;

  @Inject
  DataSource database;

  @Inject
  TransactionSynchronizationRegistry transaction;

  @Inject
  Devices devices;

  @Inject
  Manufacturers manufacturers;

  @Inject
  CertificateProfiles profiles;

  @Inject
  Audit audit;

  @Inject
  Ids ids;

  private final DrivenClock clock = new DrivenClock(Instant.parse("2026-05-01T12:00:00Z"));

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private StoredTokens tokens;

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private TokenUses uses;

  /** Set before each test. */
  @SuppressWarnings("NullAway.Init")
  private UUID device;

  @BeforeEach
  void register() {
    if (opened == null) {
      opened = Plant.open(wire, "token-clock");
    }
    tokens =
        new StoredTokens(entities, database, devices, manufacturers, profiles, audit, ids, clock);
    uses = new TokenUses(database, transaction, audit, clock);
    device = UUID.fromString(opened.registered("TC-" + units++).id());
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
  }

  @Test
  void anHourAheadATokenOfAnHourIsGoodForNothing() {
    Minted token = mint(HOUR);
    clock.advance(HOUR);

    assertEquals(EnrollmentProblem.WRONG_TOKEN, refusal(() -> check(token)));
    assertEquals(EnrollmentProblem.WRONG_TOKEN, refusal(() -> consume(token, "one")));
    // Nothing was spent: with the clock set right it is as good as it was.
    clock.advance(HOUR.negated());
    check(token);
    consume(token, "one");
  }

  @Test
  void mintedAnHourAheadItLivesLongerAndIsStillGoodOnce() {
    clock.advance(HOUR);
    Minted token = mint(HOUR);
    clock.advance(HOUR.negated());

    clock.advance(HOUR.plusMinutes(59));
    check(token);
    consume(token, "one");
    assertEquals(PkiProblem.AUTHENTICATION_SPENT, refusal(() -> consume(token, "other")));
  }

  @Test
  void mintedAnHourBehindItEndsAnHourSooner() {
    clock.advance(HOUR.negated());
    Minted token = mint(HOUR);
    clock.advance(HOUR);

    assertEquals(EnrollmentProblem.WRONG_TOKEN, refusal(() -> check(token)));
  }

  /** A device that lost its answer gets it, however the clock was set meanwhile; nobody else does. */
  @Test
  void whatWasConsumedStaysConsumedWhereverTheClockGoes() {
    Minted token = mint(HOUR);
    consume(token, "one");
    for (Duration step : new Duration[] {HOUR.negated(), HOUR.multipliedBy(2), HOUR}) {
      clock.advance(step);
      assertDoesNotThrow(() -> consume(token, "one"));
      assertEquals(PkiProblem.AUTHENTICATION_SPENT, refusal(() -> consume(token, "other")));
    }
  }

  private Minted mint(Duration lifetime) {
    return QuarkusTransaction.requiringNew()
        .call(() -> tokens.create(Coverage.of(device), 1, lifetime, Actor.SERVER));
  }

  private void check(Minted token) {
    QuarkusTransaction.requiringNew().run(() -> tokens.check(token.secret()));
  }

  private void consume(Minted token, String request) {
    QuarkusTransaction.requiringNew()
        .run(() -> uses.count(new Use(
            token.token().id(),
            Digest.of((device + request).getBytes(StandardCharsets.UTF_8)).hex(),
            device)));
  }

  private static Object refusal(Runnable act) {
    return assertThrows(Refusal.class, act::run).problem();
  }
}
