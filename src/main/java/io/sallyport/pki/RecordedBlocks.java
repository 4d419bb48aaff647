package io.sallyport.pki;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Drafts.Draft;
import io.sallyport.pki.IssuanceBlocks.Asked;
import io.sallyport.pki.Prepared.Signed;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jboss.logging.Logger;

/** The four steps of an issuance (see {@link RecordedIssuance}) for a block of certificates. */
@ApplicationScoped
class RecordedBlocks implements BulkIssuance {
  private static final Logger LOG = Logger.getLogger(RecordedBlocks.class);

  private final IssuanceBlocks blocks;
  private final Drafts drafts;
  private final SigningGates gates;
  private final Keys keys;
  private final MeterRegistry meters;

  RecordedBlocks(
      IssuanceBlocks blocks, Drafts drafts, SigningGates gates, Keys keys, MeterRegistry meters) {
    this.blocks = blocks;
    this.drafts = drafts;
    this.gates = gates;
    this.keys = keys;
    this.meters = meters;
  }

  @Override
  public List<Outcome> issue(UUID scope, List<Piece> pieces, BlockGuard guard, Actor actor) {
    if (pieces.size() > MOST) {
      throw new IllegalArgumentException("a block has at most " + MOST + " certificates");
    }
    Timer.Sample sample = Timer.start(meters);
    Map<Integer, Outcome> outcomes = new HashMap<>();
    Map<Integer, Asked> asked = new TreeMap<>();
    for (int i = 0; i < pieces.size(); i++) {
      try {
        asked.put(i, new Asked(drafts.of(pieces.get(i).order()), pieces.get(i)));
      } catch (Refusal refusal) {
        outcomes.put(i, new Outcome.Refused(refusal));
      }
    }
    if (!asked.isEmpty()) {
      outcomes.putAll(run(scope, asked, guard, actor));
    }
    List<Outcome> all = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Outcome outcome = Objects.requireNonNull(outcomes.get(i));
      all.add(outcome);
      count(sample, pieces.get(i), outcome);
    }
    return all;
  }

  private Map<Integer, Outcome> run(
      UUID scope, Map<Integer, Asked> asked, BlockGuard guard, Actor actor) {
    // 1. Prepare: after this the serials exist, whatever happens.
    IssuanceBlocks.Preparation block = blocks.prepare(scope, asked, guard);
    Map<Integer, Outcome> outcomes = new HashMap<>(block.refused());
    if (block.prepared().isEmpty()) {
      return outcomes;
    }
    try {
      // 2. Sign, each once, in no transaction; an authority that was revoked signs no more.
      Map<Integer, Signed> signed = new TreeMap<>();
      block.prepared().forEach((index, prepared) -> signed.put(index, sign(prepared)));
      // 3. Compare with what was recorded. 4. Record, unless a device was revoked meanwhile.
      outcomes.putAll(blocks.finish(block.id(), signed, guard, actor));
      return outcomes;
    } catch (RuntimeException | Error failure) {
      abandon(block.id());
      throw failure;
    }
  }

  private Signed sign(Prepared prepared) {
    Draft draft = prepared.draft();
    return gates.sign(draft.issuer().authority().name(), () -> prepared.sign(keys));
  }

  /** So that whoever asks again need not wait until the block is found to be left behind. */
  private void abandon(UUID block) {
    try {
      blocks.close(block);
    } catch (RuntimeException later) {
      LOG.warnf("Block %s of certificates is closed later: %s", block, later.getMessage());
    }
  }

  private void count(Timer.Sample sample, Piece piece, Outcome outcome) {
    sample.stop(Timer.builder("sallyport.issuance")
        .description("Certificates asked for, by certificate profile and outcome")
        .tag("profile", piece.order().certificateProfile().name())
        .tag("outcome", outcome instanceof Outcome.Issued ? "issued" : "refused")
        .register(meters));
  }

  @Override
  public Set<UUID> underWay(Collection<UUID> ids) {
    return blocks.underWay(ids);
  }

  @Override
  public boolean isUnderWay(UUID scope) {
    return blocks.isUnderWay(scope);
  }
}
