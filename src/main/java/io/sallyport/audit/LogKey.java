package io.sallyport.audit;

import io.sallyport.kernel.SignedNote;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.control.ActivateRequestContext;
import jakarta.transaction.Transactional;
import jakarta.transaction.Transactional.TxType;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** The log's key, made on first use, by one node only. */
@ApplicationScoped
class LogKey {
  private static final String PURPOSE = "log";
  private static final String LOCK =
      "select pg_advisory_xact_lock(hashtextextended('sallyport.log.key', 0))";

  private final DataSource database;
  private final Keys keys;
  private final String origin;

  LogKey(DataSource database, Keys keys, AuditSettings settings) {
    this.database = database;
    this.keys = keys;
    this.origin = settings.origin();
  }

  @Transactional(TxType.REQUIRES_NEW)
  KeyHandle handle() {
    return keys.of(PURPOSE).stream().findFirst().orElseGet(this::made);
  }

  @ActivateRequestContext
  byte[] sign(KeyHandle handle, byte[] text) {
    return keys.sign(handle.id(), text);
  }

  SignedNote.VerifierKey named(KeyHandle handle) {
    return SignedNote.VerifierKey.of(origin, handle.subjectPublicKeyInfo());
  }

  private KeyHandle made() {
    try (Connection transaction = database.getConnection();
        Statement lock = transaction.createStatement()) {
      lock.execute(LOCK);
    } catch (SQLException e) {
      throw new IllegalStateException("the log's key could not be made", e);
    }
    return keys.of(PURPOSE).stream()
        .findFirst()
        .orElseGet(() -> keys.generate(KeyAlgorithm.ED25519, PURPOSE));
  }
}
