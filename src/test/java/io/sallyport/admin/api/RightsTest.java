package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Person;
import io.sallyport.testing.ServerTest;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Every operation of the description, asked by nobody, by somebody without a role, and by each role. */
@QuarkusTest
class RightsTest extends ServerTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  private static final Set<String> EVERYBODY = Set.of(
      "authority-administrator", "fleet-operator", "line-operator", "policy-author", "auditor");
  private static final Set<String> LOG_READERS = Set.of("auditor", "authority-administrator");
  private static final Set<String> REGISTRARS = Set.of("fleet-operator", "line-operator");
  private static final Set<String> FLEET = Set.of("fleet-operator");
  private static final Set<String> AUTHORITY = Set.of("authority-administrator");
  private static final Set<String> AUTHORS = Set.of("policy-author");
  private static final Set<String> SIGNALLERS = Set.of("fleet-operator", "signal-source");
  private static final Set<String> ADMINISTRATORS_ONLY = Set.of();

  /** Whoever adds an operation says here who may use it besides administrators; see admin.Rights. */
  private static final Map<String, Set<String>> ALLOWED = Map.ofEntries(
      Map.entry("addEnforcementPoint", FLEET),
      Map.entry("addManufacturer", AUTHORITY),
      Map.entry("addRegistrationAuthority", AUTHORITY),
      Map.entry("addOperator", ADMINISTRATORS_ONLY),
      Map.entry("admitServiceClient", FLEET),
      Map.entry("allowRenewal", FLEET),
      Map.entry("applyPolicy", AUTHORS),
      Map.entry("applyPolicies", AUTHORS),
      Map.entry("rollBackPolicies", AUTHORS),
      Map.entry("planPolicies", AUTHORS),
      Map.entry("replayPolicies", AUTHORS),
      Map.entry("getPolicyCoverage", EVERYBODY),
      Map.entry("analyzePolicies", EVERYBODY),
      Map.entry("listReach", EVERYBODY),
      Map.entry("listDecisions", EVERYBODY),
      Map.entry("getDecision", EVERYBODY),
      Map.entry("beginCanary", AUTHORS),
      Map.entry("getCanary", EVERYBODY),
      Map.entry("promoteCanary", AUTHORS),
      Map.entry("abandonCanary", AUTHORS),
      Map.entry("listObservations", EVERYBODY),
      Map.entry("listMissedObservations", EVERYBODY),
      Map.entry("proposePolicy", EVERYBODY),
      Map.entry("forgetObservations", AUTHORS),
      Map.entry("importMud", AUTHORS),
      Map.entry("exportMud", EVERYBODY),
      Map.entry("listPolicyActs", EVERYBODY),
      Map.entry("getPolicyAct", EVERYBODY),
      Map.entry("getPolicySet", EVERYBODY),
      Map.entry("getPolicyVersion", EVERYBODY),
      Map.entry("applyProfile", AUTHORS),
      Map.entry("applyRealm", ADMINISTRATORS_ONLY),
      Map.entry("applyCertificateProfile", AUTHORITY),
      Map.entry("applyTpmRoot", AUTHORITY),
      Map.entry("approveEnrollmentRequest", FLEET),
      Map.entry("bindDeviceAddress", FLEET),
      Map.entry("setListSources", AUTHORITY),
      Map.entry("getListSources", EVERYBODY),
      Map.entry("listDecryptionKeys", EVERYBODY),
      Map.entry("putDecryptionKey", REGISTRARS),
      Map.entry("removeDecryptionKey", REGISTRARS),
      Map.entry("issueVoucher", FLEET),
      Map.entry("listVouchers", EVERYBODY),
      Map.entry("getVoucher", EVERYBODY),
      Map.entry("getVoucherArtifact", EVERYBODY),
      Map.entry("checkVoucher", EVERYBODY),
      Map.entry("addStation", FLEET),
      Map.entry("listStations", EVERYBODY),
      Map.entry("removeStation", FLEET),
      Map.entry("closeBatch", REGISTRARS),
      Map.entry("createBatch", REGISTRARS),
      Map.entry("followBatch", EVERYBODY),
      Map.entry("listBatchRefusals", EVERYBODY),
      Map.entry("reopenBatchRow", REGISTRARS),
      Map.entry("giveUpBatchRow", REGISTRARS),
      Map.entry("getBatch", EVERYBODY),
      Map.entry("getBatchManifest", EVERYBODY),
      Map.entry("getBatchManifestSignature", EVERYBODY),
      Map.entry("importBatch", REGISTRARS),
      Map.entry("issueBatch", REGISTRARS),
      Map.entry("listBatches", EVERYBODY),
      Map.entry("listBatchRows", EVERYBODY),
      Map.entry("bringLostFacts", AUTHORITY),
      Map.entry("changeDevice", FLEET),
      Map.entry("changeEnforcementPoint", FLEET),
      Map.entry("changeOperator", ADMINISTRATORS_ONLY),
      Map.entry("certifyAuthority", AUTHORITY),
      Map.entry("createAcmeBinding", REGISTRARS),
      Map.entry("createAuthority", AUTHORITY),
      Map.entry("createConsoleLink", ADMINISTRATORS_ONLY),
      Map.entry("createEnrollmentToken", REGISTRARS),
      Map.entry("decommissionDevice", FLEET),
      Map.entry("disableServiceClient", FLEET),
      Map.entry("explainPolicy", EVERYBODY),
      Map.entry("getAuthority", EVERYBODY),
      Map.entry("getAuthorityReport", EVERYBODY),
      Map.entry("getCertificate", EVERYBODY),
      Map.entry("getCertificateProfile", EVERYBODY),
      Map.entry("getCheckpointNote", EVERYBODY),
      Map.entry("getDecommission", EVERYBODY),
      Map.entry("getDevice", EVERYBODY),
      Map.entry("getEnforcementPoint", EVERYBODY),
      Map.entry("getLatestCheckpoint", EVERYBODY),
      Map.entry("getLogEntries", LOG_READERS),
      Map.entry("getReconciliation", EVERYBODY),
      Map.entry("forgetLostFacts", AUTHORITY),
      Map.entry("reconcile", AUTHORITY),
      Map.entry("getLogKey", EVERYBODY),
      Map.entry("getLogTile", LOG_READERS),
      Map.entry("getManufacturer", EVERYBODY),
      Map.entry("getMasterKeys", LOG_READERS),
      Map.entry("getGrantKeys", LOG_READERS),
      Map.entry("rotateGrantKey", AUTHORITY),
      Map.entry("getOperator", ADMINISTRATORS_ONLY),
      Map.entry("getPkiHealth", EVERYBODY),
      Map.entry("getPolicy", EVERYBODY),
      Map.entry("getProfile", EVERYBODY),
      Map.entry("getRetention", LOG_READERS),
      Map.entry("getStatus", EVERYBODY),
      Map.entry("getTpmRoot", EVERYBODY),
      Map.entry("holdRetention", AUTHORITY),
      Map.entry("liftRetention", AUTHORITY),
      Map.entry("listAcmeAccounts", EVERYBODY),
      Map.entry("listAcmeBindings", EVERYBODY),
      Map.entry("listAuthorities", EVERYBODY),
      Map.entry("listCertificateProfiles", EVERYBODY),
      Map.entry("listCertificates", EVERYBODY),
      Map.entry("listCheckpointDeliveries", EVERYBODY),
      Map.entry("listCheckpoints", EVERYBODY),
      Map.entry("listDeviceAddresses", EVERYBODY),
      Map.entry("listDeviceEnforcements", EVERYBODY),
      Map.entry("listDeviceSessions", EVERYBODY),
      Map.entry("listDevices", EVERYBODY),
      Map.entry("listEnforcementPoints", EVERYBODY),
      Map.entry("listEnrollmentRequests", EVERYBODY),
      Map.entry("listEnrollmentTokens", EVERYBODY),
      Map.entry("listFacts", LOG_READERS),
      Map.entry("listKeys", LOG_READERS),
      Map.entry("listLeaves", LOG_READERS),
      Map.entry("listManufacturers", EVERYBODY),
      Map.entry("listOperators", ADMINISTRATORS_ONLY),
      Map.entry("listPolicies", EVERYBODY),
      Map.entry("listProfiles", EVERYBODY),
      Map.entry("listRegistrationAuthorities", EVERYBODY),
      Map.entry("listSignals", EVERYBODY),
      Map.entry("listTpmRoots", EVERYBODY),
      Map.entry("planRetention", LOG_READERS),
      Map.entry("proveConsistency", LOG_READERS),
      Map.entry("proveInclusion", LOG_READERS),
      Map.entry("quarantineDevice", FLEET),
      Map.entry("registerDevice", REGISTRARS),
      Map.entry("rejectEnrollmentRequest", FLEET),
      Map.entry("releaseCertificate", AUTHORITY),
      Map.entry("releaseDevice", FLEET),
      Map.entry("removeCertificateProfile", AUTHORITY),
      Map.entry("removeEnforcementPoint", FLEET),
      Map.entry("removeOperator", ADMINISTRATORS_ONLY),
      Map.entry("removePolicy", AUTHORS),
      Map.entry("removeRegistrationAuthority", AUTHORITY),
      Map.entry("removeTpmRoot", AUTHORITY),
      Map.entry("getReplacement", EVERYBODY),
      Map.entry("startRenewalCampaign", AUTHORITY),
      Map.entry("listRenewalCampaigns", EVERYBODY),
      Map.entry("endRenewalCampaign", AUTHORITY),
      Map.entry("remanufactureDevice", REGISTRARS),
      Map.entry("replaceDevice", REGISTRARS),
      Map.entry("renewOperatorToken", ADMINISTRATORS_ONLY),
      Map.entry("revokeAcmeAccount", FLEET),
      Map.entry("revokeAuthority", AUTHORITY),
      Map.entry("revokeCertificate", AUTHORITY),
      Map.entry("rotateMasterKey", AUTHORITY),
      Map.entry("rotateServiceClient", FLEET),
      Map.entry("sendSignal", SIGNALLERS),
      Map.entry("succeedAuthority", AUTHORITY),
      Map.entry("suspendDevice", FLEET),
      Map.entry("takeAuthorityList", AUTHORITY),
      Map.entry("withdrawDeviceAddress", FLEET),
      Map.entry("addTrustAnchor", AUTHORITY),
      Map.entry("changeTrustAnchor", AUTHORITY),
      Map.entry("removeTrustAnchor", AUTHORITY),
      Map.entry("takeManufacturerList", AUTHORITY),
      Map.entry("distrustTrustAnchor", AUTHORITY),
      Map.entry("listAdmissions", EVERYBODY),
      Map.entry("listFirstContacts", EVERYBODY),
      Map.entry("approveFirstContact", FLEET),
      Map.entry("rejectFirstContact", FLEET),
      Map.entry("getFirstContactPolicy", EVERYBODY),
      Map.entry("setFirstContactPolicy", AUTHORITY),
      Map.entry("listAllowedUnits", EVERYBODY),
      Map.entry("allowUnits", REGISTRARS),
      Map.entry("disallowUnit", REGISTRARS),
      Map.entry("releaseOwnership", FLEET),
      Map.entry("keepOwnership", FLEET),
      Map.entry("getOwnership", EVERYBODY),
      Map.entry("claimOwnership", REGISTRARS),
      Map.entry("withdrawEnrollmentToken", REGISTRARS),
      Map.entry("withdrawSignal", SIGNALLERS));

  /** An operation with its path's names filled in by things that do not exist. */
  private record Operation(
      String id, String method, String path, @Nullable String mediaType) {
    Answer by(Person person) {
      return person.send(
          method, path, mediaType == null ? null : "{}", mediaType == null ? "" : mediaType);
    }

    @Override
    public String toString() {
      return id + " (" + method + " " + path + ")";
    }
  }

  private @Nullable HttpClient shared;

  @BeforeEach
  void connect() {
    if (shared == null) {
      shared = wire.client(null);
    }
  }

  @AfterAll
  void disconnect() {
    client().close();
  }

  private HttpClient client() {
    HttpClient client = shared;
    if (client == null) {
      throw new IllegalStateException("not connected");
    }
    return client;
  }

  @Test
  void whoeverShowsNothingIsAskedForATokenByEveryOperation() {
    Person nobody = new Person(client(), wire.people(), null);
    assertAll(operations().stream()
        .map(operation ->
            () -> assertEquals(401, operation.by(nobody).status(), operation::toString)));
  }

  @Test
  void whoeverHasNoRoleIsRefusedByEveryOperation() throws SQLException {
    String token = "a person without any role at all, number 1";
    try (Connection database = database();
        PreparedStatement insert = database.prepareStatement(
            "insert into operator (name, roles, token_digest, created_at) values ('rights-nobody', '', ?, now())")) {
      insert.setBytes(1, Digest.of(token.getBytes(StandardCharsets.UTF_8)).octets());
      insert.executeUpdate();
    }
    Person nobody = new Person(client(), wire.people(), token);
    assertAll(operations().stream()
        .map(operation ->
            () -> assertEquals(403, operation.by(nobody).status(), operation::toString)));
  }

  @Test
  void everyRoleMayDoWhatTheTableSaysAndNothingElse() {
    List<Executable> checks = new ArrayList<>();
    Set<String> roles = new TreeSet<>(EVERYBODY);
    roles.addAll(SIGNALLERS);
    for (String role : roles) {
      Person person = Person.operator(wire, client(), "rights-" + role, List.of(role), List.of());
      for (Operation operation : operations()) {
        Set<String> allowed = ALLOWED.getOrDefault(operation.id, Set.of());
        checks.add(() -> {
          int status = operation.by(person).status();
          String what = role + " " + operation;
          assertNotEquals(401, status, what);
          assertEquals(!allowed.contains(role), status == 403, what + " gave " + status);
        });
      }
    }
    assertAll(checks);
  }

  @Test
  void everyOperationHasItsRowInTheTable() {
    Set<String> described = new TreeSet<>();
    operations().forEach(operation -> described.add(operation.id));
    assertTrue(described.size() > 30, described::toString);
    assertEquals(new TreeMap<>(ALLOWED).keySet(), described);
  }

  private List<Operation> operations() {
    List<Operation> operations = new ArrayList<>();
    JsonNode paths = description().get("paths");
    paths
        .properties()
        .forEach(path -> path.getValue().properties().forEach(method -> {
          if (method.getValue().has("operationId")) {
            JsonNode bodies = method.getValue().at("/requestBody/content");
            String concrete = path.getKey()
                .replace("{id}", "0199f0a0-0000-7000-8000-000000000001")
                .replace("{serial}", "1f")
                .replaceAll("\\{[a-z_]+}", "rights-none");
            operations.add(new Operation(
                method.getValue().get("operationId").asText(),
                method.getKey().toUpperCase(java.util.Locale.ROOT),
                concrete,
                bodies.isMissingNode() ? null : bodies.fieldNames().next()));
          }
        }));
    return operations;
  }

  private JsonNode description() {
    try {
      return YAML.readTree(new Person(client(), wire.people(), null)
          .get("/api/v1/openapi")
          .expect(200)
          .body());
    } catch (IOException e) {
      throw new AssertionError("the description is no YAML", e);
    }
  }

  private static Connection database() throws SQLException {
    Config config = ConfigProvider.getConfig();
    return DriverManager.getConnection(
        config.getValue("sallyport.db-url", String.class),
        config.getValue("sallyport.db-user", String.class),
        config.getValue("sallyport.db-password", String.class));
  }
}
