package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Person;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestVouchers;
import io.sallyport.testing.TestVouchers.Domain;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cms.CMSSignedData;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Vouchers (RFC 8366) for the owners of devices, on their word or on a registrar's request (RFC 8995). */
@QuarkusTest
class VoucherWireTest extends ServerTest {
  private static final String OWNER = "operations";
  private static final String NONCE = base64("a nonce of sixteen".getBytes(StandardCharsets.UTF_8));

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  private final Domain domain = TestVouchers.domain("vouchers");

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "vouchers");
    }
  }

  @AfterAll
  void close() {
    plant.close();
  }

  @Test
  void opensslVerifiesWhatTheOwnerGot(@TempDir Path folder) throws Exception {
    Peers.need("openssl");
    Unit unit = plant.registered("VO-1");

    JsonNode issued = issue(nonced(unit)).expect(201).json();

    Answer artifact = artifact(issued).expect(200);
    assertTrue(
        artifact.header("Content-Type").startsWith("application/voucher-cms+json"),
        artifact.header("Content-Type"));
    Files.write(folder.resolve("voucher.vcj"), artifact.body());
    Path root = Path.of(ConfigProvider.getConfig().getValue("sallyport.data", String.class))
        .resolve("root.pem");
    Peers.run(
            folder,
            "openssl",
            "cms",
            "-verify",
            "-inform",
            "DER",
            "-in",
            "voucher.vcj",
            "-CAfile",
            root.toString(),
            "-out",
            "voucher.json")
        .orFail();
    JsonNode text = new ObjectMapper().readTree(folder.resolve("voucher.json").toFile());
    assertEquals(1, text.size());
    JsonNode voucher = text.get("ietf-voucher:voucher");
    assertEquals("VO-1", voucher.get("serial-number").asText());
    assertEquals("verified", voucher.get("assertion").asText());
    assertEquals(NONCE, voucher.get("nonce").asText());
    assertEquals(
        base64(domain.authority().certificate().getEncoded()),
        voucher.get("pinned-domain-cert").asText());
    assertFalse(voucher.has("expires-on"), "a nonce and an end exclude each other");
    OffsetDateTime.parse(voucher.get("created-on").asText());
    assertTrue(Peers.run(
            folder, "openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", "voucher.vcj")
        .orFail()
        .contains("1.2.840.113549.1.9.16.1.40"));
    JsonNode fact = plant.fact(unit.id(), "voucher.issued");
    assertEquals(issued.get("id").asText(), fact.at("/detail/voucher").asText());
    assertEquals(OWNER, fact.at("/detail/owner").asText());
  }

  @Test
  void aNonceIsAnsweredOnce() {
    Unit unit = plant.registered("VO-2");
    Map<String, Object> wanted = nonced(unit);

    List<Integer> statuses = IntStream.range(0, 8)
        .mapToObj(i -> CompletableFuture.supplyAsync(() -> issue(wanted).status()))
        .toList()
        .stream()
        .map(CompletableFuture::join)
        .sorted()
        .toList();

    assertEquals(List.of(201, 409, 409, 409, 409, 409, 409, 409), statuses);
    // Written without its padding it is the same one.
    wanted.put("nonce", NONCE.replace("=", ""));
    issue(wanted).expect(409);
    assertEquals(1, list(unit).size());
    issue(nonced(plant.registered("VO-2b"))).expect(201);
  }

  @Test
  void withoutANonceItEnds() throws Exception {
    Unit unit = plant.registered("VO-3");
    Map<String, Object> wanted = pinned(unit);
    Instant renewal = Instant.now().plus(300, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
    wanted.put("last_renewal_date", renewal.toString());
    wanted.put("domain_cert_revocation_checks", false);
    wanted.put("lifetime", "PT6H");

    JsonNode issued = issue(wanted).expect(201).json();

    JsonNode voucher = text(artifact(issued).expect(200).body());
    Instant created = Instant.parse(voucher.get("created-on").asText());
    assertEquals(created.plus(Duration.ofHours(6)), end(voucher));
    assertEquals(renewal.toString(), voucher.get("last-renewal-date").asText());
    assertFalse(voucher.get("domain-cert-revocation-checks").asBoolean(true));
    check(issued, "VO-3", Map.of()).expect(200);
  }

  private static Instant end(JsonNode voucher) {
    return Instant.parse(voucher.get("expires-on").asText());
  }

  static Stream<Arguments> whatNoVoucherSays() {
    return Stream.of(
        named("a nonce and a lifetime", 422, wanted -> {
          wanted.put("nonce", NONCE);
          wanted.put("lifetime", "PT1H");
        }),
        named("a nonce and a renewal", 422, wanted -> {
          wanted.put("nonce", NONCE);
          wanted.put("last_renewal_date", "2999-01-01T00:00:00Z");
        }),
        named("a nonce of seven octets", 422, wanted -> wanted.put("nonce", base64(new byte[7]))),
        named("a nonce of 33 octets", 422, wanted -> wanted.put("nonce", base64(new byte[33]))),
        named("a nonce that is no base64", 400, wanted -> wanted.put("nonce", "!")),
        named("longer than a month", 422, wanted -> wanted.put("lifetime", "P31D")),
        named("longer than the pinned certificate", 422, wanted -> wanted.put("lifetime", "P20D")),
        named("no time at all", 422, wanted -> wanted.put("lifetime", "PT0S")),
        named("proximity that nobody showed", 422, wanted -> wanted.put("assertion", "proximity")),
        named("a word of its own", 400, wanted -> wanted.put("assertion", "sworn")),
        named("no domain", 422, wanted -> wanted.remove("domain")),
        named("another owner", 403, wanted -> wanted.put("owner", "somebody")),
        named("no owner", 400, wanted -> wanted.remove("owner")),
        named("no device", 422, wanted -> wanted.remove("device")));
  }

  private static Arguments named(String name, int status, Consumer<Map<String, Object>> change) {
    return Arguments.argumentSet(name, status, change);
  }

  @ParameterizedTest
  @MethodSource
  void whatNoVoucherSays(int status, Consumer<Map<String, Object>> change) {
    Unit unit = known("VO-4");
    Map<String, Object> wanted = pinned(unit);
    change.accept(wanted);

    issue(wanted).expect(status);

    assertEquals(0, list(unit).size());
  }

  @Test
  void onlyTheOwnersPeopleGetOne() {
    Unit unit = plant.registered("VO-5");
    try (HttpClient client = wire.client(null)) {
      Person other = Person.operator(
          wire, client, "vouchers-elsewhere", List.of("fleet-operator"), List.of("vouchers-far"));
      JsonNode issued = issue(nonced(unit)).expect(201).json();

      other.send("POST", "/api/v1/vouchers", pinned(unit)).expect(404);

      other.get("/api/v1/vouchers/" + issued.get("id").asText()).expect(404);
      other.get("/api/v1/vouchers/" + issued.get("id").asText() + "/artifact").expect(404);
      other.get("/api/v1/vouchers?device=" + unit.id()).expect(404);
    }
    unit.become("suspend").expect(200);
    issue(pinned(unit)).expect(409);
  }

  @Test
  void whoeverClaimsGetsOneInTheSameActAndTheLastOwnersIsWorthless() {
    Unit unit = plant.registered("VO-6");
    JsonNode old = issue(pinned(unit)).expect(201).json();
    check(old, "VO-6", Map.of()).expect(200);
    String code = plant
        .person(
            "POST",
            "/api/v1/ownership/devices/" + unit.id() + "/release",
            Map.of("to", "Next Owner"))
        .expect(200)
        .json()
        .get("code")
        .asText();
    Map<String, Object> wanted = nonced(unit);
    wanted.put("claim", Map.of("code", code, "site", "plant-2"));
    issue(wanted).expect(403);
    wanted.put("owner", "Next Owner");

    JsonNode issued = issue(wanted).expect(201).json();

    assertEquals("Next Owner", issued.get("owner").asText());
    check(issued, "VO-6", Map.of("nonce", NONCE)).expect(200);
    assertProblem("voucher-not-valid", check(old, "VO-6", Map.of()), "owner");
    issue(wanted).expect(404);
    issue(pinned(unit)).expect(403);
    assertEquals(
        "Next Owner",
        plant
            .person("GET", "/api/v1/devices/" + unit.id(), null)
            .expect(200)
            .json()
            .get("owner")
            .asText());
  }

  @Test
  void aVoucherHoldsForWhatItSaysAndNothingElse() throws Exception {
    Unit unit = plant.registered("VO-7");
    JsonNode issued = issue(nonced(unit)).expect(201).json();
    byte[] voucher = artifact(issued).expect(200).body();
    Map<String, String> asked = Map.of("nonce", NONCE, "domain", pem(domain.registrar()));

    JsonNode held = check(issued, "VO-7", asked).expect(200).json();

    assertEquals("verified", held.get("assertion").asText());
    check(issued, "VO-7", Map.of("nonce", NONCE, "domain", pem(domain.authority())))
        .expect(200);
    assertInvalid("another device", check(voucher, "VO-8", asked));
    assertInvalid("nonce", check(voucher, "VO-7", Map.of("nonce", base64(new byte[16]))));
    assertInvalid("nonce", check(voucher, "VO-7", Map.of()));
    assertInvalid(
        "domain",
        check(
            voucher,
            "VO-7",
            Map.of("nonce", NONCE, "domain", pem(TestVouchers.domain("other").registrar()))));
    assertInvalid(
        "anchors",
        check(
            voucher,
            "VO-7",
            Map.of("nonce", NONCE, "anchors", pem(TestVouchers.authority("CN=other")))));
    byte[] altered = voucher.clone();
    int at = new String(voucher, StandardCharsets.ISO_8859_1).indexOf("VO-7");
    altered[at + 3] = '9';
    assertInvalid("signer signed", check(altered, "VO-9", asked));
    assertInvalid("", check(Arrays.copyOf(voucher, voucher.length - 1), "VO-7", asked));
    byte[] longer = Arrays.copyOf(voucher, voucher.length + 1);
    assertInvalid("", check(longer, "VO-7", asked));
  }

  @Test
  void aDevicesCertificateSignsNoVouchers() throws Exception {
    Unit unit = plant.enrolled("VO-10");

    Answer refused =
        check(TestVouchers.signed(unit.identity(), voucher("VO-10", Map.of())), "VO-10", Map.of());

    assertInvalid("not signed by this server", refused);
  }

  static Stream<Arguments> vouchersOfOthers() {
    return Stream.of(
        Arguments.argumentSet("as it should be", Map.of(), ""),
        Arguments.argumentSet("ended", Map.of("expires-on", "2020-01-01T00:00:00Z"), "ended"),
        Arguments.argumentSet(
            "made in the future", Map.of("created-on", "2999-01-01T00:00:00Z"), "future"),
        Arguments.argumentSet("no such time", Map.of("created-on", "yesterday"), "created-on"),
        Arguments.argumentSet("of another", Map.of("serial-number", "VO-12"), "another device"),
        Arguments.argumentSet("with nonce and end", Map.of("nonce", NONCE), "nonce and an end"),
        Arguments.argumentSet("for ever", Map.of("expires-on", ""), "expires-on"),
        Arguments.argumentSet("of no kind", Map.of("assertion", "sworn"), "assert"),
        Arguments.argumentSet("with more", Map.of("remark", "x"), "member"),
        Arguments.argumentSet(
            "pins no certificate", Map.of("pinned-domain-cert", "AAAA"), "cannot be read"),
        Arguments.argumentSet("number for a text", Map.of("serial-number", 11), "serial-number"),
        Arguments.argumentSet(
            "of another issuer", Map.of("idevid-issuer", base64(new byte[20])), "IDevID"));
  }

  @ParameterizedTest
  @MethodSource
  void vouchersOfOthers(Map<String, Object> change, String complaint) throws Exception {
    Identity authority = TestVouchers.authority("CN=vouchers of others");
    Identity signer = TestVouchers.end("CN=signer", authority, false);

    Answer answer = check(
        TestVouchers.signed(signer, voucher("VO-11", change)),
        "VO-11",
        Map.of("anchors", pem(authority), "idevid_issuer", base64(new byte[] {1, 2, 3})));

    if (complaint.isEmpty()) {
      assertEquals("logged", answer.expect(200).json().get("assertion").asText());
    } else {
      assertInvalid(complaint, answer);
    }
  }

  @Test
  void aRegistrarGetsWhatTheDeviceAskedFor() throws Exception {
    Unit unit = plant.registered("VO-20");
    byte[] request = request(unit, asked("VO-20", domain));

    JsonNode issued =
        issue(Map.of("owner", OWNER, "request", base64(request))).expect(201).json();

    assertEquals(unit.id(), issued.get("device").asText());
    assertEquals("proximity", issued.get("assertion").asText());
    assertEquals(NONCE, issued.get("nonce").asText());
    assertEquals(pem(domain.authority()), issued.get("domain").asText());
    check(issued, "VO-20", Map.of("nonce", NONCE, "domain", pem(domain.registrar())))
        .expect(200);
    assertEquals(
        base64(new JcaX509ExtensionUtils()
            .createAuthorityKeyIdentifier(
                plant.manufacturer().authority().certificate().getPublicKey())
            .getKeyIdentifierOctets()),
        text(artifact(issued).expect(200).body()).get("idevid-issuer").asText());
    issue(Map.of("owner", OWNER, "request", base64(request))).expect(409);
    // And without the nonce, a request that was answered is not answered again.
    Map<String, Object> nonceless = registrars("VO-20");
    nonceless.remove("nonce");
    byte[] offline = signed(domain.registrar(), nonceless);
    Map<String, Object> wanted =
        Map.of("owner", OWNER, "device", unit.id(), "request", base64(offline));
    issue(wanted).expect(201);
    issue(wanted).expect(409);
  }

  static Stream<Arguments> badRequests() {
    return Stream.of(
        bad("of no registrar", 400, "registrar", (test, unit) -> {
          Identity none = TestVouchers.end("CN=none", test.domain.authority(), false);
          return signed(none, test.with(unit, test.asked("VO-21", test.domain)));
        }),
        bad("the device talks to another registrar", 400, "another registrar", (test, unit) -> {
          Map<String, Object> asked = test.asked("VO-21", TestVouchers.domain("far"));
          return test.request(unit, asked);
        }),
        bad("another nonce than the device's", 400, "repeat", (test, unit) -> {
          Map<String, Object> text = test.with(unit, test.asked("VO-21", test.domain));
          text.put("nonce", base64(new byte[12]));
          return signed(test.domain.registrar(), text);
        }),
        bad("signed by another device", 400, "another device", (test, unit) -> {
          Map<String, Object> text = registrars("VO-21");
          text.put(
              "prior-signed-voucher-request",
              base64(signed(
                  test.plant.manufacturer().idevid("VO-22"), test.asked("VO-21", test.domain))));
          return signed(test.domain.registrar(), text);
        }),
        bad("signed by nobody's device", 400, "no registered manufacturer", (test, unit) -> {
          Map<String, Object> text = registrars("VO-21");
          text.put(
              "prior-signed-voucher-request",
              base64(signed(
                  TestPki.manufacturer("nobody").idevid("VO-21"),
                  test.asked("VO-21", test.domain))));
          return signed(test.domain.registrar(), text);
        }),
        bad("altered", 400, "signer signed", (test, unit) -> {
          byte[] request = test.request(unit, test.asked("VO-21", test.domain));
          int at = new String(request, StandardCharsets.ISO_8859_1).indexOf("created-on");
          request[at] ^= 1;
          return request;
        }),
        bad("old", 400, "last day", (test, unit) -> {
          Map<String, Object> text = test.with(unit, test.asked("VO-21", test.domain));
          text.put("created-on", "2020-01-01T00:00:00Z");
          return signed(test.domain.registrar(), text);
        }),
        bad(
            "a voucher",
            400,
            "ietf-voucher-request",
            (test, unit) ->
                TestVouchers.signed(test.domain.registrar(), test.voucher("VO-21", Map.of()))),
        bad(
            "of plain data",
            400,
            "in JSON",
            (test, unit) -> TestVouchers.signed(
                test.domain.registrar(), "1.2.840.113549.1.7.1", new byte[] {'{', '}'})),
        bad(
            "a member twice",
            400,
            "twice",
            (test, unit) -> TestVouchers.signed(
                test.domain.registrar(),
                "{\"ietf-voucher-request:voucher\":{\"nonce\":\"AAAAAAAAAAA=\",\"nonce\":\"AAAAAAAAAAE=\"}}"
                    .getBytes(StandardCharsets.UTF_8))),
        bad("no CMS", 400, "CMS", (test, unit) -> new byte[] {0x30, 0x00}),
        bad("too long", 400, "octets", (test, unit) -> new byte[65 * 1024]));
  }

  /** Makes a request for a device. */
  private interface Making {
    byte[] make(VoucherWireTest test, Unit unit) throws Exception;
  }

  private static Arguments bad(String name, int status, String complaint, Making making) {
    return Arguments.argumentSet(name, status, complaint, making);
  }

  @ParameterizedTest
  @MethodSource
  void badRequests(int status, String complaint, Making making) throws Exception {
    Unit unit = known("VO-21");

    Answer refused = issue(
        Map.of("owner", OWNER, "device", unit.id(), "request", base64(making.make(this, unit))));

    assertEquals(status, refused.status(), refused.text());
    assertTrue(refused.json().get("detail").asText().contains(complaint), refused.text());
    assertEquals(0, list(unit).size());
  }

  private Unit known(String serialNumber) {
    return plant
            .person("GET", "/api/v1/devices?text=" + serialNumber, null)
            .expect(200)
            .json()
            .get("items")
            .isEmpty()
        ? plant.registered(serialNumber)
        : plant.known(serialNumber);
  }

  /** What the device says to the registrar of {@code to}. */
  private Map<String, Object> asked(String serialNumber, Domain to)
      throws GeneralSecurityException {
    Map<String, Object> asked = registrars(serialNumber);
    asked.put("proximity-registrar-cert", base64(to.registrar().certificate().getEncoded()));
    return asked;
  }

  private static Map<String, Object> registrars(String serialNumber) {
    Map<String, Object> text = new LinkedHashMap<>();
    text.put("created-on", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    text.put("nonce", NONCE);
    text.put("serial-number", serialNumber);
    return text;
  }

  private Map<String, Object> with(Unit unit, Map<String, Object> asked) {
    Map<String, Object> text =
        registrars((String) Objects.requireNonNull(asked.get("serial-number")));
    text.put("assertion", "proximity");
    text.put("prior-signed-voucher-request", base64(signed(unit.idevid(), asked)));
    return text;
  }

  private byte[] request(Unit unit, Map<String, Object> asked) {
    return signed(domain.registrar(), with(unit, asked));
  }

  private static byte[] signed(Identity signer, Map<String, Object> request) {
    return TestVouchers.signed(signer, TestVouchers.text(TestVouchers.REQUEST, request));
  }

  /** A voucher's text as others would write it, with some of it changed; an empty text is left out. */
  private byte[] voucher(String serialNumber, Map<String, Object> change)
      throws GeneralSecurityException {
    Map<String, Object> text = new HashMap<>();
    text.put("created-on", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    text.put("expires-on", Instant.now().plus(1, ChronoUnit.HOURS).toString());
    text.put("assertion", "logged");
    text.put("serial-number", serialNumber);
    text.put("pinned-domain-cert", base64(domain.authority().certificate().getEncoded()));
    text.putAll(change);
    return TestVouchers.text(TestVouchers.VOUCHER, text);
  }

  private Map<String, Object> pinned(Unit unit) {
    Map<String, Object> wanted = new HashMap<>();
    wanted.put("device", unit.id());
    wanted.put("owner", OWNER);
    wanted.put("domain", pem(domain.authority()));
    return wanted;
  }

  private Map<String, Object> nonced(Unit unit) {
    Map<String, Object> wanted = pinned(unit);
    wanted.put("nonce", NONCE);
    return wanted;
  }

  private Answer issue(Map<String, ?> wanted) {
    return plant.person("POST", "/api/v1/vouchers", wanted);
  }

  private Answer artifact(JsonNode voucher) {
    return plant.person(
        "GET", "/api/v1/vouchers/" + voucher.get("id").asText() + "/artifact", null);
  }

  private JsonNode list(Unit unit) {
    return plant
        .person("GET", "/api/v1/vouchers?device=" + unit.id(), null)
        .expect(200)
        .json()
        .get("items");
  }

  private Answer check(JsonNode issued, String serialNumber, Map<String, String> more) {
    return check(artifact(issued).expect(200).body(), serialNumber, more);
  }

  private Answer check(byte[] voucher, String serialNumber, Map<String, String> more) {
    Map<String, Object> body = new HashMap<>(more);
    body.put("voucher", base64(voucher));
    body.put("serial_number", serialNumber);
    return plant.person("POST", "/api/v1/vouchers/check", body);
  }

  private static void assertInvalid(String complaint, Answer answer) {
    assertProblem("voucher-not-valid", answer, complaint);
  }

  private static void assertProblem(String problem, Answer answer, String complaint) {
    assertEquals(422, answer.status(), answer.text());
    assertTrue(answer.json().get("type").asText().endsWith(problem), answer.text());
    assertTrue(answer.json().get("detail").asText().contains(complaint), answer.text());
  }

  private static JsonNode text(byte[] cms) throws Exception {
    return new ObjectMapper()
        .readTree((byte[]) new CMSSignedData(cms).getSignedContent().getContent())
        .get("ietf-voucher:voucher");
  }

  private static String pem(Identity identity) {
    return TestPki.pem(identity.certificate());
  }

  private static String base64(byte[] octets) {
    return Base64.getEncoder().encodeToString(octets);
  }
}
