package io.sallyport.boot;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.sallyport.keys.CryptoProvider;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Starts the server: options, database, then Quarkus. */
@QuarkusMain
public final class Server implements QuarkusApplication {
  /** Made by the build; initialising it is half of the start. */
  private static final String APPLICATION = "io.quarkus.runner.ApplicationImpl";

  private static final int EXIT_CONFIGURATION = 78;
  private static final int ENDS_WITHIN_SECONDS = 30;

  /** {@code serve} and its options; every other command lives in the command line. */
  public static void main(String... arguments) {
    // Two things that take long and need little of each other go on while the classes are loaded.
    Thread cryptography =
        Thread.ofPlatform().name("install-cryptography").start(CryptoProvider::install);
    @Nullable OwnDatabase database;
    try {
      database = Preparation.of(arguments).run();
      load();
      cryptography.join();
      if (database != null) {
        database.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (StartRefused refused) {
      System.err.println(refused.getMessage());
      System.exit(EXIT_CONFIGURATION);
      return;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> await(ended), "await-end"));
    Quarkus.run(Server.class, (code, failure) -> {
      try {
        if (failure != null) {
          System.err.println(Causes.sentence(failure));
        }
        if (database != null) {
          database.stop();
        }
      } finally {
        ended.countDown();
        Runtime.getRuntime()
            .halt(failure != null && Causes.refused(failure) ? EXIT_CONFIGURATION : code);
      }
    });
  }

  /** Loads the application, which would be done next anyway. */
  private static void load() {
    try {
      Class.forName(APPLICATION);
    } catch (ClassNotFoundException | LinkageError e) {
      // What is wrong is told when it is started.
    }
  }

  /** After a signal the JVM would end as soon as Quarkus has stopped, and the database would live on. */
  private static void await(CountDownLatch ended) {
    try {
      if (!ended.await(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS)) {
        System.err.println(
            "The server does not end in order; its database may live on until the next start.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public int run(String... arguments) {
    Quarkus.waitForExit();
    return 0;
  }
}
