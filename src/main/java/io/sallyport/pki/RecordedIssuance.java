package io.sallyport.pki;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedCommits;
import io.sallyport.keys.Keys;
import io.sallyport.pki.IssuanceStore.Asked;
import io.sallyport.pki.IssuanceStore.Completion;
import io.sallyport.pki.IssuanceStore.Finished;
import io.sallyport.pki.IssuanceStore.Preparation;
import io.sallyport.pki.Prepared.Signed;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Issuance in four steps: prepare (validated, linted, serial and TBSCertificate recorded), sign, compare, record. Equal
 * orders at the same time share one run, different ones share commits.
 */
@ApplicationScoped
class RecordedIssuance implements Issuance {
  /** Transactions of each step: while one waits for the disk, another works. */
  private static final int AT_ONCE = 2;
  /** Beyond this a commit costs little beside what it commits. */
  private static final int TOGETHER = 64;

  private final ConcurrentHashMap<String, CompletableFuture<Credential>> running =
      new ConcurrentHashMap<>();
  private final SharedCommits<Asked, Preparation> preparing;
  private final SharedCommits<Finished, Completion> finishing;
  private final Drafts drafts;
  private final SigningGates gates;
  private final Keys keys;
  private final MeterRegistry meters;

  RecordedIssuance(
      IssuanceStore store, Drafts drafts, SigningGates gates, Keys keys, MeterRegistry meters) {
    this.preparing = new SharedCommits<>("issuance-prepare", AT_ONCE, TOGETHER, store::prepare);
    this.finishing = new SharedCommits<>("issuance-finish", AT_ONCE, TOGETHER, store::finish);
    SharedCommits.alternate(preparing, finishing);
    this.drafts = drafts;
    this.gates = gates;
    this.keys = keys;
    this.meters = meters;
  }

  @Override
  public Credential issue(Order order, Guard guard, Actor actor) {
    String request = order.digest().hex();
    CompletableFuture<Credential> mine = new CompletableFuture<>();
    CompletableFuture<Credential> other = running.putIfAbsent(request, mine);
    if (other != null) {
      return join(other);
    }
    try {
      Credential credential = run(order, guard, actor);
      mine.complete(credential);
      return credential;
    } catch (RuntimeException | Error failure) {
      mine.completeExceptionally(failure);
      throw failure;
    } finally {
      running.remove(request, mine);
    }
  }

  private Credential run(Order order, Guard guard, Actor actor) {
    Timer.Sample sample = Timer.start(meters);
    String outcome = "failed";
    try {
      // 1. Prepare: after this the serial exists, whatever happens.
      Preparation preparation = preparing.call(() -> new Asked(drafts.of(order), guard));
      Credential credential = finish(preparation, actor);
      outcome = preparation instanceof Preparation.Retry ? "repeated" : "issued";
      return credential;
    } catch (Refusal refusal) {
      outcome = "refused";
      throw refusal;
    } finally {
      sample.stop(Timer.builder("sallyport.issuance")
          .description("Certificates asked for, by certificate profile and outcome")
          .tag("profile", order.certificateProfile().name())
          .tag("outcome", outcome)
          .register(meters));
    }
  }

  private Credential finish(Preparation preparation, Actor actor) {
    return switch (preparation) {
      case Preparation.Retry retry -> retry.credential();
      case Prepared prepared -> {
        // 4. Record, unless the device was revoked while this went on.
        yield switch (finishing.call(() -> new Finished(sign(prepared), actor))) {
          case Completion.Issued issued -> issued.credential();
          case Completion.RevokedMeanwhile ignored ->
            throw new Refusal(
                PkiProblem.REVOKED_MEANWHILE,
                "The device, or the authority that certifies it, was revoked while its certificate was made.");
          case Completion.Closed ignored ->
            throw new Refusal(
                PkiProblem.IN_PROGRESS, "The request took too long and was closed; repeat it.");
        };
      }
    };
  }

  /** 2. Sign, once, in no transaction; an authority that was revoked signs no more. 3. Verify what was signed. */
  private Signed sign(Prepared prepared) {
    return gates.sign(prepared.draft().issuer().authority().name(), () -> prepared.sign(keys));
  }

  private static Credential join(CompletableFuture<Credential> other) {
    try {
      return other.join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw failed;
    }
  }
}
