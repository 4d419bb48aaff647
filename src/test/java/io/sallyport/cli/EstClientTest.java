package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.sallyport.kernel.Der;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAbsentContent;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EstClientTest {
  private final ManufacturingLine authority = new ManufacturingLine("Optica", Clock.systemUTC());
  private final Identity issued = authority.make("Eye 4", "1");
  private final Der request = Requests.forSubject(Requests.newKey(), Requests.deviceName("1"));
  private final Web web = new Web(List.of(), null);
  private HttpServer server;
  private int status = 200;
  private List<X509Certificate> sent = List.of(issued.leaf());
  private String path = "";

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      boolean cacerts = exchange.getRequestURI().getPath().endsWith("cacerts");
      path = cacerts ? path : exchange.getRequestURI().getRawPath();
      exchange.getRequestBody().readAllBytes();
      exchange
          .getResponseHeaders()
          .set("Content-Type", status == 200 ? "application/pkcs7-mime" : "text/plain");
      exchange.getResponseHeaders().set("Retry-After", "60");
      byte[] octets = cacerts ? certsOnly(List.of(authority.anchor())) : certsOnly(sent);
      octets = cacerts || status < 400 ? octets : "The device is gone.\n".getBytes();
      exchange.sendResponseHeaders(cacerts ? 200 : status, octets.length);
      exchange.getResponseBody().write(octets);
      exchange.close();
    });
    server.start();
  }

  @AfterEach
  void stopServer() {
    web.close();
    server.stop(0);
  }

  @Test
  void aCertificateForTheKeyThatLeadsToTheRootIsTaken() {
    EstClient.Issued taken = enroll(authority);
    assertEquals(issued.leaf(), taken.certificate());
    assertEquals(authority.anchor(), taken.root());
    assertEquals("/.well-known/est/a%20label/simpleenroll", path);
  }

  @Test
  void aCertificateForAnotherKeyIsNotTaken() {
    sent = List.of(authority.make("Eye 4", "2").leaf());
    assertEquals(
        "The server sent no certificate for the key that asked.",
        refusal(authority).sentence());
  }

  @Test
  void aCertificateOfAnotherRootIsNotTakenWhateverTheServerCallsItsAuthority() {
    assertEquals(
        "The certificate that came back does not lead to the trusted root.",
        refusal(new ManufacturingLine("Optica", Clock.systemUTC())).sentence());
  }

  /** What this authority makes begins an hour before its own time, so it is an hour too far ahead, or not at all. */
  @Test
  void aCertificateThatBeginsLaterByThisClockIsNotKeptAndTheClockIsNamed() {
    Identity later = ahead(Duration.ofHours(2)).make("Eye 4", "1");
    Failure failure = assertThrows(
        Failure.class, () -> EstClient.chain(later.leaf(), List.of(), List.of(authority.anchor())));
    assertEquals(ExitCode.REFUSED, failure.code());
    assertTrue(
        failure.sentence().contains("set the clock and repeat the command"), failure.sentence());
    assertTrue(
        failure.sentence().contains(later.leaf().getNotBefore().toInstant().toString()),
        failure.sentence());
  }

  @Test
  void aServerAnHourBehindIsNoneOfTheDevicesConcern() {
    ManufacturingLine behind = ahead(Duration.ofHours(-1));
    X509Certificate leaf = behind.make("Eye 4", "1").leaf();
    assertEquals(
        leaf, EstClient.chain(leaf, List.of(), List.of(behind.anchor())).certificate());
  }

  private static ManufacturingLine ahead(Duration by) {
    return new ManufacturingLine("Optica", Clock.offset(Clock.systemUTC(), by));
  }

  @Test
  void aRefusalIsToldInTheServersWords() {
    status = 403;
    assertEquals("The device is gone.", refusal(authority).sentence());
  }

  @Test
  void aPendingApprovalTellsWhenToComeBack() {
    status = 202;
    assertEquals(ExitCode.PENDING, refusal(authority).code());
    assertTrue(refusal(authority).sentence().contains("60 s"));
  }

  @Test
  void aKeyReadBackFromItsFileHasTheSamePublicHalf(@TempDir Path dir) {
    DeviceFolder folder = new DeviceFolder(dir);
    assertEquals(folder.key().getPublic(), folder.key().getPublic());
    assertTrue(Requests.belong(folder.key().getPrivate(), folder.key().getPublic()));
  }

  private Failure refusal(ManufacturingLine trusted) {
    return assertThrows(Failure.class, () -> enroll(trusted));
  }

  private EstClient.Issued enroll(ManufacturingLine trusted) {
    URI front = URI.create("http://localhost:" + server.getAddress().getPort());
    return new EstClient(front, web, List.of(trusted.anchor()))
        .enroll("simpleenroll", "a label", request, issued.leaf().getPublicKey(), "token");
  }

  private static byte[] certsOnly(List<X509Certificate> certificates) throws IOException {
    try {
      CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
      generator.addCertificates(new JcaCertStore(certificates));
      return Base64.getMimeEncoder()
          .encode(generator.generate(new CMSAbsentContent(), true).getEncoded());
    } catch (org.bouncycastle.cms.CMSException
        | java.security.cert.CertificateEncodingException e) {
      throw new IOException(e);
    }
  }
}
