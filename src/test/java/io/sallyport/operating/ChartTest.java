package io.sallyport.operating;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chart, rendered by Helm itself and read strictly into Kubernetes' own model. */
class ChartTest {
  private static final Path CHART = Path.of("helm", "sallyport");
  /** The oldest that the chart takes. */
  private static final String KUBERNETES = "1.30.0";

  private static final Path VALUES = Path.of("src", "test", "resources", "helm");

  /** In the order in which a Service, a probe or a policy may name them. */
  private static final Map<String, Integer> PORTS =
      Map.of("devices", 8443, "status", 8080, "people", 9443, "management", 9000);

  private static final Map<String, Class<? extends HasMetadata>> KINDS = Map.of(
      "apps/v1 Deployment", Deployment.class,
      "v1 Service", Service.class,
      "v1 ServiceAccount", ServiceAccount.class,
      "policy/v1 PodDisruptionBudget", PodDisruptionBudget.class,
      "networking.k8s.io/v1 NetworkPolicy", NetworkPolicy.class,
      "monitoring.coreos.com/v1 ServiceMonitor", ServiceMonitor.class);

  /** A field that Kubernetes does not know, or one given twice, fails. */
  private static final ObjectMapper STRICT = new ObjectMapper(YAMLFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build())
      .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
        private static final long serialVersionUID = 1L;

