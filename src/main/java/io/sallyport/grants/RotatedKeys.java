package io.sallyport.grants;

import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;
import java.util.List;

/** Rotates in the database, and on this node at once. */
@Singleton
final class RotatedKeys implements GrantKeys {
  private final TokenKeys keys;
  private final StoredKeyTerms terms;

  RotatedKeys(TokenKeys keys, StoredKeyTerms terms) {
    this.keys = keys;
    this.terms = terms;
  }

  @Override
  public List<GrantKey> published() {
    return keys.published();
  }

  @Override
  public List<GrantKey> rotate(boolean compromised, Actor actor) {
    terms.rotate(compromised, actor);
    keys.readAgain();
    return keys.published();
  }
}
