package io.sallyport.door.feed;

import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcer;
import io.sallyport.enforcement.PointKind;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Points with a feed are told by it, and confirm by themselves: with an acknowledgement, or by fetching their list. */
@Singleton
final class FollowerEnforcers {
  @Produces
  @Singleton
  Enforcer nftables() {
    return new ByFeed(PointKind.NFTABLES, "in its feed; it acknowledges when the kernel has it");
  }

  @Produces
  @Singleton
  Enforcer list() {
    return new ByFeed(PointKind.LIST, "off its list; it is confirmed when the list is fetched");
  }

  private record ByFeed(PointKind kind, String words) implements Enforcer {
    @Override
    public Answer tell(Enforcement enforcement) {
      return new Told(words);
    }
  }
}