        @Override
        public Boolean hasAnySetter(Annotated annotated) {
          return false;
        }
      })
      .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  @TempDir
  static Path folder;

  @Test
  void lintsStrictly() {
    LintResult result = new Helm(CHART).lint().strict().call();

    assertFalse(result.isFailed(), String.join("\n", result.getMessages()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"least", "most", "plain"})
  void runsAsNobodyWithNothing(String values) {
    Rendered chart = rendered(values);
    PodSpec pod = chart.pod();
    Container container = chart.container();

    assertAll(
        () -> assertTrue(pod.getSecurityContext().getRunAsNonRoot()),
        () -> assertTrue(pod.getSecurityContext().getRunAsUser() > 0),
        () -> assertEquals(
            "RuntimeDefault", pod.getSecurityContext().getSeccompProfile().getType()),
        () -> assertFalse(pod.getAutomountServiceAccountToken()),
        () -> assertFalse(container.getSecurityContext().getAllowPrivilegeEscalation()),
        () -> assertTrue(container.getSecurityContext().getReadOnlyRootFilesystem()),
        () -> assertEquals(
            List.of("ALL"), container.getSecurityContext().getCapabilities().getDrop()),
        () ->
            assertTrue(container.getSecurityContext().getCapabilities().getAdd().isEmpty()),
        () -> assertNotNull(container.getResources().getRequests().get("memory")),
        () -> assertNotNull(container.getResources().getLimits().get("memory")),
        () -> assertEquals(
            List.of(), pod.getVolumes().stream().filter(ChartTest::fromTheHost).toList()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"least", "most", "plain"})
  void whatIsWrittenToIsAVolume(String values) {
    Rendered chart = rendered(values);
    Map<String, Volume> volumes = chart.pod().getVolumes().stream()
        .collect(Collectors.toMap(Volume::getName, volume -> volume));

    for (String path : List.of("/data", "/tmp")) {
      VolumeMount mount = chart.container().getVolumeMounts().stream()
          .filter(candidate -> candidate.getMountPath().equals(path))
          .findFirst()
          .orElseThrow();
      assertNotNull(Objects.requireNonNull(volumes.get(mount.getName())).getEmptyDir(), path);
    }
    assertEquals(
        chart.container().getVolumeMounts().stream()
            .map(VolumeMount::getName)
            .collect(Collectors.toSet()),
        volumes.keySet());
    assertEquals("/data", chart.environment("SALLYPORT_DATA"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"least", "most", "plain"})
  void probesAskTheManagementPortWhichListensBeyondLoopback(String values) {
    Rendered chart = rendered(values);
    Container container = chart.container();

    assertEquals("0.0.0.0", chart.environment("SALLYPORT_MANAGEMENT_LISTEN"));
    assertProbe("/health/started", container.getStartupProbe());
    assertProbe("/health/ready", container.getReadinessProbe());
    assertProbe("/health/live", container.getLivenessProbe());
    Map<String, Integer> ports = new HashMap<>();
    for (ContainerPort port : container.getPorts()) {
      ports.put(port.getName(), port.getContainerPort());
    }
    assertEquals(PORTS, ports);
    assertAll(
        () -> assertEquals("8443", chart.environment("SALLYPORT_HTTPS_PORT")),
        () -> assertEquals("8080", chart.environment("SALLYPORT_HTTP_PORT")),
        () -> assertEquals("9443", chart.environment("SALLYPORT_PEOPLE_PORT")),
        () -> assertEquals("9000", chart.environment("SALLYPORT_MANAGEMENT_PORT")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"least", "most", "plain"})
  void secretsAreReferencesAndNothingElse(String values) {
    Rendered chart = rendered(values);
    List<EnvVar> secret = chart.container().getEnv().stream()
        .filter(variable -> variable.getName().matches(".*(PASSWORD|SECRET|TOKEN|MASTER_KEY).*"))
        .toList();

    assertTrue(secret.size() >= 3, secret.toString());
    for (EnvVar variable : secret) {
      assertTrue(
          variable.getValue() == null
              && variable.getValueFrom().getSecretKeyRef().getName() != null,
          variable.getName());
    }
    assertTrue(
        chart.all.stream().noneMatch(object -> object.getKind().equals("Secret")),
        "the chart makes a Secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"least", "most", "plain"})
  void everySelectorFindsThePodsAndNothingIsNamedTwice(String values) {
    Rendered chart = rendered(values);
    Map<String, String> labels =
        chart.one(Deployment.class).getSpec().getTemplate().getMetadata().getLabels();
    Map<String, String> selector =
        chart.one(Deployment.class).getSpec().getSelector().getMatchLabels();

    assertTrue(labels.entrySet().containsAll(selector.entrySet()));
    assertEquals(
        selector, chart.one(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels());
    chart
        .pod()
        .getTopologySpreadConstraints()
        .forEach(spread -> assertEquals(selector, spread.getLabelSelector().getMatchLabels()));
    for (Service service : chart.all(Service.class)) {
      assertEquals(
          selector, service.getSpec().getSelector(), service.getMetadata().getName());
      service
          .getSpec()
          .getPorts()
          .forEach(port -> assertTrue(PORTS.containsKey(port.getTargetPort().getStrVal())));
    }
    chart
        .all(NetworkPolicy.class)
        .forEach(
            policy -> assertEquals(selector, policy.getSpec().getPodSelector().getMatchLabels()));
    List<String> names = chart.all.stream()
        .map(object -> object.getKind() + " " + object.getMetadata().getName())
        .toList();
    assertEquals(new TreeSet<>(names).size(), names.size(), names.toString());
  }

  @Test
  void managementIsExposedOnlyWhenAskedFor() {
    assertEquals(
        List.of("r-sallyport-devices", "r-sallyport-people", "r-sallyport-status"),
        names(rendered("least").all(Service.class)));
    assertEquals(
        List.of(
            "r-sallyport-devices",
            "r-sallyport-metrics",
            "r-sallyport-people",
            "r-sallyport-status"),
        names(rendered("most").all(Service.class)));
    ServiceMonitor monitor = rendered("most").one(ServiceMonitor.class);
    Service metrics = rendered("most").all(Service.class).stream()
        .filter(service -> service.getMetadata().getName().endsWith("-metrics"))
        .findFirst()
        .orElseThrow();
    assertTrue(metrics
        .getMetadata()
        .getLabels()
        .entrySet()
        .containsAll(monitor.getSpec().getSelector().getMatchLabels().entrySet()));
    assertEquals(
        metrics.getSpec().getPorts().getFirst().getName(),
        monitor.getSpec().getEndpoints().getFirst().getPort());
  }

  @Test
  void theNetworkIsClosedButForWhatIsConfigured() {
    NetworkPolicy least = rendered("least").one(NetworkPolicy.class);
    assertEquals(List.of("Ingress", "Egress"), least.getSpec().getPolicyTypes());
    assertEquals(List.of("devices", "status"), ingress(least));
    assertEquals(List.of("UDP 53,TCP 53", "TCP 5432"), egress(least));

    NetworkPolicy most = rendered("most").one(NetworkPolicy.class);
    assertEquals(List.of("devices", "status", "people", "management"), ingress(most));
    assertEquals(
        List.of("UDP 53,TCP 53", "TCP 5432", "TCP 443", "TCP 4318", "TCP 6514", "UDP 3799"),
        egress(most));
    assertEquals(
        "10.20.0.0/16",
        most.getSpec().getIngress().getFirst().getFrom().getFirst().getIpBlock().getCidr());
    assertTrue(
        most.getSpec().getIngress().stream().noneMatch(rule -> rule.getFrom().isEmpty()),
        "a rule without peers lets everybody in");
    assertTrue(rendered("plain").all(NetworkPolicy.class).isEmpty());
  }

  @Test
  void settingsReachTheServer() {
    Rendered most = rendered("most");
    assertAll(
        () -> assertEquals(
            "jdbc:postgresql://postgres.data:5432/sallyport", most.environment("SALLYPORT_DB_URL")),
        () -> assertEquals("offline", most.environment("SALLYPORT_ROOT")),
        () -> assertEquals("/certificates", most.environment("SALLYPORT_CERTIFICATES")),
        () -> assertEquals("/marks", most.environment("SALLYPORT_MARKS_FOLDER")),
        () -> assertEquals("true", most.environment("SALLYPORT_MARKS_REQUIRED")),
        () -> assertEquals(
            "sallyport.plant.example,sallyport", most.environment("SALLYPORT_HOST_NAMES")),
        () -> assertEquals(
            "https://sallyport.plant.example:8443", most.environment("SALLYPORT_GRANTS_ISSUER")),
        () -> assertEquals("json", most.environment("SALLYPORT_LOG_FORMAT")),
        () -> assertEquals("0.1", most.environment("SALLYPORT_TRACES_RATIO")),
        () -> assertEquals("PT2H", most.environment("SALLYPORT_STATUS_CRL_VALIDITY")),
        () -> assertTrue(
            most.container().getImage().matches("images\\.example/sallyport@sha256:[0-9a-f]{64}")));
    assertEquals("sallyport:0.1.0", rendered("least").container().getImage(), "version of pom.xml");
    List<String> twice = most.container().getEnv().stream()
        .collect(Collectors.groupingBy(EnvVar::getName, Collectors.counting()))
        .entrySet()
        .stream()
        .filter(name -> name.getValue() > 1)
        .map(Map.Entry::getKey)
        .toList();
    assertEquals(List.of(), twice);
  }

  @Test
  void aPodEndsAfterItLeftTheServicesAndHasTimeForThat() {
    Rendered chart = rendered("least");
    long pause = chart.container().getLifecycle().getPreStop().getSleep().getSeconds();

    assertTrue(pause > 0);
    assertTrue(
        chart.pod().getTerminationGracePeriodSeconds() >= pause + 30, "the server needs 30 s");
    assertEquals(
        0,
        chart
            .one(Deployment.class)
            .getSpec()
            .getStrategy()
            .getRollingUpdate()
            .getMaxUnavailable()
            .getIntVal());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "replicas: 0 | replicas",
        "replicas: two | replicas",
        "replica: 2 | replica",
        "image: {repository: sallyport, tag: latest} | tag",
        "image: {repository: sallyport, digest: 'sha256:12'} | digest",
        "database: {url: 'jdbc:mysql://h/d', user: u} | url",
        "database: {url: 'jdbc:postgresql://h/d?password=geheim', user: u} | url",
        "database: {url: 'jdbc:postgresql://h/d', password: geheim} | password",
        "secrets: {masterKey: {name: k, value: geheim}} | value",
        "secrets: {masterKey: geheim} | masterKey",
        "settings: {SALLYPORT_ADMIN_TOKEN: geheim} | SALLYPORT_ADMIN_TOKEN",
        "settings: {SALLYPORT_PEOPLE_PORT: '1'} | SALLYPORT_PEOPLE_PORT",
        "settings: {PATH: /tmp} | PATH",
        "root: {mode: elsewhere} | mode",
        "urls: {devices: 'http://sallyport.example'} | devices",
        "urls: {devices: 'https://sallyport.example/'} | devices",
        "log: {format: xml} | format",
        "traces: {ratio: 2} | ratio",
        "services: {status: {type: ExternalName, port: 80}} | type",
        "services: {devices: {type: ClusterIP, port: 0}} | port",
        "networkPolicy: {ingress: {devices: [{ipBlock: {cidr: everywhere}}]}} | cidr",
        "networkPolicy: {ingress: {devices: [{}]}} | devices",
        "networkPolicy: {ingress: {radius: []}} | radius",
        "podDisruptionBudget: {maxUnavailable: 0} | maxUnavailable",
        "termination: {pause: 5, grace: 10} | grace",
        "resources: {requests: {gpu: 1}} | gpu",
        "podLabels: {app.kubernetes.io/name: other} | app.kubernetes.io/name"
      })
  void aWrongValueIsRefused(String values, String named) throws IOException {
    Path wrong = Files.createTempFile(folder, "wrong", ".yaml");
    Files.writeString(wrong, values);

    Exception refused = assertThrows(
        RuntimeException.class,
        () -> new Helm(CHART)
            .template()
            .withName("r")
            .withKubeVersion(KUBERNETES)
            .withValuesFile(VALUES.resolve("least.yaml"))
            .withValuesFile(wrong)
            .call());

    String told = String.valueOf(refused.getMessage());
    assertTrue(told.contains(named), told);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "database.url",
        "secrets.masterKey.name",
        "secrets.adminToken.name",
        "secrets.databasePassword.name"
      })
  void whatHasNoDefaultIsAskedFor(String missing) {
    Exception refused = assertThrows(
        RuntimeException.class,
        () -> new Helm(CHART)
            .template()
            .withName("r")
            .withKubeVersion(KUBERNETES)
            .withValuesFile(VALUES.resolve("least.yaml"))
            .set(missing, "")
            .call());

    assertTrue(String.valueOf(refused.getMessage()).contains("Set " + missing), refused::toString);
  }

  @Test
  void theSchemaDescribesEveryValueAndNoOther() throws IOException {
    JsonNode schema =
        new ObjectMapper().readTree(CHART.resolve("values.schema.json").toFile());
    JsonNode values = STRICT.readTree(Files.readString(CHART.resolve("values.yaml")));
    List<String> faults = new ArrayList<>();
    describe("", schema, faults);
    assertEquals(List.of(), faults);
    TreeSet<String> known = new TreeSet<>();
    schema.get("properties").fieldNames().forEachRemaining(known::add);
    known.remove("global");
    TreeSet<String> given = new TreeSet<>();
    values.fieldNames().forEachRemaining(given::add);
    assertEquals(known, given);
  }

  private static void describe(String path, JsonNode schema, List<String> faults) {
    JsonNode properties = schema.get("properties");
    if (properties == null) {
      return;
    }
    if (schema.path("additionalProperties").asBoolean(true)) {
      faults.add(path + " allows more");
    }
    properties.properties().forEach(property -> {
      if (path.isEmpty() && !property.getValue().has("description")) {
        faults.add(property.getKey() + " is not described");
      }
      describe(path + "/" + property.getKey(), property.getValue(), faults);
    });
  }

  private static void assertProbe(String path, Probe probe) {
    assertEquals(path, probe.getHttpGet().getPath());
    assertEquals("management", probe.getHttpGet().getPort().getStrVal());
  }

  private static boolean fromTheHost(Volume volume) {
    return volume.getHostPath() != null;
  }

  private static List<String> names(List<Service> services) {
    return services.stream()
        .map(service -> service.getMetadata().getName())
        .sorted()
        .toList();
  }

  private static List<String> ingress(NetworkPolicy policy) {
    return policy.getSpec().getIngress().stream()
        .map(NetworkPolicyIngressRule::getPorts)
        .map(ports ->
            ports.stream().map(port -> port.getPort().getStrVal()).collect(Collectors.joining(",")))
        .toList();
  }

  private static List<String> egress(NetworkPolicy policy) {
    return policy.getSpec().getEgress().stream()
        .map(NetworkPolicyEgressRule::getPorts)
        .map(ports -> ports.stream()
            .map(port -> port.getProtocol() + " " + port.getPort().getIntVal())
            .collect(Collectors.joining(",")))
        .toList();
  }

  private static Rendered rendered(String values) {
    return RENDERED.computeIfAbsent(values, Rendered::new);
  }

  private static final Map<String, Rendered> RENDERED = new TreeMap<>();

  /** What Helm makes of a file of values. */
  private static final class Rendered {
    final List<HasMetadata> all = new ArrayList<>();

    Rendered(String values) {
      String manifests = new Helm(CHART)
          .template()
          .withName("r")
          .withKubeVersion(KUBERNETES)
          .withNamespace("plant")
          .withValuesFile(VALUES.resolve(values + ".yaml"))
          .call();
      try (var documents = STRICT.readerFor(JsonNode.class).<JsonNode>readValues(manifests)) {
        while (documents.hasNext()) {
          JsonNode document = documents.next();
          if (document == null || document.isNull() || document.isMissingNode()) {
            continue;
          }
          String kind =
              document.path("apiVersion").asText() + " " + document.path("kind").asText();
          Class<? extends HasMetadata> type =
              Objects.requireNonNull(KINDS.get(kind), "an object of another kind: " + kind);
          all.add(STRICT.treeToValue(document, type));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(values + ":\n" + manifests, e);
      }
    }

    <T extends HasMetadata> List<T> all(Class<T> type) {
      return all.stream().filter(type::isInstance).map(type::cast).toList();
    }

    <T extends HasMetadata> T one(Class<T> type) {
      List<T> found = all(type);
      assertEquals(1, found.size(), type.getSimpleName());
      return found.getFirst();
    }

    PodSpec pod() {
      return one(Deployment.class).getSpec().getTemplate().getSpec();
    }

    Container container() {
      assertEquals(1, pod().getContainers().size());
      return pod().getContainers().getFirst();
    }

    String environment(String name) {
      return container().getEnv().stream()
          .filter(variable -> variable.getName().equals(name))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no " + name))
          .getValue();
    }
  }
}
