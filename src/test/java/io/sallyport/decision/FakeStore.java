package io.sallyport.decision;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A log in a list; it can fail. */
final class FakeStore implements DecisionStore {
  final List<List<DecisionRow>> batches = new ArrayList<>();
  final List<EssentialUse> uses = new ArrayList<>();
  boolean away;

  @Override
  public void decisions(UUID batch, List<DecisionRow> rows) {
    there();
    batches.add(List.copyOf(rows));
  }

  @Override
  public void essential(List<EssentialUse> used) {
    there();
    uses.addAll(used);
  }

  private void there() {
    if (away) {
      throw new IllegalStateException("the database is away");
    }
  }
}
