package io.sallyport.boot;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.sallyport.keys.CryptoProvider;
import org.jspecify.annotations.Nullable;

/** Starts the server: options, database, then Quarkus. */
@QuarkusMain
public final class Server implements QuarkusApplication {
  private static final int EXIT_CONFIGURATION = 78;

  /** {@code serve} and its options; every other command lives in the command line. */
  public static void main(String... arguments) {
    CryptoProvider.install();
    @Nullable OwnDatabase database;
    try {
      database = Preparation.of(arguments).run();
    } catch (StartRefused refused) {
      System.err.println(refused.getMessage());
      System.exit(EXIT_CONFIGURATION);
      return;
    }
    Quarkus.run(
        Server.class,
        (code, failure) -> {
          if (failure != null) {
            System.err.println(Causes.sentence(failure));
          }
          if (database != null) {
            database.stop();
          }
          Runtime.getRuntime().halt(code);
        });
  }

  @Override
  public int run(String... arguments) {
    Quarkus.waitForExit();
    return 0;
  }
}
