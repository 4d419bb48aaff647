package io.sallyport.pki;

import io.sallyport.pki.CrlStore.Listed;
import io.sallyport.pki.CrlStore.Standing;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;

/** Whether whoever relies on a certificate learns in time that it was revoked. */
@Singleton
final class StatusHealth implements HealthCheck {
  private static final Set<String> OWN_MACHINE =
      Set.of("localhost", "127.0.0.1", "[::1]", "0.0.0.0");

  private final CrlStore crls;
  private final StatusSettings settings;
  private final DataSource database;
  private final Clock clock;

  StatusHealth(CrlStore crls, StatusSettings settings, DataSource database, Clock clock) {
    this.crls = crls;
    this.settings = settings;
    this.database = database;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "status";
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    findings.add(address());
    Map<String, Oldest> oldest = new TreeMap<>();
    try (Connection connection = database.getConnection()) {
      for (Standing standing : crls.standings(connection)) {
        oldest.computeIfAbsent(standing.authority(), any -> new Oldest()).add(standing);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the lists cannot be read", e);
    }
    oldest.forEach((authority, lists) -> findings.add(lists.finding(authority)));
    return findings;
  }

  /** Fixed into every certificate, so that it is worth a look before the first device has one. */
  private Finding address() {
    String host = URI.create(settings.url()).getHost();
    return host == null || OWN_MACHINE.contains(host)
        ? new Finding(
            name(),
            Level.WARNING,
            "address",
            "Certificates say that their status is at " + settings.url()
                + ", which nobody else can reach.",
            "Set SALLYPORT_STATUS_URL to an address that every relying party reaches; certificates"
                + " that are issued already keep the old one.")
        : Finding.good(name(), "address", "Certificates point at " + settings.url() + ".");
  }

  /** Lists are made anew after half their validity; a quarter more is for a node that was slow. */
  static Level level(Duration age, Duration validity) {
    if (age.compareTo(validity) > 0) {
      return Level.FAULT;
    }
    return age.compareTo(validity.multipliedBy(3).dividedBy(4)) > 0 ? Level.WARNING : Level.GOOD;
  }

  /** The oldest list of an authority. */
  private final class Oldest {
    private int lists;
    private int missing;
    private Instant thisUpdate = Instant.MAX;

    void add(Standing standing) {
      lists++;
      Listed base = standing.base();
      if (base == null) {
        missing++;
      } else if (base.thisUpdate().isBefore(thisUpdate)) {
        thisUpdate = base.thisUpdate();
      }
    }

    Finding finding(String authority) {
      if (missing > 0) {
        return new Finding(
            name(),
            Level.FAULT,
            authority,
            missing + " of its " + lists + " revocation lists were never published.",
            "A node must do the job 'crl': look at the metric sallyport_job_held and at the log.");
      }
      Duration age = Duration.between(thisUpdate, clock.instant());
      String sentence = lists + " revocation lists, the oldest made " + age.toSeconds() + " s ago.";
      Level level = level(age, settings.crlValidity());
      if (level == Level.FAULT) {
        return new Finding(
            name(),
            Level.FAULT,
            authority,
            sentence + " It has run out.",
            "Relying parties refuse its certificates, or take revoked ones. A node must do the job"
                + " 'crl': look at the metric sallyport_job_held and at the log.");
      }
      if (level == Level.WARNING) {
        return new Finding(
            name(),
            Level.WARNING,
            authority,
            sentence + " A new one is overdue.",
            "Lists are made anew after half their validity; look at the log for the job 'crl'.");
      }
      return Finding.good(name(), authority, sentence);
    }
  }
}
