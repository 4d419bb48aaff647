package io.sallyport.bench;

import io.sallyport.kernel.Der;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities;
import io.sallyport.pki.CertificateRequest;
import jakarta.inject.Singleton;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

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
    List<Der> requests = requests();
    // The first one warms up.
    rate(requests, settings.benchTime());
    double rate = rate(requests, settings.benchTime());
    return Figure.of(name(), rate, "devices/s", rate, "itself");
  }

  private static List<Der> requests() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    List<Der> requests = new ArrayList<>();
    for (int i = 0; i < BLOCK; i++) {
      KeyPair pair = generator.generateKeyPair();
      requests.add(Der.of(
          new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=bare-" + i), pair.getPublic())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
              .getEncoded()));
    }
    return requests;
  }

  private double rate(List<Der> requests, Duration time) throws Exception {
    UUID key = authorities.get(Authorities.DEVICES).signingKey();
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
