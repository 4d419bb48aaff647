package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.enrollment.TokenTable.Locked;
import io.sallyport.enrollment.TokenTable.Use;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.PkiProblem;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.TransactionSynchronizationRegistry;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Counts uses of tokens in issuing transactions, those of one transaction together. Whoever else uses a token waits until
 * that transaction ends, so that it is never good for more than it says.
 */
@ApplicationScoped
class TokenUses {
  private static final Object EXPECTED = new Object();

  private final DataSource database;
  private final TransactionSynchronizationRegistry transaction;
  private final Audit audit;
  private final Clock clock;

  TokenUses(
      DataSource database,
      TransactionSynchronizationRegistry transaction,
      Audit audit,
      Clock clock) {
    this.database = database;
    this.transaction = transaction;
    this.audit = audit;
    this.clock = clock;
  }

  /** Of the transaction under way: what is still to be counted, and what became of the rest. */
  private record Expected(Set<Use> waiting, Map<Use, Refusal> refused, Set<Use> counted) {}

  private Expected expected() {
    if (transaction.getResource(EXPECTED) instanceof Expected known) {
      return known;
    }
    Expected fresh = new Expected(new LinkedHashSet<>(), new HashMap<>(), new HashSet<>());
    transaction.putResource(EXPECTED, fresh);
    return fresh;
  }

  /** That {@link #count} will be asked for the same in this transaction. */
  @Transactional(Transactional.TxType.MANDATORY)
  void expect(Use use) {
    Expected expected = expected();
    if (!expected.counted.contains(use)) {
      expected.waiting.add(use);
    }
  }

  /** One use for an order, which may come again. */
  @Transactional(Transactional.TxType.MANDATORY)
  void count(Use use) {
    Expected expected = expected();
    if (!expected.counted.contains(use)) {
      expected.waiting.add(use);
      Set<Use> all = Set.copyOf(expected.waiting);
      expected.waiting.clear();
      expected.refused.putAll(count(all));
      expected.counted.addAll(all);
    }
    Refusal refusal = expected.refused.get(use);
    if (refusal != null) {
      throw refusal;
    }
  }

  /** Refusals, for which the transaction is given up. */
  private Map<Use, Refusal> count(Set<Use> all) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    Map<Use, Refusal> refused = new HashMap<>();
    Map<UUID, Integer> more = new HashMap<>();
    List<Fact> facts = new ArrayList<>();
    try (Connection connection = database.getConnection()) {
      TokenTable table = new TokenTable(connection);
      Map<UUID, Locked> locked =
          table.lock(all.stream().map(Use::token).collect(Collectors.toSet()));
      for (Use use : table.add(all, now)) {
        Locked token = Objects.requireNonNull(locked.get(use.token()));
        int before = more.getOrDefault(use.token(), 0);
        Refusal refusal = refusal(token, before, now);
        if (refusal != null) {
          refused.put(use, refusal);
          continue;
        }
        more.put(use.token(), before + 1);
        if (!token.ofOne() || token.uses() > 1) {
          // Of a token with one use for one device the certificate itself tells.
          facts.add(Fact.of("token.used", Actor.device(use.device()), "token", use.token())
              .with("device", use.device())
              .with("request", use.request()));
        }
      }
      if (!more.isEmpty()) {
        table.count(more, now);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the uses of tokens could not be counted", e);
    }
    audit.recordAll(facts);
    return refused;
  }

  private static @Nullable Refusal refusal(Locked token, int before, Instant now) {
    if (token.used() + before >= token.uses()) {
      return new Refusal(
          PkiProblem.AUTHENTICATION_SPENT,
          token.uses() == 1
              ? "The token was used; ask for a new one."
              : "All uses of the token are spent; ask for a new one.");
    }
    return token.expiresAt().isAfter(now)
        ? null
        : new Refusal(EnrollmentProblem.WRONG_TOKEN, "The enrollment token has expired.");
  }
}
