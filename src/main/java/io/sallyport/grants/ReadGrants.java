package io.sallyport.grants;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads grants along the index of their device. */
@ApplicationScoped
class ReadGrants implements GrantHistory {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Instant END = Instant.parse("9999-01-01T00:00:00Z");
  private static final UUID LAST = new UUID(-1, -1);

  private final EntityManager entities;

  ReadGrants(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  @Transactional
  public Page<IssuedGrant> of(UUID device, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    Instant before = END;
    UUID beforeId = LAST;
    if (cursor != null) {
      try {
        int gap = cursor.indexOf('_');
        before = Instant.parse(cursor.substring(0, Math.max(gap, 0)));
        beforeId = UUID.fromString(cursor.substring(gap + 1));
      } catch (DateTimeException | IllegalArgumentException e) {
        throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
      }
    }
    List<IssuedGrant> rows = entities
        .createQuery(
            "from NetworkGrant where device = :device and (expiresAt < :before"
                + " or expiresAt = :before and id < :id) order by expiresAt desc, id desc",
            NetworkGrant.class)
        .setParameter("device", device)
        .setParameter("before", before)
        .setParameter("id", beforeId)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(ReadGrants::issued)
        .toList();
    return Page.cut(rows, most, last -> last.expiresAt() + "_" + last.id());
  }

  private static IssuedGrant issued(NetworkGrant grant) {
    return new IssuedGrant(
        grant.id(),
        grant.thumbprint(),
        flows(grant.flows()),
        grant.issuedAt(),
        grant.expiresAt(),
        grant.policyHash());
  }

  private static List<GrantedFlow> flows(String json) {
    try {
      List<GrantedFlow> flows = new ArrayList<>();
      for (JsonNode detail : JSON.readTree(json)) {
        List<String> ports = new ArrayList<>();
        if (detail.has("port")) {
          ports.add(detail.get("port").asText());
        }
        detail.path("ports").forEach(port -> ports.add(port.asText()));
        flows.add(
            new GrantedFlow(detail.get("peer").asText(), detail.get("protocol").asText(), ports));
      }
      return flows;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the flows of a grant could not be read", e);
    }
  }
}
