package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Ends an authority, and with it all that stands on it: one act that writes a row for each authority below it and none for
 * what they certified. Whoever asks about a certificate looks at its authority too.
 */
@Singleton
final class AuthorityRevocation {
  private static final Set<RevocationReason> GIVEN = EnumSet.of(
      RevocationReason.UNSPECIFIED,
      RevocationReason.CA_COMPROMISE,
      RevocationReason.AFFILIATION_CHANGED,
      RevocationReason.SUPERSEDED,
      RevocationReason.CESSATION_OF_OPERATION);

  private final EntityManager entities;
  private final Revocations revocations;
  private final SigningGates gates;
  private final Devices devices;
  private final Audit audit;
  private final Clock clock;

  AuthorityRevocation(
      EntityManager entities,
      Revocations revocations,
      SigningGates gates,
      Devices devices,
      Audit audit,
      Clock clock) {
    this.entities = entities;
    this.revocations = revocations;
    this.gates = gates;
    this.devices = devices;
    this.audit = audit;
    this.clock = clock;
  }

  /**
   * Idempotent: the first time and reason stay. Opens its own transactions.
   *
   * @param told whether its issuer has said so already, elsewhere: then nothing stands against it
   */
  void revoke(String name, RevocationReason reason, Actor actor, boolean told) {
    if (!GIVEN.contains(reason)) {
      throw new Refusal(
          PkiProblem.INVALID_REASON,
          "An authority ends by ca-compromise, affiliation-changed, superseded, cessation-of-operation"
              + " or unspecified.");
    }
    List<String> below = QuarkusTransaction.requiringNew().call(() -> {
      AuthorityRow row = row(name);
      if (!told) {
        requireRevocable(row);
      }
      return below(name);
    });
    gates.close(
        below, () -> QuarkusTransaction.requiringNew().call(() -> end(name, reason, actor)));
  }

  private AuthorityRow row(String name) {
    AuthorityRow row = entities.find(AuthorityRow.class, name);
    if (row == null || row.certificate == null) {
      throw new Refusal(PkiProblem.UNKNOWN_AUTHORITY, "No authority \"" + name + "\" is here.");
    }
    return row;
  }

  private void requireRevocable(AuthorityRow row) {
    if (row.issuer.equals(row.name)) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "Nobody certified a root, so nobody can revoke it: revoke each authority under it, then take it"
              + " out of every place that trusts it.");
    }
    if (row.name.equals(Authorities.INTERNAL) && !isSucceeded(row)) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "\"" + row.name
              + "\" certifies this server and its enforcement points, which would be without"
              + " certificates. Make its successor first.");
    }
  }

  private boolean isSucceeded(AuthorityRow row) {
    AuthorityRow successor =
        row.successor == null ? null : entities.find(AuthorityRow.class, row.successor);
    return successor != null && successor.distrustedAt == null;
  }

  /** The authority and all that were certified under it, waiting ones too; by name, as everybody locks them. */
  private List<String> below(String name) {
    List<Object[]> edges = entities
        .createQuery("select name, issuer from AuthorityRow", Object[].class)
        .getResultList();
    Set<String> below = new LinkedHashSet<>(Set.of(name));
    boolean grown = true;
    while (grown) {
      grown = false;
      for (Object[] edge : edges) {
        grown |= below.contains(String.valueOf(edge[1])) && below.add(String.valueOf(edge[0]));
      }
    }
    return below.stream().sorted().toList();
  }

  /**
   * Waits for what is being recorded under these authorities; what comes later finds them ended. One that was certified
   * while this waited is among them, because its issuer is locked before the last look.
   */
  private boolean end(String name, RevocationReason reason, Actor actor) {
    List<String> below = List.of();
    for (List<String> now = below(name); !now.equals(below); now = below(name)) {
      below = now;
      entities
          .createNativeQuery(
              "select name from authority where name = any (cast(:names as text[])) order by name for update")
          .setParameter("names", below.toArray(String[]::new))
          .getResultList();
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    List<AuthorityRow> rows = new ArrayList<>();
    below.forEach(one -> rows.add(entities.find(AuthorityRow.class, one)));
    for (AuthorityRow row : rows) {
      entities.refresh(row);
      boolean itself = row.name.equals(name);
      if (row.distrustedAt == null) {
        row.distrustedAt = now;
        row.distrustReason = reason;
        row.distrustedWith = name;
      } else if (itself && !name.equals(row.distrustedWith)) {
        // It fell with one above it; its own certificate is revoked now as well.
        row.distrustedWith = name;
      } else {
        continue;
      }
      Fact fact = Fact.of("authority.revoked", actor, "authority", row.name)
          .with("reason", reason.name())
          .with("with", name);
      audit.record(itself ? fact.with("issuer", row.issuer) : fact);
    }
    certificates(name).forEach(credential -> {
      revocations.end(credential, reason, actor);
      if (reason == RevocationReason.CA_COMPROMISE) {
        devices.condemnKey(Digest.ofOctets(credential.keyDigest));
      }
    });
    return true;
  }

  private List<CredentialRow> certificates(String name) {
    return entities
        .createQuery(
            "from CredentialRow where subjectKind = :kind and subjectId = :name and state = :issued",
            CredentialRow.class)
        .setParameter("kind", CertificateSubject.Kind.AUTHORITY)
        .setParameter("name", name)
        .setParameter("issued", CredentialState.ISSUED)
        .getResultList();
  }
}
