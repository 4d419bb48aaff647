package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What devices are given to trust (RFC 7030 §4.1), and which of them has what. */
public interface TrustBundles {
  /**
   * The certificates that go with an authority, its own first: those above it, those of its predecessors and successors,
   * and by which roots certified each other.
   *
   * @param digest over the certificates in the order of their digests
   * @param authorities the names of those whose own certificates are in it
   */
  record Bundle(Digest digest, List<Der> certificates, List<String> authorities) {
    public Bundle {
      certificates = List.copyOf(certificates);
      authorities = List.copyOf(authorities);
    }
  }

  /**
   * What a device fetched last.
   *
   * @param authorities the names of those whose certificates it got
   */
  record Fetched(Digest bundle, Instant at, List<String> authorities) {
    public Fetched {
      authorities = List.copyOf(authorities);
    }
  }

  /** From memory; refuses with {@code unknown-authority}. */
  Bundle of(String authority);

  /** Notes that a device was given this bundle. */
  void fetched(UUID device, Bundle bundle);

  /** What a device fetched last while it showed its certificate; empty when it never did. */
  Optional<Fetched> fetched(UUID device);

  /** How many devices were last given a bundle with this authority's certificate. */
  long holders(String authority);
}
