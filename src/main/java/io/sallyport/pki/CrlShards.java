package io.sallyport.pki;

import io.sallyport.pki.Authorities.Authority;
import jakarta.inject.Singleton;
import java.math.BigInteger;

/**
 * Which of its authority's lists a certificate stands in once it is revoked. Decided when it is issued, stored with it and
 * named by its distribution point, so that another number of shards moves no certificate.
 */
@Singleton
final class CrlShards {
  /** Of the certificates of authorities: few, and looked for by whoever checks whole chains. */
  static final int OF_AUTHORITIES = 0;

  private final StatusSettings settings;

  CrlShards(StatusSettings settings) {
    this.settings = settings;
  }

  /** Lists that an authority's new certificates are spread over. A root certifies few: its list stays whole. */
  int count(Authority authority) {
    return authority.isRoot() ? 1 : settings.crlShards();
  }

  /** The shard of a certificate that is issued now; serials are random in their low octets. */
  int of(Authority authority, BigInteger serial) {
    return serial.mod(BigInteger.valueOf(count(authority))).intValue();
  }

  /** Where the list of a shard is to be had. */
  String url(String authority, int shard) {
    return url(settings.url(), authority, shard);
  }

  /** The same under another address. */
  static String url(String address, String authority, int shard) {
    return address + "/crl/" + authority + "/" + shard + ".crl";
  }

  /** Where the delta to the list of a shard is to be had. */
  String deltaUrl(String authority, int shard) {
    return settings.url() + "/crl/" + authority + "/" + shard + "-delta.crl";
  }
}
