package io.sallyport.decision;

import io.sallyport.kernel.Actor;
import io.sallyport.policy.PolicyCanaries;
import io.sallyport.policy.PolicyVersions.Outcome;
import java.util.List;
import java.util.Optional;

/** For decisions while nothing is tried on a share of the fleet. */
final class NoCanaries implements PolicyCanaries {
  @Override
  public Canary begin(Trial trial, Actor actor) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<Canary> newest() {
    return Optional.empty();
  }

  @Override
  public Outcome promote(Actor actor) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Canary abandon(Actor actor) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void expire() {}

  @Override
  public void count(long canary, List<Side> sides) {
    throw new UnsupportedOperationException();
  }
}
