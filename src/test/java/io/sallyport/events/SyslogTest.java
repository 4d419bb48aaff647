package io.sallyport.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.LogEntry;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Follower;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.Page;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class SyslogTest {
  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");

  @Test
  void aFactIsACefEventInASyslogMessage() {
    assertEquals(
        "<109>1 2026-03-01T12:00:00.123456Z gate sallyport - device.quarantined - "
            + "CEF:0|Sallyport|Sallyport|1.0|device.quarantined|device quarantined|3|"
            + "rt=1772366400123 externalId=00000000-0000-0000-0000-000000000007 "
            + "suser=operator:admin cn1Label=position cn1=7 cs1Label=device cs1=cam-7 "
            + "reason=seen scanning msg=reason: seen scanning;",
        SyslogMessage.text(
            entry(7, "device.quarantined", Map.of("reason", "seen scanning")), "gate", "1.0"));
  }

  @Test
  void nobodyForgesAFieldOrALine() {
    String text = SyslogMessage.text(
        entry(1, "device.quarantined", Map.of("reason", "a=b\nCEF:0|x|\\ cs1=other\r\u0007")),
        "gate",
        "1|0");
    assertEquals(1, text.lines().count());
    assertTrue(text.contains("|Sallyport|1\\|0|"), text);
    assertTrue(text.contains("reason=a\\=b\\nCEF:0|x|\\\\ cs1\\=other\\r? "), text);
  }

  @Test
  void aFrameTellsItsLengthInOctets() {
    byte[] frame =
        SyslogMessage.frame(entry(1, "device.quarantined", Map.of("reason", "é")), "gate", "1.0");
    String text = new String(frame, StandardCharsets.UTF_8);
    int space = text.indexOf(' ');
    assertEquals(
        Integer.parseInt(text.substring(0, space)),
        text.substring(space + 1).getBytes(StandardCharsets.UTF_8).length);
  }

  @Test
  void everyFactReachesTheCollectorInOrderAlsoAfterItWasAway() throws Exception {
    try (Collector collector = new Collector(null)) {
      Export export = new Export(collector.address(), false, Optional.empty());
      export.give(1, 3);
      assertEquals(List.of("1", "2", "3"), collector.read(3));

      collector.hangUp();
      export.give(4, 1500);
      assertEquals("1500", collector.read(1497).getLast());
    }
  }

  @Test
  void aCollectorThatIsAwayIsAFailureThatIsTriedAgain() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Export export = new Export("127.0.0.1:" + port, false, Optional.empty());
    assertThrows(RuntimeException.class, () -> export.give(1, 1));
  }

  @ParameterizedTest(name = "TLS {0}")
  @ValueSource(booleans = {false, true})
  void aCollectorThatDoesNotReadHoldsUpNothingForEver(boolean tls, @TempDir Path folder)
      throws Exception {
    TestPki.Manufacturer authority = TestPki.manufacturer("Collectors");
    Path trusted = Files.writeString(folder.resolve("trusted.pem"), authority.pem());
    try (Collector collector = new Collector(tls ? server(authority) : null)) {
      Export export = new Export(
          collector.address(), tls, tls ? Optional.of(trusted.toString()) : Optional.empty());
      // More than the buffers of both ends hold.
      assertThrows(UncheckedIOException.class, () -> export.give(1, 50_000));
      collector.accepted.take().close();

      export.give(1, 2);

      assertEquals(List.of("1", "2"), collector.read(2));
    }
  }

  @Test
  void overTlsOnlyToACollectorThatTheTrustFileVouchesFor(@TempDir Path folder) throws Exception {
    TestPki.Manufacturer authority = TestPki.manufacturer("Collectors");
    TestPki.Identity server = server(authority);
    Path trusted = Files.writeString(folder.resolve("trusted.pem"), authority.pem());
    Path other = Files.writeString(
        folder.resolve("other.pem"), TestPki.manufacturer("Others").pem());
    try (Collector collector = new Collector(server)) {
      new Export(collector.address(), true, Optional.of(trusted.toString())).give(1, 2);
      assertEquals(List.of("1", "2"), collector.read(2));
      Export mistaken = new Export(collector.address(), true, Optional.of(other.toString()));
      assertThrows(RuntimeException.class, () -> mistaken.give(1, 1));
    }
  }

  @Test
  void anAddressWithoutAPortIsRefusedAtTheStart() {
    String complaint = assertThrows(
            IllegalArgumentException.class,
            () -> new Export("collector.example", true, Optional.empty()))
        .getMessage();
    assertEquals("sallyport.syslog.address must be host:port, not collector.example.", complaint);
  }

  @Test
  void withoutAnAddressNothingIsFollowed() {
    FakeChanges changes = new FakeChanges();
    SyslogExport export =
        new SyslogExport(changes, new FakeLog(), settings(null, true, Optional.empty()), "1.0");
    export.start(new StartupEvent());
    export.stop(new ShutdownEvent());
    assertFalse(changes.followed);
  }

  private static TestPki.Identity server(TestPki.Manufacturer authority) throws IOException {
    KeyPair keys = TestPki.key();
    ExtensionsGenerator names = new ExtensionsGenerator();
    names.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.iPAddress, "127.0.0.1")));
    Instant authorityFrom = authority.authority().certificate().getNotBefore().toInstant();
    return new TestPki.Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("CN=collector"),
            keys,
            authority.authority(),
            authorityFrom,
            authorityFrom.plus(Duration.ofDays(30)),
            false,
            names)));
  }

  private static SSLContext tls(TestPki.Identity identity) {
    try {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(null, null);
      keys.setKeyEntry(
          "server",
          identity.keys().getPrivate(),
          new char[0],
          identity.chain().toArray(Certificate[]::new));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(keys, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(factory.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static LogEntry entry(long position, String kind, Map<String, String> detail) {
    UUID id = new UUID(0, position);
    MerkleLeaf leaf =
        MerkleLeaf.of(id, AT, kind, "operator:admin", "device", "cam-" + position, detail);
    return new LogEntry(
        position,
        id,
        AT,
        kind,
        "operator:admin",
        "device",
        "cam-" + position,
        detail,
        leaf,
        Digest.of(new byte[0]));
  }

  private static SyslogSettings settings(
      @Nullable String address, boolean tls, Optional<String> trustFile) {
    return new SyslogSettings() {
      @Override
      public Optional<String> address() {
        return Optional.ofNullable(address);
      }

      @Override
      public boolean tls() {
        return tls;
      }

      @Override
      public Optional<String> trustFile() {
        return trustFile;
      }
    };
  }

  private static final class Export {
    private final FakeChanges changes = new FakeChanges();

    Export(String address, boolean tls, Optional<String> trustFile) {
      new SyslogExport(
              changes,
              new FakeLog(),
              settings(address, tls, trustFile),
              "1.0",
              Duration.ofSeconds(2))
          .start(new StartupEvent());
    }

    void give(long first, long last) {
      List<Change> some = new ArrayList<>();
      for (long position = first; position <= last; position++) {
        some.add(new Change(
            position, new UUID(0, position), "device.quarantined", "device", "cam-" + position));
      }
      changes.follower.changed(some);
    }
  }

  private static final class FakeChanges implements Changes {
    boolean followed;
    Follower follower = some -> {
      throw new AssertionError("nobody follows");
    };

    @Override
    public long position() {
      return 0;
    }

    @Override
    public List<Change> after(long position, int limit) {
      return List.of();
    }

    @Override
    public @Nullable Confirmation confirmed() {
      return null;
    }

    @Override
    public Following follow(String name, long position, Follower other) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Following followOnce(String job, Follower other) {
      followed = true;
      follower = other;
      return () -> {};
    }
  }

  private static final class FakeLog implements AuditLog {
    @Override
    public Page<LogEntry> entries(
        long after, int limit, @Nullable String subject, @Nullable String kind) {
      List<LogEntry> entries = new ArrayList<>();
      for (long position = after + 1; position <= after + limit; position++) {
        entries.add(SyslogTest.entry(position, "device.quarantined", Map.of("reason", "a test")));
      }
      return new Page<>(entries, null);
    }

    @Override
    public Page<LogEntry> newest(
        long before, int limit, @Nullable String subject, @Nullable String kind) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<LogEntry> entry(long position) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Page<Leaf> leaves(long after, int limit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Page<Checkpoint> checkpoints(long afterSize, int limit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<Checkpoint> latest() {
      return Optional.empty();
    }

    @Override
    public String verifierKey() {
      return "";
    }

    @Override
    public Optional<Checkpoint> sealNow() {
      return Optional.empty();
    }
  }

  /** Takes connections one after another, in a thread of its own, and reads their frames. */
  private static final class Collector implements AutoCloseable {
    private final ServerSocket listening;
    private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
    private @Nullable Socket connection;

    Collector(TestPki.@Nullable Identity identity) throws IOException {
      InetAddress here = InetAddress.getByName("127.0.0.1");
      this.listening = identity == null
          ? new ServerSocket(0, 5, here)
          : tls(identity).getServerSocketFactory().createServerSocket(0, 5, here);
      Thread.startVirtualThread(this::accept);
    }

    private void accept() {
      while (!listening.isClosed()) {
        try {
          Socket next = listening.accept();
          if (next instanceof SSLSocket secured) {
            secured.startHandshake();
          }
          accepted.add(next);
        } catch (IOException e) {
          // A client that did not trust this, or the end of the test.
        }
      }
    }

    String address() {
      return "127.0.0.1:" + listening.getLocalPort();
    }

    void hangUp() throws IOException {
      if (connection != null) {
        connection.close();
        connection = null;
      }
    }

    /** The positions in the next frames. */
    List<String> read(int frames) throws IOException, InterruptedException {
      if (connection == null) {
        connection = accepted.take();
      }
      InputStream in = connection.getInputStream();
      List<String> positions = new ArrayList<>();
      for (int i = 0; i < frames; i++) {
        StringBuilder length = new StringBuilder();
        for (int octet = in.read(); octet != ' '; octet = in.read()) {
          assertTrue(octet >= '0' && octet <= '9', "a frame begins with its length");
          length.append((char) octet);
        }
        String message =
            new String(in.readNBytes(Integer.parseInt(length.toString())), StandardCharsets.UTF_8);
        positions.add(message.replaceAll(".* cn1=(\\d+) .*", "$1"));
      }
      return positions;
    }

    @Override
    public void close() throws IOException {
      hangUp();
      listening.close();
    }
  }
}
