package io.sallyport.pki;

import io.sallyport.pki.RenewalPlan.Campaign;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.util.List;

/** The campaigns that hold, from the database. */
@ApplicationScoped
class OpenCampaigns {
  private final EntityManager entities;

  OpenCampaigns(EntityManager entities) {
    this.entities = entities;
  }

  @Transactional
  List<Campaign> read() {
    return entities
        .createQuery(
            "from RenewalCampaignRow where endedAt is null order by startedAt",
            RenewalCampaignRow.class)
        .setMaxResults(RenewalPlan.MOST_CAMPAIGNS)
        .getResultStream()
        .map(RenewalCampaignRow::campaign)
        .toList();
  }
}
