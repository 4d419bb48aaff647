package io.sallyport.boot;

import io.quarkus.arc.All;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpsServerStart;
import io.sallyport.admin.MasterKeyRotation;
import io.sallyport.audit.AuditLog;
import io.sallyport.door.Door;
import io.sallyport.door.StatusDoor;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.CryptoProvider;
import io.sallyport.keys.Keys;
import io.sallyport.marks.Marks;
import io.sallyport.pki.CrlPublisher;
import io.sallyport.pki.UnfinishedSerials;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.enterprise.inject.Instance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * The order in which a server comes up: what it needs is made before anything else observes the start, and the fronts
 * open when everything else stands.
 */
@ApplicationScoped
class StartUp {
  /** After the settings were told and the nodes joined, before anything is done with the database. */
  private static final int MARKS = 60;
  /** Before every other observer of the start but those. */
  private static final int FIRST = 100;
  /** After every other observer of the start. */
  private static final int LAST = 9000;

  private static final int MAINTENANCE_SECONDS = 30;
  private static final int IDLE_SECONDS = 60;
  private static final int LONGEST_LINE = 8192;
  private static final int LONGEST_HEADERS = 16 * 1024;
  private static final Logger LOG = Logger.getLogger(StartUp.class);

  private final ScheduledExecutorService maintenance = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("maintenance").factory());
  private final List<Front> fronts = new ArrayList<>();
  private final BootSettings settings;
  private final Durability durability;
  private final FirstStart firstStart;
  private final ServerCertificate certificate;
  private final UnfinishedSerials unfinished;
  private final CrlPublisher crls;
  private final AuditLog log;
  private final Keys keys;
  private final MasterKeyRotation masterKeys;
  private final Marks marks;

  StartUp(
      BootSettings settings,
      Durability durability,
      FirstStart firstStart,
      ServerCertificate certificate,
      UnfinishedSerials unfinished,
      CrlPublisher crls,
      AuditLog log,
      Keys keys,
      MasterKeyRotation masterKeys,
      Marks marks) {
    this.settings = settings;
    this.durability = durability;
    this.firstStart = firstStart;
    this.certificate = certificate;
    this.unfinished = unfinished;
    this.crls = crls;
    this.log = log;
    this.keys = keys;
    this.masterKeys = masterKeys;
    this.marks = marks;
  }

  void compare(@Observes @Priority(MARKS) StartupEvent event) {
    try {
      marks.begin();
    } catch (Refusal refusal) {
      throw new StartRefused(refusal.detail());
    }
  }

  void prepare(@Observes @Priority(FIRST) StartupEvent event) {
    LOG.infof("Cryptography by %s", CryptoProvider.install());
    durability.require();
    if (serving()) {
      firstStart.run(certificate::renew);
      int closed = unfinished.closeAbandoned();
      if (closed > 0) {
        LOG.infof("Closed %d serials that were never finished", closed);
      }
    } else {
      firstStart.run(certificate::keep);
    }
    crls.start();
  }

  private boolean serving() {
    return marks.refusal() == null;
  }

  void open(
      @Observes @Priority(LAST) StartupEvent event,
      Vertx vertx,
      @All List<Door> doors,
      Instance<StatusDoor> statusDoors,
      Observed observed) {
    if (serving()) {
      crls.awaitLists();
    }
    fronts.add(Front.open(
        vertx, deviceFront(), observed.failuresOn(Observed.DEVICES), () -> !serving(), router -> {
          observed.requests(Observed.DEVICES, router);
          doors.forEach(door -> door.mount(router));
        }));
    fronts.add(Front.open(
        vertx,
        plain().setPort(settings.httpPort()),
        observed.failuresOn(Observed.STATUS),
        () -> !serving(),
        router -> {
          observed.requests(Observed.STATUS, router);
          statusDoors.forEach(door -> door.mount(router));
        }));
    maintenance.scheduleWithFixedDelay(
        this::maintain, MAINTENANCE_SECONDS, MAINTENANCE_SECONDS, TimeUnit.SECONDS);
    writeAddresses();
  }

  /** The front for people opens last. */
  void announce(@ObservesAsync HttpsServerStart event) {
    LOG.infof(
        "Sallyport is ready: devices %s, people %s, status %s", devices(), people(), status());
  }

  private HttpServerOptions plain() {
    return new HttpServerOptions()
        .setHost(settings.listen())
        .setIdleTimeout(IDLE_SECONDS)
        .setHandle100ContinueAutomatically(true)
        .setMaxInitialLineLength(LONGEST_LINE)
        .setMaxHeaderSize(LONGEST_HEADERS);
  }

  private HttpServerOptions deviceFront() {
    return plain()
        .setPort(settings.httpsPort())
        .setSsl(true)
        .setUseAlpn(true)
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3", "TLSv1.2"))
        .setClientAuth(ClientAuth.REQUEST)
        .setKeyCertOptions(KeyCertOptions.wrap(keys.keyManager(certificate::identity)))
        .setTrustOptions(TrustOptions.wrap(new AnyClientCertificate()));
  }

  private void writeAddresses() {
    DataFolder folder = new DataFolder(Path.of(settings.data()));
    folder.write("log.vkey", log.verifierKey());
    folder.write(
        "server.json",
        new JsonObject()
            .put("devices", devices())
            .put("status", status())
            .put("people", people())
            .put("management", "http://localhost:" + settings.managementPort())
            .encodePrettily());
  }

  private String devices() {
    return "https://localhost:" + settings.httpsPort();
  }

  private String people() {
    return "https://localhost:" + settings.peoplePort();
  }

  private String status() {
    return "http://localhost:" + settings.httpPort();
  }

  private void maintain() {
    if (!serving()) {
      return;
    }
    maintain(unfinished::closeAbandoned);
    maintain(certificate::renew);
    maintain(masterKeys::goOn);
  }

  private static void maintain(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException failure) {
      LOG.warnf("Maintenance is put off: %s", failure.getMessage());
    }
  }

  void close(@Observes ShutdownEvent event) {
    maintenance.shutdownNow();
    fronts.forEach(Front::close);
    crls.stop();
  }
}
