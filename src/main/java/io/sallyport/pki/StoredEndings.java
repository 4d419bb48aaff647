package io.sallyport.pki;

import io.sallyport.kernel.Page;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Query;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/** Along the index of ends, from now on. */
@ApplicationScoped
class StoredEndings implements EndingCertificates {
  private static final String IN_FORCE = """
      c.state = 'ISSUED' and c.superseded_at is null and c.not_after > :now and c.subject_kind = 'DEVICE'""";

  private static final String BODY =
      " join certificate_body b on b.credential = c.id and b.ends_on = cast(c.not_after at time zone 'UTC' as date)";

  private static final String ALL = "select c.*, b.tbs, b.ends_on, b.certificate from credential c"
      + BODY + " where " + IN_FORCE + " order by c.not_after limit :most";

  private static final String OF_SITES =
      "select c.*, b.tbs, b.ends_on, b.certificate from credential c" + BODY
          + " join device d on cast(d.id as text) = c.subject_id"
          + " where d.site = any(string_to_array(:sites, ',')) and " + IN_FORCE
          + " order by c.not_after limit :most";

  private final EntityManager entities;
  private final Clock clock;

  StoredEndings(EntityManager entities, Clock clock) {
    this.entities = entities;
    this.clock = clock;
  }

  @Override
  @Transactional
  public List<Credential> soonest(Set<String> sites, int limit) {
    Query query = entities.createNativeQuery(sites.isEmpty() ? ALL : OF_SITES, CredentialRow.class);
    if (!sites.isEmpty()) {
      query.setParameter("sites", String.join(",", sites));
    }
    List<?> rows = query
        .setParameter("now", clock.instant())
        .setParameter("most", Math.clamp(limit, 1, Page.MOST))
        .getResultList();
    return rows.stream().map(row -> ((CredentialRow) row).credential()).toList();
  }
}
