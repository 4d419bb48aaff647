package io.sallyport.pki;

import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/** Whether what was issued is in order: nothing left half made, devices renew, the server's own certificates last. */
@Singleton
final class IssuedHealth implements HealthCheck {
  private static final Duration LONGEST_UNFINISHED = Duration.ofMinutes(5);
  /** Of a certificate's life: what is left when its renewal is overdue; it is due when a third is left. */
  private static final int OVERDUE = 6;

  private static final int MOST = 1000;
  private static final String UNFINISHED =
      "select (select count(*) from credential where state = 'PREPARED' and prepared_at < at)"
          + " + (select count(*) from issuance_prepared where prepared_at < at)"
          + " + (select coalesce(sum(cardinality(ids)), 0) from issuance_block where prepared_at < at)"
          + " from (select ?::timestamptz as at) as asked";

  private final EndingCertificates endings;
  private final Credentials credentials;
  private final DataSource database;
  private final Clock clock;

  IssuedHealth(
      EndingCertificates endings, Credentials credentials, DataSource database, Clock clock) {
    this.endings = endings;
    this.credentials = credentials;
    this.database = database;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "issued";
  }

  @Override
  public List<Finding> look() {
    Instant now = clock.instant();
    List<Finding> findings = new ArrayList<>();
    long unfinished = unfinished(now.minus(LONGEST_UNFINISHED));
    findings.add(
        unfinished == 0
            ? Finding.good(name(), "serials", "None is left unfinished.")
            : new Finding(
                name(),
                Level.WARNING,
                "serials",
                unfinished + " serials were prepared more than " + LONGEST_UNFINISHED.toMinutes()
                    + " minutes ago and never finished.",
                "They are closed and published revoked twice a minute; when they stay, the log says"
                    + " why that fails."));
    findings.add(renewals(now));
    credentials.live(CertificateSubject.Kind.SERVER).forEach(server -> {
      if (overdue(server, now)) {
        findings.add(new Finding(
            name(),
            Level.WARNING,
            "server",
            "A server certificate ends on " + server.notAfter() + " and was not renewed.",
            "Servers renew their own. One that is gone for good needs none; otherwise look at"
                + " its log."));
      }
    });
    return findings;
  }

  private Finding renewals(Instant now) {
    List<Credential> soonest = endings.soonest(Set.of(), MOST);
    long late = soonest.stream().filter(one -> overdue(one, now)).count();
    if (late == 0) {
      return Finding.good(name(), "renewals", "No device is late with its renewal.");
    }
    return new Finding(
        name(),
        Level.WARNING,
        "renewals",
        (late == MOST ? MOST + " devices or more have" : late + " devices have")
            + " not renewed a certificate of which a sixth is left; the first ends on "
            + soonest.getFirst().notAfter() + ".",
        "The overview shows which. Are they switched off, or cannot they reach this server?");
  }

  private static boolean overdue(Credential credential, Instant now) {
    Duration life = Duration.between(credential.notBefore(), credential.notAfter());
    return Duration.between(now, credential.notAfter()).compareTo(life.dividedBy(OVERDUE)) < 0;
  }

  private long unfinished(Instant before) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(UNFINISHED)) {
      query.setObject(1, before.atOffset(ZoneOffset.UTC));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the serials cannot be read", e);
    }
  }
}
