package io.sallyport.bench;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateRequest;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.pkcs.CertificationRequestInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** The least that a batch costs: of each block the requests read and checked, the signatures, and two durable commits of a row. */
@Singleton
final class BareBatchProbe implements Probe {
  private static final int BLOCK = 256;
  private static final int TBS_OCTETS = 600;

  private final DataSource database;
  private final Keys keys;
  private final Authorities authorities;
  private final BenchSettings settings;

  BareBatchProbe(DataSource database, Keys keys, Authorities authorities, BenchSettings settings) {
    this.database = database;
    this.keys = keys;
    this.authorities = authorities;
    this.settings = settings;
  }

  @Override
  public String name() {
    return "bare-batch";
  }

  @Override
  public boolean isBare() {
    return true;
  }

  @Override
  public Figure measure() throws Exception {
    try (Connection connection = database.getConnection();
        Statement table = connection.createStatement()) {
      table.execute("create table if not exists bench_commit (n bigint)");
    }
    UUID key = authorities.get(Authorities.DEVICES).signingKey();
    List<Der> requests = requests(key);
    // The first one warms up.
    rate(key, requests, settings.benchTime());
    double rate = rate(key, requests, settings.benchTime());
    return Figure.of(name(), rate, "devices/s", rate, "itself");
  }

  /** One, again and again: to read and check it costs the same each time. */
  private List<Der> requests(UUID id) throws IOException {
    KeyHandle key = keys.get(id);
    CertificationRequestInfo info = new CertificationRequestInfo(
        new X500Name("CN=bare"),
        SubjectPublicKeyInfo.getInstance(key.subjectPublicKeyInfo().octets()),
        new DERSet());
    CertificationRequest request = new CertificationRequest(
        info,
        new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256),
        new DERBitString(keys.sign(id, info.getEncoded(ASN1Encoding.DER))));
    return Collections.nCopies(BLOCK, Der.of(request.getEncoded(ASN1Encoding.DER)));
  }

  private double rate(UUID key, List<Der> requests, Duration time) throws Exception {
    int threads = Runtime.getRuntime().availableProcessors();
    AtomicLong done = new AtomicLong();
    long start = System.nanoTime();
    long end = start + time.toNanos();
    try (ExecutorService pool =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(pool.submit(() -> {
          loop(requests, key, end, done);
          return null;
        }));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
    }
    return done.get() * 1e9 / (System.nanoTime() - start);
  }

  private void loop(List<Der> requests, UUID key, long end, AtomicLong done) throws SQLException {
    byte[] tbs = new byte[TBS_OCTETS];
    try (Connection connection = database.getConnection();
        PreparedStatement insert =
            connection.prepareStatement("insert into bench_commit values (?)")) {
      while (System.nanoTime() < end) {
        requests.forEach(CertificateRequest::read);
        insert.setLong(1, done.get());
        insert.executeUpdate();
        for (int i = 0; i < BLOCK; i++) {
          keys.sign(key, tbs);
        }
        insert.executeUpdate();
        done.addAndGet(BLOCK);
      }
    }
  }
}
