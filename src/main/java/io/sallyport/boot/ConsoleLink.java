package io.sallyport.boot;

import io.sallyport.audit.FactRecorded;
import io.sallyport.kernel.Actor;
import io.sallyport.people.LocalPasswords;
import io.sallyport.people.Operators;
import io.sallyport.people.Realm;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import org.jboss.logging.Logger;

/**
 * The file {@code console-link}: where the first administrator sets a password, once. There while nobody has a password
 * and no realm is configured; whoever reads it may become administrator, so it is the owner's alone and never logged.
 */
@Singleton
final class ConsoleLink {
  private static final String FILE = "console-link";
  private static final String PATH = "/console/first/";
  private static final Logger LOG = Logger.getLogger(ConsoleLink.class);

  private final LocalPasswords passwords;
  private final Operators operators;
  private final Realm realm;
  private final BootSettings settings;

  ConsoleLink(LocalPasswords passwords, Operators operators, Realm realm, BootSettings settings) {
    this.realm = realm;
    this.passwords = passwords;
    this.operators = operators;
    this.settings = settings;
  }

  /** Leaves a link that is still good where it is. */
  void provide(DataFolder folder, String operator) {
    realm.fault().ifPresent(fault -> {
      throw new StartRefused(fault);
    });
    if (realm.enabled() || passwords.any() || operators.find(operator).isEmpty()) {
      folder.remove(FILE);
      return;
    }
    String base = "https://localhost:" + settings.peoplePort() + PATH;
    String secret = folder
        .read(FILE)
        .map(line -> line.substring(line.lastIndexOf('/') + 1))
        .filter(known -> passwords.byLink(known).isPresent())
        .orElseGet(() -> passwords.link(operator, Actor.SERVER).secret());
    folder.writeSecret(FILE, base + secret);
  }

  void used(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    if (recorded.fact().kind().equals(LocalPasswords.PASSWORD_SET)) {
      try {
        new DataFolder(Path.of(settings.data())).remove(FILE);
      } catch (RuntimeException failure) {
        LOG.warnf("%s", failure.getMessage());
      }
    }
  }
}
