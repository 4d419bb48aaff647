package io.sallyport.devices;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import jakarta.persistence.EntityManager;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.security.auth.x500.X500Principal;

/** From an IDevID to the anchor that speaks for it, completed by authorities that earlier chains brought. */
final class TrustPaths {
  /** Authorities of one name, for instance before and after a new key. */
  private static final int MOST_OF_A_NAME = 4;
  /** How many chains are tried for one IDevID: each costs signatures to be checked. */
  private static final int MOST_TRIES = 8;

  /** A manufacturer has a few; a stolen authority could sign any number. */
  private static final int MOST_KEPT = 64;

  private static final String KEEP = """
      insert into manufacturer_intermediate (digest, anchor, subject, certificate, kept_at)
      select :digest, :anchor, :subject, :certificate, :at
      where (select count(*) from manufacturer_intermediate where anchor = :anchor) < :most
      on conflict (digest) do nothing""";

  private final EntityManager entities;

  TrustPaths(EntityManager entities) {
    this.entities = entities;
  }

  /**
   * An anchor and what it certifies.
   *
   * @param certificates leaf first, without the anchor
   */
  record TrustPath(TrustAnchorRow anchor, List<X509Certificate> certificates) {}

  /** Of two anchors on one chain the one nearer to the device speaks for it. */
  Optional<TrustPath> find(List<X509Certificate> chain, Instant now) {
    List<List<X509Certificate>> tries = new ArrayList<>(List.of(chain));
    for (int next = 0; next < tries.size(); next++) {
      List<X509Certificate> path = tries.get(next);
      Optional<TrustPath> found = nearest(path, now);
      if (found.isPresent()) {
        return found;
      }
      if (path.size() < TrustAnchors.LONGEST_CHAIN) {
        for (X509Certificate issuer : kept(path.getLast())) {
          if (tries.size() < MOST_TRIES && !path.contains(issuer)) {
            List<X509Certificate> longer = new ArrayList<>(path);
            longer.add(issuer);
            tries.add(longer);
          }
        }
      }
    }
    return Optional.empty();
  }

  private Optional<TrustPath> nearest(List<X509Certificate> chain, Instant now) {
    Set<String> issuers = new HashSet<>();
    chain.forEach(link -> issuers.add(name(link.getIssuerX500Principal())));
    return entities
        .createQuery("from TrustAnchorRow where subject in :issuers", TrustAnchorRow.class)
        .setParameter("issuers", issuers)
        .getResultStream()
        .map(anchor -> new TrustPath(
            anchor,
            chain.subList(
                0,
                TrustAnchors.certified(
                    TrustAnchors.parse(Der.of(anchor.certificate)), chain, now))))
        .filter(found -> !found.certificates.isEmpty())
        .min(Comparator.comparingInt(found -> found.certificates.size()));
  }

  private List<X509Certificate> kept(X509Certificate last) {
    return certificates(entities
        .createNativeQuery(
            "select certificate from manufacturer_intermediate where subject = :subject order by kept_at desc",
            byte[].class)
        .setParameter("subject", name(last.getIssuerX500Principal()))
        .setMaxResults(MOST_OF_A_NAME)
        .getResultList());
  }

  /** The kept authorities under an anchor. */
  List<X509Certificate> under(String anchor) {
    return certificates(entities
        .createNativeQuery(
            "select certificate from manufacturer_intermediate where anchor = :anchor",
            byte[].class)
        .setParameter("anchor", anchor)
        .getResultList());
  }

  private static List<X509Certificate> certificates(List<?> found) {
    return found.stream()
        .map(certificate -> TrustAnchors.parse(Der.of((byte[]) certificate)))
        .toList();
  }

  /** Keeps the authorities of a path that may be taken. */
  void keep(Digest anchor, List<X509Certificate> path, Instant now) {
    for (X509Certificate authority : path.subList(1, path.size())) {
      byte[] octets = octets(authority);
      String digest = Digest.of(octets).hex();
      boolean there = entities
              .createNativeQuery("select 1 from manufacturer_intermediate where digest = :digest")
              .setParameter("digest", digest)
              .getSingleResultOrNull()
          != null;
      if (!there) {
        entities
            .createNativeQuery(KEEP)
            .setParameter("digest", digest)
            .setParameter("anchor", anchor.hex())
            .setParameter("subject", name(authority.getSubjectX500Principal()))
            .setParameter("certificate", octets)
            .setParameter("at", now)
            .setParameter("most", MOST_KEPT)
            .executeUpdate();
      }
    }
  }

  static String name(X500Principal name) {
    return name.getName(X500Principal.CANONICAL);
  }

  static byte[] octets(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read cannot be written", e);
    }
  }
}
