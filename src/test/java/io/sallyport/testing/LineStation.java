package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.testing.TestPki.Identity;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** A workplace of a line, with its certificate: it streams rows, and is cut wherever a test says. */
public final class LineStation {
  private static final String SITE = "station-site";
  private static final int PATIENCE_MILLIS = 20_000;

  private final Wire wire;
  private final Identity identity;
  private final SSLContext tls;

  private LineStation(Wire wire, Identity identity) {
    this.wire = wire;
    this.identity = identity;
    this.tls = wire.tls(identity);
  }

  /** Orders devices for a line; answers the batch. */
  public static String order(
      Wire wire, String name, String manufacturer, String profile, String line, int ordered) {
    return wire.admin(
            "POST",
            "/api/v1/batches",
            Map.of(
                "name", name,
                "manufacturer", manufacturer,
                "model", "M1",
                "profile", profile,
                "owner", "line",
                "site", SITE,
                "line", line,
                "ordered", ordered))
        .get("id")
        .asText();
  }

  /** Registers a station of a line, or of one batch of it. */
  public static LineStation register(Wire wire, String name, String line, @Nullable String batch) {
    KeyPair keys = TestPki.key();
    Map<String, String> body = new HashMap<>(Map.of(
        "name",
        name,
        "site",
        SITE,
        "line",
        line,
        "csr",
        TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null))));
    if (batch != null) {
      body.put("batch", batch);
    }
    JsonNode admitted = wire.admin("POST", "/api/v1/stations", body);
    return new LineStation(
        wire,
        new Identity(
            keys,
            List.of(
                certificate(admitted.get("certificate").asText()),
                certificate(admitted.get("chain").get(0).asText()))));
  }

  private static X509Certificate certificate(String pem) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)));
    } catch (CertificateException e) {
      throw new AssertionError(e);
    }
  }

  public Identity identity() {
    return identity;
  }

  /** Streams rows as whoever shows {@code identity}. */
  public static HttpResponse<byte[]> issue(
      Wire wire, @Nullable Identity identity, String batch, List<String> rows) {
    return wire.send(
        identity,
        wire.device(path(batch))
            .POST(HttpRequest.BodyPublishers.ofString(String.join("\n", rows) + "\n"))
            .build());
  }

  public HttpResponse<byte[]> issue(String batch, List<String> rows) {
    return issue(wire, identity, batch, rows);
  }

  private static String path(String batch) {
    return "/line/v1/batches/" + batch + "/issue";
  }

  /** The octets of a request for these rows. */
  public byte[] request(String batch, List<String> rows) {
    String body = String.join("\n", rows) + "\n";
    return ("POST " + path(batch)
            + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
            + body.length() + "\r\n\r\n" + body)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Sends so many octets, cuts the connection without a word inside TLS, and waits until the server has seen it. */
  public void cutAfterSending(byte[] request, int octets) {
    try (Socket plain = plain()) {
      SSLSocket inside = inside(plain);
      inside.getOutputStream().write(request, 0, octets);
      inside.getOutputStream().flush();
      plain.shutdownOutput();
      plain.getInputStream().transferTo(ByteArrayOutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends all, and cuts the connection when so many octets of the answer were read: answers these. */
  public byte[] cutAfterReading(byte[] request, int octets) {
    try (Socket plain = plain()) {
      SSLSocket inside = inside(plain);
      inside.getOutputStream().write(request);
      inside.getOutputStream().flush();
      InputStream in = inside.getInputStream();
      return in.readNBytes(octets);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A stream that stays open while a test does something else. */
  public OpenStream open(String batch) throws IOException {
    Socket plain = plain();
    SSLSocket inside = inside(plain);
    inside
        .getOutputStream()
        .write(("POST " + path(batch)
                + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    return new OpenStream(
        plain,
        inside.getOutputStream(),
        new BufferedReader(new InputStreamReader(inside.getInputStream(), StandardCharsets.UTF_8)));
  }

  /** One row after the other. */
  public record OpenStream(Socket plain, OutputStream out, BufferedReader in) implements Closeable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What the server answers to a row. */
    public JsonNode answer(String row) throws IOException {
      String chunk = Integer.toHexString(row.length() + 1) + "\r\n" + row + "\n\r\n";
      out.write(chunk.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith("{")) {
          return JSON.readTree(line);
        }
      }
      throw new AssertionError("the stream has ended");
    }

    @Override
    public void close() throws IOException {
      plain.close();
    }
  }

  private Socket plain() throws IOException {
    URI address = URI.create(wire.devices());
    Socket plain = new Socket(address.getHost(), address.getPort());
    plain.setSoTimeout(PATIENCE_MILLIS);
    return plain;
  }

  private SSLSocket inside(Socket plain) throws IOException {
    SSLSocket inside =
        (SSLSocket) tls.getSocketFactory().createSocket(plain, "localhost", plain.getPort(), false);
    inside.startHandshake();
    return inside;
  }
}
