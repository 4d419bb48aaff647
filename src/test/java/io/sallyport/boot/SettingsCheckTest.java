package io.sallyport.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsCheckTest {
  @Test
  void nothingSetIsFine() {
    assertEquals(List.of(), SettingsCheck.faults(name -> null));
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "log.format, json",
    "log.format, text",
    "log.access, true",
    "traces.endpoint, http://collector:4318",
    "traces.endpoint, https://collector.example/otlp/v1/traces",
    "traces.ratio, 0.25",
    "decision.log-permits, 0.01",
    "decision.log-overflow, block",
    "decision.log-wait, PT1S",
    "decision.spill-megabytes, 64",
    "status.crl-validity, PT2H",
    "status.ocsp-validity, 90s",
    "status.crl-shards, 64",
    "status.url, http://status.plant.example",
    "grants.issuer, https://sallyport.plant.example:8443",
    "decision.confirm-within, PT1S",
    "feed.heartbeat-every, PT5S",
    "radius.interim, PT24H",
    "radius.longest-session, PT8H",
    "radius.quarantine-session, PT1S",
    "audit.checkpoint-file, /mnt/kept/checkpoints",
    "audit.deliver-every, PT1M",
    "marks.clock-tolerance, PT5M",
    "marks.required, true",
    "root, offline",
    "db-url, jdbc:postgresql://h/d?sslmode=verify-full",
    "admin-token, 0123456789abcdef0123456789abcdef"
  })
  void whatMeansSomethingIsTaken(String name, String value) {
    assertEquals(List.of(), SettingsCheck.faults(Map.of(name, value)::get));
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "log.format, xml, SALLYPORT_LOG_FORMAT must be json or text",
    "log.access, maybe, SALLYPORT_LOG_ACCESS must be false or true",
    "traces.endpoint, collector:4318, SALLYPORT_TRACES_ENDPOINT must be a URL",
    "traces.endpoint, http://user:pass@collector, SALLYPORT_TRACES_ENDPOINT must be a URL",
    "traces.endpoint, grpc://collector:4317, SALLYPORT_TRACES_ENDPOINT must be a URL with http or https",
    "traces.ratio, 1.5, SALLYPORT_TRACES_RATIO must be a number from 0 to 1",
    "decision.log-overflow, wait, SALLYPORT_DECISION_LOG_OVERFLOW must be block or drop or spill",
    "decision.log-wait, PT1M, SALLYPORT_DECISION_LOG_WAIT must lie between",
    "decision.spill-megabytes, 0, SALLYPORT_DECISION_SPILL_MEGABYTES must be a whole number from 1",
    "decision.log-permits, 2, SALLYPORT_DECISION_LOG_PERMITS must be a number from 0 to 1",
    "traces.ratio, NaN, SALLYPORT_TRACES_RATIO must be a number from 0 to 1",
    "status.crl-validity, soon, SALLYPORT_STATUS_CRL_VALIDITY must be a duration",
    "status.crl-validity, PT1S, SALLYPORT_STATUS_CRL_VALIDITY must lie between",
    "audit.origin, plant.example/log/after-loss-2, SALLYPORT_AUDIT_ORIGIN is the name that the log began with",
    "marks.required, yes, SALLYPORT_MARKS_REQUIRED must be false or true",
    "marks.clock-tolerance, P1D, SALLYPORT_MARKS_CLOCK_TOLERANCE must lie between",
    "status.crl-shards, 0, SALLYPORT_STATUS_CRL_SHARDS must be a whole number from 1 to 4096",
    "status.crl-shards, many, SALLYPORT_STATUS_CRL_SHARDS must be a whole number from 1 to 4096",
    "status.ocsp-validity, P30D, SALLYPORT_STATUS_OCSP_VALIDITY must lie between",
    "attestation.challenge-lifetime, PT2H, SALLYPORT_ATTESTATION_CHALLENGE_LIFETIME must lie between",
    "feed.heartbeat-every, PT6S, SALLYPORT_FEED_HEARTBEAT_EVERY must lie between",
    "radius.interim, PT59S, SALLYPORT_RADIUS_INTERIM must lie between PT1M and PT24H",
    "radius.interim, PT25H, SALLYPORT_RADIUS_INTERIM must lie between PT1M and PT24H",
    "radius.longest-session, P400D, SALLYPORT_RADIUS_LONGEST_SESSION must lie between",
    "radius.quarantine-session, PT0S, SALLYPORT_RADIUS_QUARANTINE_SESSION must lie between",
    "grants.issuer, http://sallyport.example, SALLYPORT_GRANTS_ISSUER must be a URL with https",
    "status.url, http://status.example/, SALLYPORT_STATUS_URL must be a URL",
    "door.failed-authentications-per-minute, 0, SALLYPORT_DOOR_FAILED_AUTHENTICATIONS_PER_MINUTE must be a number",
    "audit.deliver-every, PT0S, SALLYPORT_AUDIT_DELIVER_EVERY must lie between",
    "audit.checkpoint-file, kept, SALLYPORT_AUDIT_CHECKPOINT_FILE must be an absolute path",
    "pki.key-blocklists, kept, SALLYPORT_PKI_KEY_BLOCKLISTS must be absolute paths",
    "pki.key-blocklists, /nowhere/at/all, SALLYPORT_PKI_KEY_BLOCKLISTS names a file that cannot be read",
    "audit.witness-url, https://witness.example, SALLYPORT_AUDIT_WITNESS_URL and SALLYPORT_AUDIT_WITNESS_KEY belong",
    "audit.store.bucket, Not/A/Bucket, SALLYPORT_AUDIT_STORE_BUCKET must be the name of a bucket",
    "audit.store.prefix, a b, SALLYPORT_AUDIT_STORE_PREFIX must have letters",
    "audit.store.endpoint, s3.example, SALLYPORT_AUDIT_STORE_ENDPOINT must be a URL",
    "audit.store.secret-key, s, SALLYPORT_AUDIT_STORE_ACCESS_KEY_ID and SALLYPORT_AUDIT_STORE_SECRET_KEY belong",
    "audit.store.least-retention, PT1H, SALLYPORT_AUDIT_STORE_LEAST_RETENTION must lie between",
    "root, elsewhere, SALLYPORT_ROOT must be here or offline",
    "db-url, jdbc:mysql://h/d, SALLYPORT_DB_URL must begin with jdbc:postgresql:"
  })
  void whatMeansNothingIsToldInOneSentence(String name, String value, String sentence) {
    List<String> faults = SettingsCheck.faults(Map.of(name, value)::get);

    assertEquals(1, faults.size(), faults.toString());
    assertTrue(faults.getFirst().startsWith(sentence), faults.getFirst());
  }

  @Test
  void tokensThatFitTogetherAreTaken() {
    assertEquals(
        List.of(),
        SettingsCheck.faults(Map.of(
            "pkcs11.library", "/usr/lib/softhsm/libsofthsm2.so",
            "pkcs11.tokens", "plant,slot:12",
            "pkcs11.pin-file", "pin",
            "pkcs11.purposes", "authority,authority:root@slot:12,ocsp@plant")::get));
  }

  @ParameterizedTest(name = "{0} / {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "plant,|authority|SALLYPORT_PKCS11_TOKENS must be labels",
        "plant@home|authority|SALLYPORT_PKCS11_TOKENS must be labels",
        "plant|authority@office|SALLYPORT_PKCS11_PURPOSES names a token",
        "plant|log|SALLYPORT_PKCS11_PURPOSES cannot name log",
        "plant|server@plant|SALLYPORT_PKCS11_PURPOSES cannot name server",
        "plant|everything|SALLYPORT_PKCS11_PURPOSES must name some of"
      })
  void tokensThatDoNotAreTold(String tokens, String purposes, String sentence) {
    List<String> faults = SettingsCheck.faults(Map.of(
        "pkcs11.library",
        "l",
        "pkcs11.pin-file",
        "p",
        "pkcs11.tokens",
        tokens,
        "pkcs11.purposes",
        purposes)::get);

    assertEquals(1, faults.size(), faults.toString());
    assertTrue(faults.getFirst().startsWith(sentence), faults.getFirst());
  }

  @Test
  void tokensWithoutTheirOtherSettingsAreTold() {
    assertEquals(2, SettingsCheck.faults(Map.of("pkcs11.library", "l")::get).size());
    assertEquals(1, SettingsCheck.faults(Map.of("pkcs11.pin-file", "p")::get).size());
  }

  @Test
  void aWitnessNeedsAKeyForCosignatures() {
    String url = "https://witness.example/log";
    String logKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    List<String> faults =
        SettingsCheck.faults(Map.of("audit.witness-url", url, "audit.witness-key", logKey)::get);
    assertEquals(1, faults.size(), faults.toString());
    assertTrue(faults.getFirst().contains("type 4"), faults.getFirst());
  }

  @Test
  void allFaultsAreToldAtOnce() {
    List<String> faults = SettingsCheck.faults(Map.of(
        "log.format", "xml",
        "traces.ratio", "2",
        "master-key", "a",
        "master-key-file", "b",
        "db-url", "jdbc:postgresql://h/d?user=u&password=geheim",
        "admin-token", "geheim")::get);

    assertEquals(5, faults.size(), faults.toString());
    assertFalse(faults.toString().contains("geheim"), faults.toString());
  }

  @Test
  void aValueCannotForgeALine() {
    String fault =
        SettingsCheck.faults(Map.of("log.format", "x\nSallyport is ready")::get).getFirst();

    assertEquals(1, fault.lines().count());
  }

  @Test
  void theReportLeavesSecretsOut() {
    for (String secret :
        List.of("admin-token", "db-password", "master-key", "oidc.client-secret")) {
      assertTrue(SettingsReport.isSecret("sallyport." + secret), secret);
    }
    assertFalse(SettingsReport.isSecret("sallyport.master-key-file"));
    assertEquals(
        "jdbc:postgresql://…@h:5432/d?…",
        SettingsReport.clean("jdbc:postgresql://u:p@h:5432/d?user=u&password=p"));
    assertEquals("https://localhost:8443", SettingsReport.clean("https://localhost:8443"));
  }
}
