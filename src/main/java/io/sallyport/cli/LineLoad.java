package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.kernel.Der;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;

/** What a line brings to a measurement: orders, files, requests with a key of its own for each device. */
final class LineLoad implements AutoCloseable {
  static final String MANUFACTURER = "Optica Works";
  static final String MODEL = "Eye 4";

  private static final String PROFILE = "camera";
  private static final String SITE = "plant-1";

  private final URI people;
  private final SSLContext tls;
  private final String bearer;
  private final ApiClient api;

  LineLoad(Options options, X509Certificate anchor) {
    this.people = options.front("people");
    this.tls = Web.context(options.roots(null), null);
    this.bearer = Pem.text(options.dataFolder().resolve("admin.token")).strip();
    this.api = options.api();
    var maker = Json.object().put("name", MANUFACTURER);
    maker.putArray("anchors").add(Pem.of(anchor));
    api.post("/manufacturers", maker);
    api.put("/profiles/" + PROFILE, DemoDocuments.PROFILE);
  }

  /** How long it took, and what the last line said. */
  record Streamed(double seconds, JsonNode done) {}

  static String serial(String name, int number) {
    return "%s-%07d".formatted(name, number);
  }

  /** An order of so many devices. */
  String order(String name, int devices) {
    return api.post(
            "/batches",
            Json.object()
                .put("name", name)
                .put("manufacturer", MANUFACTURER)
                .put("model", MODEL)
                .put("profile", PROFILE)
                .put("owner", "bench")
                .put("site", SITE)
                .put("ordered", devices))
        .path("id")
        .asText();
  }

  /** Registers all devices of an order from one file. */
  Streamed register(String batch, String name, int devices) {
    ByteArrayOutputStream file = new ByteArrayOutputStream(devices * (name.length() + 9) + 16);
    file.writeBytes("serial_number\n".getBytes(StandardCharsets.US_ASCII));
    for (int i = 0; i < devices; i++) {
      file.writeBytes((serial(name, i) + "\n").getBytes(StandardCharsets.US_ASCII));
    }
    Streamed streamed = stream(batch, "import", "text/csv", file.toByteArray());
    require(streamed, "registered", devices);
    return streamed;
  }

  /** An order whose devices are registered. */
  String registered(String name, int devices) {
    String batch = order(name, devices);
    register(batch, name, devices);
    return batch;
  }

  /** Sends rows of an order in one stream. */
  Streamed issue(String batch, List<byte[]> rows) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    rows.forEach(body::writeBytes);
    Streamed streamed = stream(batch, "issue", "application/x-ndjson", body.toByteArray());
    require(streamed, "issued", rows.size());
    return streamed;
  }

  private Streamed stream(String batch, String what, String type, byte[] body) {
    byte[] request = LeanConnection.post(
        "/api/v1/batches/" + batch + "/" + what,
        "Authorization: Bearer " + bearer + "\r\nContent-Type: " + type + "\r\n",
        body);
    AtomicReference<byte[]> last = new AtomicReference<>(new byte[0]);
    try (LeanConnection connection = new LeanConnection(people, tls)) {
      long start = System.nanoTime();
      connection.lines(request, last::set);
      double seconds = (System.nanoTime() - start) / 1e9;
      return new Streamed(
          seconds, Json.lenient(new String(last.get(), StandardCharsets.UTF_8)).path("done"));
    }
  }

  private static void require(Streamed streamed, String what, int count) {
    if (streamed.done.path(what).asInt() != count) {
      throw new Failure(
          ExitCode.REFUSED, "Of " + count + " rows not all were " + what + ": " + streamed.done);
    }
  }

  /** A token that admits so many devices. */
  String token(int uses) {
    return api.post(
            "/enrollment-tokens",
            Json.object()
                .put("manufacturer", MANUFACTURER)
                .put("site", SITE)
                .put("uses", uses)
                .put("lifetime", "PT1H"))
        .path("token")
        .asText();
  }

  /** Rows of an issue stream, each with a key of its own. */
  static List<byte[]> rows(String name, int from, int to) {
    return made(
        from,
        to,
        number -> ("{\"serial_number\":\"" + serial(name, number) + "\",\"csr\":\""
                + Base64.getEncoder()
                    .encodeToString(request(serial(name, number)).octets())
                + "\"}\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  /** A whole first enrollment over EST. {@code headers} end each with their line. */
  static byte[] enrollment(String serial, String headers) {
    return LeanConnection.post(
        "/.well-known/est/simpleenroll",
        headers + "Content-Type: application/pkcs10\r\n",
        Base64.getMimeEncoder().encode(request(serial).octets()));
  }

  private static Der request(String serial) {
    KeyPair pair = Requests.newKey();
    return Requests.forSubject(pair, Requests.deviceName(serial));
  }

  /** In all processors. */
  static <T> List<T> made(int from, int to, IntFunction<T> make) {
    return IntStream.range(from, to).parallel().mapToObj(make).toList();
  }

  @Override
  public void close() {
    api.close();
  }
}
